"""Files that others look at while they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra import files


@pytest.mark.parametrize("before", [None, b"old"])
def test_nobody_sees_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes | None) -> None:
    """While a file is written its place has what was there before, or nothing; then all of it, alone."""
    place = tmp_path / "addresses.json"
    if before is not None:
        place.write_bytes(before)
    seen: list[bytes | None] = []
    write = Path.write_bytes

    def slow(path: Path, content: bytes) -> int:
        for part in (content[:0], content[:2], content):
            write(path, part)
            seen.append(place.read_bytes() if place.exists() else None)
        return len(content)

    monkeypatch.setattr(Path, "write_bytes", slow)
    files.put(place, b"content")
    assert seen == [before] * 3
    assert place.read_bytes() == b"content"
    assert [one.name for one in tmp_path.iterdir()] == ["addresses.json"]
