"""The folder of a stack: private whatever the umask, and of one secret."""

from __future__ import annotations

import pytest

from deploy.errors import BadInputError, UnavailableError
from deploy.stack import folder
from schemas.fingerprint import fingerprint
from schemas.settings import Settings
from streams.runtime.state.secret import NAME
from tests.support.permissions import mode, open_umask  # noqa: F401 - a fixture of every test here


def test_a_new_folder_is_private(tmp_path):
    """It, and all in it that holds personal data, is 0700."""
    folder.prepare(tmp_path / "d")
    assert {mode(place) for place in (tmp_path / "d", *(tmp_path / "d").iterdir())} == {0o700}
    assert {place.name for place in (tmp_path / "d").iterdir()} == {"kafka", "clickhouse", "state", "logs"}


def test_a_folder_of_before_is_tightened(tmp_path):
    """A stack's folder that others may look into is closed; a shared one stays open, around closed ones."""
    for name in ("d", "shared"):
        (tmp_path / name / "kafka").mkdir(parents=True)
        (tmp_path / name / "addresses.json").touch()
    (tmp_path / "shared" / "README").touch()
    folder.prepare(tmp_path / "d")
    folder.prepare(tmp_path / "shared")
    assert (mode(tmp_path / "d"), mode(tmp_path / "shared")) == (0o700, 0o777)
    assert mode(tmp_path / "shared" / "kafka") == 0o700


def test_a_file_in_the_way_is_told(tmp_path):
    """One line that names the option."""
    (tmp_path / "d").touch()
    with pytest.raises(UnavailableError, match="--dir"):
        folder.prepare(tmp_path / "d")


def test_another_secret_than_that_of_a_worker_is_refused(tmp_path):
    """The state of any worker in the folder decides; one of the same secret, or of none yet, is welcome."""
    for name in ("streams-1", "streams-2"):
        (tmp_path / "state" / name).mkdir(parents=True)
    (tmp_path / "state" / "streams-2" / NAME).write_bytes(fingerprint("ours", b"s" * 16))
    folder.same_secret(tmp_path, Settings(secret="ours"))  # noqa: S106 - made up
    with pytest.raises(BadInputError, match=r"streams-2.*another WINBACK_SECRET"):
        folder.same_secret(tmp_path, Settings(secret="theirs"))  # noqa: S106 - made up
