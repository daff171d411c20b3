"""State remembers the secret it was made with, wherever it is restored."""

from __future__ import annotations

import pytest

from schemas.fingerprint import fingerprint, fits
from streams.runtime.errors import SecretError, StateFormatError
from streams.runtime.state import secret
from streams.runtime.state.changelog import ChangelogWriter
from streams.runtime.state.restore import claim, restore
from streams.runtime.state.secret import SecretCheck
from streams.runtime.state.store import MemoryBase
from tests.support.runtime_fakes import FakeProducer, compacted


async def started(producer, epoch, given, folder=None):
    """A worker with a secret takes a partition over, as far as its claim."""
    base, check = MemoryBase(), SecretCheck(given, folder)
    found = await restore(base, producer.log("cl"))
    own = check.claimed(base, "cl partition 0")
    assert await claim(base, ChangelogWriter(producer, "cl", 0, epoch, epoch), found, 0, own)
    check.keep()
    return base, own


async def test_state_from_the_changelog_refuses_another_secret():
    """Rebuilt from nothing but the changelog, even a compacted one, state knows its secret; no claim is written."""
    producer = FakeProducer()
    _, first = await started(producer, 1, "of ours")
    _, second = await started(producer, 2, "of ours")
    assert (len(first), second) == (1, {})
    producer.logs["cl", 0][:] = compacted(producer.logs["cl", 0], 10_000)
    length = len(producer.logs["cl", 0])
    with pytest.raises(SecretError, match="cl partition 0 was made with another WINBACK_SECRET"):
        await started(producer, 3, "of theirs")
    assert len(producer.logs["cl", 0]) == length
    await started(producer, 4, "of ours")


async def test_state_of_an_earlier_version_is_refused_in_one_line():
    """State without a fingerprint is of a version that kept profiles in another form: no claim is written."""
    producer = FakeProducer()
    writer = ChangelogWriter(producer, "cl", 0, 1, 1)
    assert await writer.claim({b"c1": b"1"}, 0, 0)
    length = len(producer.logs["cl", 0])
    with pytest.raises(StateFormatError, match="cl partition 0 was written by an earlier version") as raised:
        await started(producer, 2, "of ours")
    assert "\n" not in str(raised.value)
    assert len(producer.logs["cl", 0]) == length


async def test_new_state_is_given_a_fingerprint():
    """The first claim of a partition writes the fingerprint of the secret that is set."""
    base, own = await started(FakeProducer(), 1, "of ours")
    assert own == {secret.KEY: base.get(secret.KEY)}
    assert fits(own[secret.KEY], "of ours")


async def test_the_folder_refuses_another_secret_at_once(tmp_path):
    """The copy in the state folder is compared before anything is read from a broker."""
    await started(FakeProducer(), 1, "of ours", tmp_path)
    SecretCheck("of ours", tmp_path).folder()
    with pytest.raises(SecretError, match=str(tmp_path)) as raised:
        SecretCheck("of theirs", tmp_path).folder()
    assert "of ours" not in str(raised.value)
    assert "\n" not in str(raised.value)


async def test_all_partitions_of_a_worker_share_a_salt(tmp_path):
    """One slow computation a start is enough, however many partitions there are."""
    _, first = await started(FakeProducer(), 1, "of ours", tmp_path)
    again = SecretCheck("of ours", tmp_path)
    again.folder()
    assert again.claimed(MemoryBase(), "") == first


def test_a_copy_that_cannot_be_read_refuses_nobody(tmp_path):
    """What the changelog says counts; a damaged copy is no reason to stand still."""
    (tmp_path / secret.NAME).write_bytes(b"\x00\xff")
    SecretCheck("of ours", tmp_path).folder()


@pytest.mark.parametrize("text", [b"", b"scrypt$14", b"scrypt$99$" + b"00" * 16 + b"$00", b"md5$14$00$00", b"\xff"])
def test_what_is_no_fingerprint_is_an_error(text):
    """Neither nothing nor a cost that would take a day is computed."""
    with pytest.raises(ValueError, match="not a fingerprint"):
        fits(text, "x")


def test_a_fingerprint_tells_secrets_apart_and_holds_none():
    """It fits its secret to the blank, and no other; two salts give two fingerprints."""
    made = fingerprint("Anna ", b"s" * 16)
    assert fits(made, "Anna ")
    assert not fits(made, "Anna")
    assert b"Anna" not in made
    assert made != fingerprint("Anna ", b"t" * 16)
