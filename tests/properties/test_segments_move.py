"""Segments under other campaigns, and through a split and an erasure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from schemas.identifiers import Hasher, Identifier
from schemas.settings import Settings
from schemas.topics import SEGMENTS_MEMBERSHIP
from streams.campaigns import load
from streams.testing import Topology
from tests.oracle.compare import differences, milliseconds, rows_of
from tests.oracle.outcome import Outcome
from tests.oracle.run import SECRET, run
from tests.oracle.shop import campaigns_file
from tests.oracle.stepping import Steps
from tests.oracle.story import MINUTE, START, minute_of, told
from tests.properties.test_segment_scenarios import BOUGHT, DAY, LATER, ORDER, SEEN, VIEW, WHO, file
from tests.simulation.check import campaigns_of

HASH = Hasher(SECRET)
U1, A1 = HASH("user_id", "u1"), Identifier("anonymous_id", "a1")
NONE = "campaigns: []\n"


def short(row: dict[str, Any]) -> str:
    """A row as `+segment minute reason`, or with `-` for who leaves."""
    return f"{'+' if row['change'] == 'entered' else '-'}{row['segment']} {minute_of(row['at']):g} {row['reason']}"


def switched(old: str, new: str, minute: float, *events: tuple[Any, ...]) -> list[str]:
    """The changes, where the file `new` is applied at a minute; oracle and core agree."""
    return [short(row) for row in applied(old, [new], minute, *events)]


def applied(old: str, files: Sequence[str], minute: float | None, *events: tuple[Any, ...]) -> list[dict[str, Any]]:
    """The rows, where `files` are applied in turn at a minute, or at the end of time; oracle and core agree."""
    return applied_both(old, files, minute, *events).memberships


def applied_both(old: str, files: Sequence[str], minute: float | None, *events: tuple[Any, ...]) -> Outcome:
    """All that comes of it."""
    records = told(*events)
    topology = Topology(Settings(secret=SECRET, partitions=2), load(campaigns_file(old)))
    topology.feed(records)
    if minute is None:
        topology.finish()
    else:
        topology.reach(START + round(minute * MINUTE))
    switches = [(milliseconds(topology.switch(load(campaigns_file(text)))[0]["at"]), text) for text in files]
    topology.finish()
    want = run(records, campaigns=old, switches=switches, partitions=2)
    found = list(differences(want, topology.topics, secret=SECRET))
    assert not found, "\n".join(found)
    return want


def test_new_segments_hold_from_the_switch_on() -> None:
    """What a profile keeps anyway counts at once, with its age; time goes on from there."""
    new = file("{orders: {within: 2d}}", "{first_seen: {younger_than: 3d}}")
    assert switched(NONE, new, 90, BOUGHT, LATER) == [
        "+s0 90 campaigns", "+s1 90 campaigns", f"-s0 {2 * DAY} time", f"-s1 {3 * DAY} time",
    ]  # fmt: skip


def test_segments_that_are_gone_are_left() -> None:
    """At the switch, whatever the others of the file do."""
    old, new = file("{orders: {}}", "{contact: email}"), file("{orders: {}}")
    assert switched(old, new, 90, BOUGHT) == ["+s0 0 event", "+s1 0 event", "-s1 90 campaigns"]
    assert switched(old, NONE, 90, BOUGHT) == ["+s0 0 event", "+s1 0 event", "-s0 90 campaigns", "-s1 90 campaigns"]


@pytest.mark.parametrize("between", [NONE, file("{orders: {at_least: 9}}")])
def test_several_at_one_instant_are_told_apart(between: str) -> None:
    """Rows of three switches count on, also where a file without segments is among them."""
    some = file("{orders: {}}")
    rows = applied(NONE, [some, between, some], 90, BOUGHT)
    assert [short(row) for row in rows] == ["+s0 90 campaigns", "-s0 90 campaigns", "+s0 90 campaigns"]
    assert [row["nth"] for row in rows] == [0, 1, 2]


def test_a_window_and_switches_of_one_instant_are_told_apart() -> None:
    """Rows of a window that has passed count on in those of switches at the same time."""
    some = file("{orders: {within: 90m}}", "{first_seen: {older_than: 90m}}")
    rows = applied(some, [NONE, some], 90, BOUGHT)
    assert [(row["nth"], short(row)) for row in rows if short(row).split()[1] == "90"] == [
        (0, "-s0 90 time"), (1, "+s1 90 time"), (2, "-s1 90 campaigns"), (3, "+s1 90 campaigns"),
    ]  # fmt: skip


@pytest.mark.parametrize("files", [[file("{contact: email}")], [NONE], [NONE, file("{contact: email}")]])
def test_a_switch_at_the_end_of_time_changes_nothing(files: list[str]) -> None:
    """Behind it is no time in which other campaigns could hold: nobody enters, nobody leaves."""
    lapsed = "campaigns: [{id: c, trigger: {on: lapsed, after: 10d}, steps: [{id: a, channel: email, template: all}]}]"
    files = [*files[:-1], files[-1].replace(NONE, lapsed)]
    rows = applied(file("{orders: {}}"), files, None, BOUGHT)
    assert [short(row) for row in rows] == ["+s0 0 event"]


def test_what_nobody_has_asked_for_counts_from_the_switch_on() -> None:
    """A view of before was not counted, one after it is. Who enters by a switch sets nothing off."""
    more = """campaigns:
  - id: hello
    trigger: {on: segment_entered, segment: s1}
    steps: [{id: a, channel: email, template: all}]
