"""Values that identify nobody, as userId, anonymousId and previousId: they join no two people, and move no device."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from schemas.identifiers import Hasher
from schemas.record import Record
from tests.oracle.core import agreed
from tests.oracle.outcome import Outcome
from tests.oracle.run import SECRET
from tests.oracle.story import MINUTE, START, clusters, rules

HASH = Hasher(SECRET)
WORDS = (
    "", "null", "undefined", "none", "nil", "nan", "anonymous", "guest", "distinctid", "distinct_id", "id", "email",
    "not_authenticated", "true", "false", "unknown", "[object object]", "-1", "0", "00", "-", "0-0",
    "00000000-0000-0000-0000-000000000000",
)  # fmt: skip
DRESSES = ("{}", " {}\t", "'{}'", '"{}"', "` {} `")
SPELLINGS = tuple(
    dict.fromkeys(
        dress.format(cased) for word in WORDS for cased in (word, word.upper(), word.title()) for dress in DRESSES
    )
)
OTHERS: tuple[Any, ...] = (None, True, False, 0, -1, 0.0, [], {}, ["u1"], {"id": "u1"}, "x" * 1025, "\n\t ")
"""Not words at all, and one that is too long."""
BLOCKED: tuple[Any, ...] = (*SPELLINGS, *OTHERS)


def said(*messages: dict[str, Any]) -> Outcome:
    """What these messages come to, a minute apart on one source; oracle and core agree."""
    return agreed(
        [
            Record(
                "channels.web", 0, n, START + 10**10, None, orjson.dumps({"timestamp": START + n * MINUTE, **message})
            )
            for n, message in enumerate(messages)
        ]
    )


def owners(outcome: Outcome) -> list[str]:
    """The profile of each event in order."""
    return [row[0] for row in outcome.stitched]


def test_there_are_hundreds() -> None:
    """Every word of the list, in three spellings and five dresses."""
    assert len(BLOCKED) > 250


def test_as_user_id() -> None:
    """Two visitors whose site calls both by the same placeholder stay two, and their events stay theirs."""
    messages = [
        {"type": "identify", "userId": value, "anonymousId": f"{side}{n}"}
        for n, value in enumerate(BLOCKED)
        for side in ("left", "right")
    ]
    outcome = said(*messages)
    assert outcome.merges == []
    assert owners(outcome) == [HASH("anonymous_id", m["anonymousId"]) for m in messages]


def test_as_anonymous_id() -> None:
    """Two users whose browsers both say the placeholder stay two, and no device moves from one to the other."""
    messages = [
        {"type": "identify", "userId": f"{side}{n}", "anonymousId": value}
        for n, value in enumerate(BLOCKED)
        for side in ("left", "right")
    ]
    outcome = said(*messages)
    assert outcome.merges == []
    assert owners(outcome) == [HASH("user_id", m["userId"]) for m in messages]


def test_as_previous_id() -> None:
    """Aliases of two users from one placeholder join nothing."""
    messages = [
        {"type": "alias", "userId": f"{side}{n}", "previousId": value}
        for n, value in enumerate(BLOCKED)
        for side in ("left", "right")
    ]
    outcome = said(*messages)
    assert outcome.merges == []
    assert owners(outcome) == [HASH("user_id", m["userId"]) for m in messages]


def test_alone() -> None:
    """An event that names nobody else is a dead letter; an order counts all the same, as a customer of its own."""
    pages = [{"type": "page", "userId": value, "anonymousId": value} for value in BLOCKED]
    orders = [
        {"type": "track", "event": "Order Completed", "userId": value, "properties": {"order_id": f"o{n}"}}
        for n, value in enumerate(BLOCKED)
    ]
    outcome = said(*pages, *orders)
    assert outcome.dead_reasons() == {"no_identifier": len(BLOCKED)}
    assert [row["profile_id"] for row in outcome.conversions] == [
        HASH("order_id", f"o{n}") for n in range(len(BLOCKED))
    ]


@pytest.mark.parametrize("value", ["nobody", "0x0", "-2", "1-0", "nullable", "'u-42'", "y" * 1024])
def test_what_only_looks_like_one_counts(value: str) -> None:
    """A value that is not on the list does join, in each of the three places."""
    user = said(*({"type": "identify", "userId": value, "anonymousId": a} for a in ("a1", "a2")))
    assert len(clusters(user)) == 1
    device = said(*({"type": "identify", "userId": u, "anonymousId": value} for u in ("u1", "u2")))
    assert rules(device) == ["merged link", "user_limit device_reassigned"]
    previous = said(*({"type": "alias", "userId": u, "previousId": value} for u in ("u1", "u2")))
    assert len(clusters(previous)) == 1
