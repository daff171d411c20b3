"""Folders with personal data are their owner's alone, whatever the umask."""

from __future__ import annotations

import pytest

from infra.folders import private
from streams.runtime.state.rocks import RocksBase
from tests.support.permissions import mode, open_umask  # noqa: F401 - a fixture of every test here


def test_every_folder_on_the_way_is_made_private(tmp_path):
    """Folders that are missing are made 0700, also those above; what was there before is left alone."""
    tmp_path.chmod(0o755)
    private(tmp_path / "a" / "b")
    assert [mode(tmp_path / "a"), mode(tmp_path / "a" / "b"), mode(tmp_path)] == [0o700, 0o700, 0o755]


def test_a_looser_folder_of_ours_is_tightened(tmp_path):
    """A folder that others may read is made private; one that is shared with other things is not."""
    for name in ("ours", "shared"):
        (tmp_path / name / "journey").mkdir(parents=True)
    (tmp_path / "shared" / "photos").mkdir()
    private(tmp_path / "ours", ours=["journey"])
    private(tmp_path / "shared", ours=["journey"])
    assert (mode(tmp_path / "ours"), mode(tmp_path / "shared")) == (0o700, 0o777)


def test_a_file_in_the_way_is_an_error(tmp_path):
    """A file where the folder should be is not taken for one."""
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        private(tmp_path / "file")


def test_state_is_private_from_the_top(tmp_path):
    """State that is made, or found looser, lies in folders of 0700 from the state folder down."""
    top = tmp_path / "state"
    RocksBase(top / "journey" / "0").close()
    places = [top, top / "journey", top / "journey" / "0"]
    assert [mode(place) for place in places] == [0o700] * 3
    for place in places[1:]:
        place.chmod(0o755)
    RocksBase(top / "journey" / "0").close()
    assert [mode(place) for place in places] == [0o700] * 3
