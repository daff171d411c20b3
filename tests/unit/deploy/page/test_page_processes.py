"""Which processes the page shows."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from deploy.errors import BadInputError
from deploy.page.processes import Process, finder, of_stack, parsed

TOLD = {
    "Kafka": "127.0.0.1:9092", "page": "http://127.0.0.1:8088/", "streams-1 metrics": "http://127.0.0.1:9464/metrics",
    "sinks metrics": "http://127.0.0.1:9465/metrics", "group": "winback",
}  # fmt: skip


def test_a_stack_tells_its_processes(tmp_path: Path) -> None:
    """Names and addresses come from addresses.json, restarts from the supervisor's files; some have no metrics."""
    (tmp_path / "addresses.json").write_bytes(orjson.dumps(TOLD))
    (tmp_path / "logs").mkdir()
    for name, restarts in (("sinks", 3), ("kafka", 1), ("page", 0)):
        (tmp_path / "logs" / f"{name}.restarts").write_text(f"{restarts}\n")
    (tmp_path / "logs" / "page.pid").write_text("7\n")
    wanted = [
        Process("streams-1", "127.0.0.1:9464", None), Process("sinks", "127.0.0.1:9465", 3),
        Process("kafka", "", 1, runs=False), Process("page", "", 0, runs=True),
    ]  # fmt: skip
    assert finder("", tmp_path)() == wanted


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{", b"\xff"])
def test_a_folder_without_a_stack_has_none(tmp_path: Path, content: bytes | None) -> None:
    """No file, or one that is no JSON object: no process."""
    if content is not None:
        (tmp_path / "addresses.json").write_bytes(content)
    assert of_stack(tmp_path) == []


def test_the_setting_names_processes_of_other_machines(tmp_path: Path) -> None:
    """The setting comes before the folder."""
    found = finder("streams=10.0.0.1:9464, sinks=[::1]:9465", tmp_path)()
    assert found == [Process("streams", "10.0.0.1:9464"), Process("sinks", "[::1]:9465")]


@pytest.mark.parametrize("text", ["streams", "=10.0.0.1:1", "a=host", "a=1.2.3.4:1 a=1.2.3.4:2"])
def test_a_setting_that_cannot_be_read_is_refused(text: str) -> None:
    """The message names the setting."""
    with pytest.raises(BadInputError, match="WINBACK_PAGE_PROCESSES"):
        parsed(text)
