"""Tests whose stack brings its own broker."""

from __future__ import annotations

import pytest


@pytest.fixture
def own_broker(request):
    """Skips with --broker=kafka, which would do the same once more."""
    if request.config.getoption("--broker") != "embedded":
        pytest.skip("the stack brings its own broker")
