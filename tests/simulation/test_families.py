"""What a decision has to know of those that a profile was made of, told from what it may not have known."""

from __future__ import annotations

from typing import Any

import orjson

from schemas.record import Record
from schemas.topics import PROFILE_EVENTS
from streams.core.protocol.order_key import bound
from tests.oracle.compare import milliseconds
from tests.simulation.families import NEVER, Families, Part, made_by_splits

Row = dict[str, Any]


def at(minute: int) -> str:
    """A time of the morning."""
    return f"2024-03-30T10:{minute:02}:00.000Z"


def ms(minute: int) -> int:
    """The same in epoch milliseconds."""
    return milliseconds(at(minute))


def joined(version: int, one: str, into: str, minute: int) -> Row:
    """One became part of another by a link."""
    source = {"topic": "channels.web", "partition": 0, "offset": version}
    return divided(version, one, into, minute) | {"reason": "link", "source": source}


def divided(version: int, one: str, into: str, minute: int) -> Row:
    """One was divided, its identifier h went to another."""
    row = {"version": version, "merged_profile_id": one, "into_profile_id": into, "merged_at": at(minute)}
    return row | {"reason": "split", "identifiers": ["h"]}


def families(*rows: Row, late: tuple[int, ...] = (), told: tuple[Row, ...] = ()) -> Families:
    """Families of these rows. `late`: the versions of late links. `told`: the records of profile.events."""
    links = {("channels.web", 0, row["version"]): row["version"] in late for row in rows}
    log = [Record(PROFILE_EVENTS, 0, nth, 0, None, orjson.dumps(one)) for nth, one in enumerate(told)]
    return Families(rows, links, made_by_splits(log))


def passed(minute: int) -> Row:
    """Everything of before has taken effect."""
    return {"k": "round", "bound": bound(ms(minute)).hex()}


def told_of(one: str, into: str, *, fresh: bool) -> Row:
    """A split, as the profile's partition is told."""
    return {"k": "divide", "from": one, "to": into, "state": fresh}


def test_a_merge_before_a_decision_is_known_whole_and_a_later_one_not_at_all() -> None:
    """At the same millisecond it may be known."""
    found = families(joined(1, "a", "p", 5), joined(2, "b", "p", 6), joined(3, "c", "p", 7)).of("p", ms(6))
    assert found == {"p": Part(NEVER, NEVER), "a": Part(NEVER, NEVER), "b": Part(0, NEVER)}


def test_a_late_link_joins_all_that_has_joined_since_its_time() -> None:
    """By their times the parts would not be there yet; a decision from before the link came knew none of them."""
    found = families(joined(1, "a", "b", 30), joined(2, "b", "p", 10), late=(2,)).of("p", ms(40))
    assert found == {"p": Part(NEVER, NEVER), "b": Part(0, NEVER), "a": Part(0, NEVER)}


def test_merges_of_one_event_are_all_known() -> None:
    """They are of one millisecond, their versions tell their order."""
    found = families(joined(1, "a", "b", 10), joined(2, "b", "p", 10)).certain("p", ms(11))
    assert found == {"a", "b", "p"}


def test_what_joined_after_its_profile_had_gone_elsewhere_is_no_part() -> None:
    """Its version is younger than that of the merge."""
    found = families(joined(1, "b", "p", 10), joined(2, "a", "b", 11)).of("p", ms(20))
    assert set(found) == {"p", "b"}


def test_a_new_profile_knows_what_had_taken_effect_when_it_was_made() -> None:
    """Time had come to minute 20, the request named minute 30; b may have been on its way from another partition."""
    told = (passed(20), told_of("p", "q", fresh=True), passed(25))
    found = families(joined(1, "a", "p", 10), joined(2, "b", "p", 20), divided(3, "p", "q", 30), told=told)
    assert found.of("q", ms(25)) == {
        "q": Part(NEVER, NEVER), "p": Part(ms(20), ms(30)), "a": Part(ms(20), ms(30)), "b": Part(0, ms(30)),
    }  # fmt: skip


def test_a_profile_that_was_there_before_a_split_need_not_know_anything_of_the_other() -> None:
    """Nothing goes there but what comes from now on."""
    told = (passed(20), told_of("p", "q", fresh=False))
    assert families(divided(2, "p", "q", 30), told=told).of("q", ms(40))["p"] == Part(0, ms(30))


def test_a_merge_by_a_request_may_be_known_at_any_time() -> None:
    """It takes place where the sources are, and its row names no event."""
    row = divided(1, "a", "p", 30) | {"reason": "link"}
    assert families(row).of("p", ms(20)) == {"p": Part(NEVER, NEVER), "a": Part(0, NEVER)}


def test_a_former_id_that_stands_for_another_profile_is_known_up_to_then_at_most() -> None:
    """What is written under it later is of what has merged under it before."""
    row = divided(2, "a", "q", 30) | {"reason": "split_history"}
    found = families(joined(1, "a", "p", 10), row)
    assert found.of("q", ms(40))["a"] == Part(0, ms(30))
    assert found.last("a") == "p"
