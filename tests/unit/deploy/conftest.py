"""A shop with Anna's story, and commands over it in this process."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from deploy.cli import main as cli
from tests.support.anna import SECRET, STORY, Shop


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The shop with Anna's story, for tests that only read."""
    shop = Shop(tmp_path_factory.mktemp("clickhouse"))
    shop(**STORY)
    return shop


@pytest.fixture
def winback(capfd, monkeypatch):
    """A command over a shop, in this process."""
    for name in [name for name in os.environ if name.startswith("WINBACK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WINBACK_SECRET", SECRET)

    def run(shop, *arguments):
        monkeypatch.setenv("WINBACK_CLICKHOUSE", shop.dsn)
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        told = capfd.readouterr()
        return SimpleNamespace(returncode=ended.value.code, stdout=told.out, stderr=told.err)

    return run
