"""The replica's contents: which profile an identifier is of, under assignments that may come twice."""

from __future__ import annotations

import orjson

from streams.runtime.state.replica import Owners


def assignment(profile_id: str, version: int) -> bytes:
    """The value of an assignment."""
    return orjson.dumps({"identifier_type": "user_id", "profile_id": profile_id, "version": version})


def test_a_repeated_assignment_is_no_news():
    """What `version` says is known stays known while a restarted identify repeats what came before it."""
    owners = Owners()
    block = [(b"i", assignment("p1", 5)), (b"j", assignment("p1", 6)), (b"i", assignment("p2", 7))]
    for key, value in block:
        owners.apply(key, value)
    for key, value in block:
        owners.apply(key, value)
        assert (owners.of["i"], owners.version) == ("p2", 7)


def test_a_compacted_log_may_hold_an_older_version_behind_a_younger_one():
    """Of another identifier that is news all the same."""
    owners = Owners()
    owners.apply(b"k", assignment("p", 7))
    owners.apply(b"i", assignment("q", 5))
    assert (owners.of, owners.version) == ({"k": "p", "i": "q"}, 7)


def test_a_forgotten_identifier_is_forgotten():
    """A record without a value takes it out; one without a key says nothing."""
    owners = Owners()
    owners.apply(b"i", assignment("p", 1))
    owners.apply(b"i", None)
    owners.apply(None, b"?")
    assert owners.of == {}
