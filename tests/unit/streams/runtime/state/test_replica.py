"""The replica of the assignments."""

from __future__ import annotations

from time import process_time

import orjson

from streams.runtime.state.owners import Owners


def assignment(profile_id: str, version: int) -> bytes:
    """The value of an assignment."""
    return orjson.dumps({"identifier_type": "email", "profile_id": profile_id, "version": version, "linked_at": "x"})


def test_the_latest_assignment_counts_and_a_forgotten_identifier_is_gone():
    """Assignments overwrite, tombstones forget, the version is the youngest applied."""
    owners = Owners()
    owners.apply(b"a", assignment("p", 1))
    owners.apply(b"b", assignment("p", 2))
    owners.apply(b"a", assignment("q", 3))
    owners.apply(b"b", None)
    owners.apply(None, b"")
    assert (owners.of, owners.version) == ({"a": "q"}, 3)


def test_a_repeated_older_assignment_is_no_news():
    """What identify sends again after a restart never shows an older owner while a younger version is claimed."""
    owners = Owners()
    owners.apply(b"a", assignment("p", 1))
    owners.apply(b"a", assignment("q", 2))
    owners.apply(b"a", assignment("p", 1))
    assert (owners.of, owners.version) == ({"a": "q"}, 2)


def test_a_repetition_is_known_for_long_enough():
    """A version is remembered until at least as many other identifiers were assigned as are said to be."""
    owners = Owners(recent=10)
    owners.apply(b"a", assignment("q", 100))
    for n in range(10):
        owners.apply(b"%d" % n, assignment("p", 101 + n))
    owners.apply(b"a", assignment("p", 99))
    assert owners.of["a"] == "q"


def test_a_million_would_load_in_seconds():
    """The cost of an assignment does not grow with how many there are: 300,000 in well under the 3 s this allows."""
    values = [(b"%032x" % n, assignment("%032x" % (n // 3), n + 1)) for n in range(300_000)]
    owners, began = Owners(), process_time()
    for key, value in values:
        owners.apply(key, value)
    assert process_time() - began < 3.0
    assert len(owners.of) == 300_000
