"""The folder of a real stack: nobody else may look into it, and it is of one secret."""

from __future__ import annotations

import os
import stat

from tests.integration.test_once import STORY
from tests.support.stack import winback, write


def test_a_stacks_folder_is_private_and_refuses_another_secret(tmp_path):
    """Under a umask of 0 its folders are 0700; another secret is one line, before anything starts."""
    place = tmp_path / "stack"
    before = os.umask(0)
    try:
        ran = winback("once", write(tmp_path / "in.jsonl", STORY), "--dir", place, WINBACK_SECRET="ours")  # noqa: S106
    finally:
        os.umask(before)
    assert ran.returncode == 0, ran.stderr
    folders = [place, *(place / name for name in ("kafka", "clickhouse", "state", "logs")), place / "state/streams-1"]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    logs = {log: log.stat().st_size for log in (place / "logs").glob("*.log")}
    again = winback("once", tmp_path / "in.jsonl", "--dir", place, WINBACK_SECRET="theirs")  # noqa: S106
    assert again.returncode == 2
    [line] = again.stderr.splitlines()
    assert "state/streams-1" in line
    assert "made with another WINBACK_SECRET" in line
    assert {log: log.stat().st_size for log in (place / "logs").glob("*.log")} == logs
