"""The answers to a split or an erasure: who has to answer, what counts, what does not."""

from __future__ import annotations

import orjson

from deploy.operate.person.requests import Answers

P, Q = "a" * 32, "b" * 32


def receipt(**given):
    """A receipt's bytes."""
    return orjson.dumps({"k": "receipt", "request": "r1", **given})


def identify(**given):
    """The receipt of identify, for two profiles unless told otherwise."""
    fixed = {"agent": "identify", "found": True, "profiles": [P, Q], "identifiers": 3, "edges": 2, "refused": 1}
    return receipt(**{**fixed, **given})


def journey(profile, **removed):
    """The receipt of a profile's journey."""
    return receipt(agent="journey", profile=profile, removed=removed)


def test_every_profile_that_identify_names_has_to_answer():
    """Identify first; then each profile it told; then nobody."""
    answers = Answers("r1")
    assert answers.waiting == ["identify"]
    answers.take(identify())
    assert answers.waiting == [f"profile {P}", f"profile {Q}"]
    answers.take(journey(Q, state=1, pending=2))
    assert answers.waiting == [f"profile {P}"]
    answers.take(journey(P, state=1, pending=5, marks=1))
    assert answers.waiting == []
    assert answers.removed() == {"state": 2, "pending": 7, "marks": 1}
    assert answers.found


def test_answers_may_come_in_any_order_and_twice():
    """A journey's answer before identify's counts, and a repeat after a crash counts once."""
    answers = Answers("r1")
    for value in (journey(P, state=1), identify(profiles=[P]), journey(P, state=1), identify(profiles=[P])):
        answers.take(value)
    assert answers.waiting == []
    assert answers.removed() == {"state": 1}


def test_other_records_are_passed_over():
    """Links, requests, receipts of other requests, tombstones and broken bytes of others leave it waiting."""
    answers = Answers("r1")
    other = orjson.dumps({"k": "receipt", "request": "r2", "agent": "identify", "found": True, "profiles": []})
    for value in (None, b"", b'{"k":"links"}', orjson.dumps({"k": "erase", "request": "r1"}), other):
        answers.take(value)
    assert answers.waiting == ["identify"]
    assert not answers.found


def test_nothing_found():
    """Identify knows nothing, and the journey of the bare hash had nothing: nothing is found. Had it, it would be."""
    answers = Answers("r1")
    answers.take(identify(found=False, profiles=[P]))
    answers.take(journey(P, state=0, pending=0))
    assert not answers.found
    stranger = Answers("r1")
    stranger.take(identify(found=False, profiles=[P]))
    stranger.take(journey(P, state=1))
    assert stranger.found
