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


def test_a_private_file_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is so while it is written, too."""
    modes: list[int] = []
    write = Path.write_bytes

    def seen(path: Path, content: bytes) -> int:
        modes.append(path.stat().st_mode & 0o777)
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", seen)
    files.put(tmp_path / "secret", b"1", private=True)
    assert [*modes, (tmp_path / "secret").stat().st_mode & 0o777] == [0o600, 0o600]


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """A folder stands in its place: an error, and the folder holds what it held."""
    (tmp_path / "page" / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="page"):
        files.put(tmp_path / "page", b"1")
    assert [one.name for one in tmp_path.iterdir()] == ["page"]