"""
    new = file("{viewed: {product: p1, at_least: 2}}", "{contact: email}", more=more)
    views = [(minute, "web", WHO, "Product Viewed", VIEW) for minute in (0, 200, 300)]
    assert switched(NONE, new, 100, *views) == ["+s1 100 campaigns", "+s0 300 event"]


def stepped(kind: str, campaigns: str, before: list[tuple[Any, ...]], after: list[tuple[Any, ...]]) -> Steps:
    """The core, where a split or an erasure of the visitor a1 is asked for at minute 60."""
    steps = Steps(campaigns_of(campaigns))
    records = told(*before, *after)
    steps.take(records[: len(before)])
    steps.upto(60)
    assert steps.ask(kind, A1, 60)
    steps.take(records[len(before) :])
    steps.end()
    return steps


def test_a_split_asks_both_sides() -> None:
    """The order goes with who placed it: one side leaves and the other enters, at the time of the cut."""
    known = [(1, "web", "u1 a1", "identify"), (2, "web", "a1", "Order Completed", {**ORDER, "order_id": "x"})]
    rule = "{all: [{orders: {}}, {first_seen: {younger_than: 2d}}]}"
    steps = stepped("split", file(rule), [(0, "web", "u1", "page"), *known], [(70, "web", "a1", "page")])
    rows = rows_of(steps.topics, SEGMENTS_MEMBERSHIP)
    assert [short(row) for row in rows if row["profile_id"] == U1] == ["+s0 2 event", "-s0 60 split"]
    others = [row for row in rows if row["profile_id"] != U1]
    assert [short(row) for row in others] == ["+s0 60 split", f"-s0 {2 * DAY} time"]
    assert len({row["profile_id"] for row in others}) == 1


def test_who_is_erased_is_in_no_segment() -> None:
    """A tombstone takes back the rows; nothing is written of her later, and whoever comes then is somebody else."""
    before = [(0, "web", "u1 a1", "identify"), (1, "web", "a1", "page")]
    steps = stepped("erase", file("{seen_on: {channel: web, within: 1d}}"), before, [(70, "web", "u1", "page")])
    mine = [record.value for record in steps.topics[SEGMENTS_MEMBERSHIP] if record.key == U1.encode()]
    assert len(mine) > 1
    assert mine[-1] is None
    others = [row for row in rows_of(steps.topics, SEGMENTS_MEMBERSHIP) if row["profile_id"] != U1]
    assert [short(row) for row in others] == ["+s0 70 event", f"-s0 {DAY + 70} time"]


def test_the_partitions_make_no_difference() -> None:
    """The same rows from one partition and from five."""
    records = told(BOUGHT, SEEN, LATER, (5, "web", "a1", "page"), (9, "web", "a1 u1", "identify"))
    text = file("{orders: {within: 2d}}", "{known: false}", "{seen_on: {channel: web, within: 1d}}")
    found = []
    for partitions in (1, 5):
        topology = Topology(Settings(secret=SECRET, clock="event", partitions=partitions), load(campaigns_file(text)))
        topology.feed(records)
        topology.finish()
        found.append(sorted(str(row) for row in rows_of(topology.topics, SEGMENTS_MEMBERSHIP)))
    assert found[0] == found[1]
    assert len(found[0]) > 4
