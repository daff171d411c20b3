"""Whose an old event is once an identifier was cut off: by the head it was counted under and by its time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.settings import Settings
from sinks.clickhouse.load import load
from tests.support import sink_rows as make

Rows = Callable[[str], list[tuple[Any, ...]]]
HASHER = Hasher(Settings().secret.get_secret_value())
P, Q, R, L = (make.hexed(name) for name in "PQRL")
TABLET, PHONE, NOBODY = HASHER("anonymous_id", "tablet"), HASHER("anonymous_id", "phone"), ""
NOON, HOUR = make.NOON, make.HOUR
OWNERS = "SELECT message_id, current_id FROM current_events"


def seen(profile: str, head: str, at: int = NOON) -> Record:
    """An event of a browser, named after where it was written, its head and its hour."""
    named = {TABLET: "tablet", PHONE: "phone"}
    message = f"{'PQRL'[[P, Q, R, L].index(profile)]} {named.get(head, 'nobody')} {(at - NOON) // HOUR}"
    identifiers = [{"type": "anonymous_id", "value": named[head]}] if head else []
    return make.event(profile, "Product Viewed", at, message_id=message, identifiers=identifiers)


HISTORIES: dict[str, tuple[list[Record], dict[str, str]]] = {
    "what a cut identifier did goes with it, what others did stays": (
        [seen(P, TABLET), seen(P, PHONE), make.split(P, Q, [TABLET], NOON + HOUR, 5)],
        {"P tablet 0": Q, "P phone 0": P},
    ),
    "also what was written under a profile that had been merged into it": (
        [seen(L, TABLET), seen(L, PHONE), make.merge(L, P, NOON, 2), make.split(P, Q, [TABLET], NOON + HOUR, 5)],
        {"L tablet 0": Q, "L phone 0": P},
    ),
    "a merged profile that goes elsewhere leaves what others of it did": (
        [seen(L, TABLET), seen(L, PHONE), seen(L, NOBODY), make.merge(L, P, NOON, 2),
         make.split(P, Q, [TABLET], NOON + HOUR, 5), make.split(L, Q, [], NOON + HOUR, 6, history=True)],
        {"L tablet 0": Q, "L phone 0": P, "L nobody 0": Q},
    ),
    "what came after the split stays where it was written": (
        [seen(P, TABLET), seen(P, TABLET, NOON + 2 * HOUR), make.split(P, Q, [TABLET], NOON + HOUR, 5)],
        {"P tablet 0": Q, "P tablet 2": P},
    ),
    "a profile merged in later brings its own heads with it": (
        [seen(L, TABLET), seen(P, TABLET), make.split(P, Q, [TABLET], NOON + HOUR, 5),
         make.merge(L, P, NOON + HOUR, 8)],
        {"L tablet 0": P, "P tablet 0": Q},
    ),
    "a cut-off part that merges on": (
        [seen(P, TABLET), make.split(P, Q, [TABLET], NOON + HOUR, 5), make.merge(Q, R, NOON + HOUR, 8)],
        {"P tablet 0": R},
    ),
    "a cut-off part that comes back": (
        [seen(P, TABLET), make.split(P, Q, [TABLET], NOON + HOUR, 5), make.merge(Q, P, NOON + HOUR, 8)],
        {"P tablet 0": P},
    ),
    "and is cut off again, as another": (
        [seen(P, TABLET), make.split(P, Q, [TABLET], NOON + HOUR, 5), make.merge(Q, P, NOON + HOUR, 8),
         make.split(P, R, [TABLET], NOON + 2 * HOUR, 9)],
        {"P tablet 0": R},
    ),
    "split in two steps": (
        [seen(P, TABLET), seen(P, PHONE), make.split(P, Q, [TABLET, PHONE], NOON + HOUR, 5),
         make.split(Q, R, [PHONE], NOON + HOUR, 8)],
        {"P tablet 0": Q, "P phone 0": R},
    ),
    "two parts at once, twice to the same profile": (
        [seen(P, TABLET), seen(P, PHONE), make.split(P, R, [TABLET], NOON + HOUR, 5),
         make.split(P, R, [PHONE], NOON + HOUR, 8)],
        {"P tablet 0": R, "P phone 0": R},
    ),
    "an erased profile leads nowhere": (
        [seen(P, TABLET), make.merge(L, P, NOON, 2), make.erasure(R, NOON, 5), make.erasure(Q, NOON, 6)],
        {"P tablet 0": P},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HISTORIES)
def test_owner_of_old_events(client: Any, rows: Rows, name: str) -> None:
    """Each event of a history is with the profile that its rows say, whatever order they came in."""
    history, owners = HISTORIES[name]
    load(client, history)
    assert dict(rows(OWNERS)) == owners
    client.command("TRUNCATE TABLE profile_merges")
    load(client, history[::-1])
    assert dict(rows(OWNERS)) == owners


def test_what_knows_no_head_follows_its_profile(client: Any, rows: Rows) -> None:
    """Orders and carts have no head: those of a merged profile go where its first identifier went, others stay."""
    load(client, [
        make.conversion(L, "o1", 5), make.conversion(P, "o2", 5), make.transition(L, "c1", "none>open", NOON),
        make.merge(L, P, NOON, 2), make.merge(R, L, NOON, 1), make.conversion(R, "o3", 5),
        make.split(P, Q, [TABLET], NOON + HOUR, 5), make.split(L, Q, [], NOON + HOUR, 6, history=True),
    ])  # fmt: skip
    assert dict(rows("SELECT order_id, current_id FROM current_conversions")) == {"o1": Q, "o2": P, "o3": Q}
    assert rows("SELECT cart_id, current_id, fate FROM carts") == [("c1", Q, "open")]
    assert dict(rows("SELECT * FROM current_profiles")) == {L: Q, R: Q}


def test_a_split_and_an_erasure_are_no_merges(client: Any, rows: Rows) -> None:
    """Neither joins two profiles: nobody is counted as part of another by them."""
    load(client, [make.split(P, Q, [TABLET]), make.erasure(R, version=2)])
    assert rows("SELECT count() FROM current_profiles") == [(0,)]
    assert rows("SELECT count() FROM merge_paths") == [(0,)]
