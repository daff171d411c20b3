"""Where `winback page` and `winback up` serve the page, and what they refuse."""

from __future__ import annotations

import socket

import pytest

from deploy import ports
from deploy.cli.commands import up
from deploy.cli.main import main
from deploy.errors import BadInputError, UnavailableError
from schemas.settings import Settings


@pytest.fixture
def taken() -> object:
    """A port of this machine that something listens on."""
    with socket.socket() as busy:
        busy.bind((ports.HOST, 0))
        busy.listen()
        yield busy.getsockname()[1]


def test_up_serves_the_page_where_the_setting_says() -> None:
    """The address of the setting, or none where it is empty."""
    [port] = ports.free(1)
    assert up._page(Settings(page=f"127.0.0.1:{port}")) == f"127.0.0.1:{port}"
    assert up._page(Settings(page="")) == ""


def test_a_default_that_is_taken_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another stack may have the default port: then a free one is taken; one that was chosen is a must."""
    monkeypatch.delenv("WINBACK_PAGE", raising=False)
    monkeypatch.setattr(ports, "answers", lambda _: True)
    host, _, port = up._page(Settings()).rpartition(":")
    assert host == ports.HOST
    assert int(port) != 8088


def test_a_port_that_was_chosen_and_is_taken_is_refused(taken: int) -> None:
    """The message names the setting."""
    with pytest.raises(UnavailableError, match="WINBACK_PAGE"):
        up._page(Settings(page=f"127.0.0.1:{taken}"))


def test_up_refuses_a_page_that_others_reach_without_a_password() -> None:
    """Before anything is started."""
    with pytest.raises(BadInputError, match="set WINBACK_HTTP_PASSWORD"):
        up._page(Settings(page="0.0.0.0:8088"))


@pytest.mark.parametrize(("setting", "value", "told"), [
    ("WINBACK_PAGE", "", "WINBACK_PAGE is empty"), ("WINBACK_PAGE", "8088", "an address is host:port"),
    ("WINBACK_PAGE", "0.0.0.0:8088", "set WINBACK_HTTP_PASSWORD"),
    ("WINBACK_PAGE_PROCESSES", "streams", "is not name=host:port"),
    ("WINBACK_CLICKHOUSE", "chdb:///tmp/x", "through the sinks that have it open"),
])  # fmt: skip
def test_settings_that_cannot_be_used_are_told_in_one_line(
    setting: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and what to do."""
    monkeypatch.setenv(setting, value)
    with pytest.raises(SystemExit) as ended:
        main(["page"])
    assert ended.value.code == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    assert told in line
