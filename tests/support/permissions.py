"""Permissions of files and folders: under a umask that hides no mistake."""

from __future__ import annotations

import os
import stat

import pytest


@pytest.fixture(autouse=True)
def open_umask():
    """A umask that keeps nobody out, in every test of a module that imports this."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path):
    """Its permission bits."""
    return stat.S_IMODE(path.stat().st_mode)
