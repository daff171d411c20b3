"""The squash job: every answer is the same before it, between any two of its statements, and after it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.settings import Settings
from sinks.clickhouse.client import connect
from sinks.clickhouse.load import load
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.squash import Thresholds, squash
from tests.support import sink_rows as make

ALL = Thresholds(1, 1)
HASHER = Hasher(Settings().secret.get_secret_value())
ANSWERS = (
    "SELECT message_id, current_id FROM current_events ORDER BY ALL",
    "SELECT profile_id, current_id FROM current_profiles ORDER BY ALL",
)
VIEWS = (
    "SELECT order_id, current_id FROM current_conversions ORDER BY ALL",
    "SELECT * FROM v_match_rate_daily ORDER BY ALL",
    "SELECT * FROM v_channel_daily ORDER BY ALL",
)
PROFILES = [make.hexed(at) for at in range(24)]


@pytest.fixture
def twin(embedded: Settings, client: Any) -> Iterator[Any]:
    """A database beside the client's that nobody squashes."""
    other = connect(embedded)
    other.command("CREATE DATABASE twin")
    other.database = "twin"
    migrate(other)
    yield other
    other.command("DROP DATABASE twin")
    other.close()


class Story:
    """Random history of a few profiles: events, merges, splits, in an order that need not be that of their versions."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.alive = list(PROFILES)
        self.version = 0
        self.gone: list[tuple[str, str]] = []
        self.held_back: list[Record] = []

    def event(self) -> Record:
        """Under any profile, merged or not: what was written long ago may come in again."""
        at = make.NOON + self.random.randrange(60) * make.DAY
        browser = f"b{self.random.randrange(6)}"
        who = [{"type": self.random.choice(["anonymous_id", "email"]), "value": browser}]
        return make.event(self.random.choice(PROFILES), "Product Viewed", at, identifiers=who)

    def merge(self) -> Record:
        """Of two profiles of today."""
        self.version += 1
        loser, winner = self.random.sample(self.alive, 2)
        self.alive.remove(loser)
        self.gone.append((loser, winner))
        return make.merge(loser, winner, make.NOON, self.version)

    def split(self) -> list[Record]:
        """Of a profile of today: some heads go, and one that was merged into it goes with them."""
        self.version += 1
        profile, part = self.random.choice(self.alive), make.hexed(f"part {self.version}")
        self.alive.append(part)
        heads = [HASHER("anonymous_id", f"b{at}") for at in self.random.sample(range(6), 2)]
        at = make.NOON + self.random.randrange(60) * make.DAY
        rows = [make.split(profile, part, heads, at, self.version)]
        losers = [loser for loser, winner in self.gone if winner == profile]
        if losers:
            self.version += 1
            rows.append(make.split(self.random.choice(losers), part, [], at, self.version, history=True))
        return rows

    def chapter(self) -> list[Record]:
        """A few more records; some merges are held back and come with a later chapter."""
        records = [self.event() for _ in range(8)]
        records.append(make.conversion(self.random.choice(PROFILES), f"o{self.random.randrange(99)}", 1))
        for _ in range(self.random.randrange(1, 4)):
            if len(self.alive) > 2:
                merge = self.merge()
                (self.held_back if self.random.random() < 0.3 else records).append(merge)
        if self.random.random() < 0.3:
            records += self.split()
        if self.held_back and self.random.random() < 0.4:
            records.append(self.held_back.pop(0))
        self.random.shuffle(records)
        return records


def answers(client: Any, more: tuple[str, ...] = ()) -> list[Any]:
    """What the views say."""
    return [client.query(sql).result_rows for sql in ANSWERS + more]


@pytest.mark.parametrize(("seed", "chapters"), [(1, 3), pytest.param(2, 4, marks=pytest.mark.slow)])
def test_answers_stay_while_it_works(client: Any, twin: Any, seed: int, chapters: int) -> None:
    """Merges, repeats and splits come in between its statements: the views say what they say without it."""
    story = Story(seed)
    done: list[str] = []

    def read_on() -> list[Any]:
        records = story.chapter()
        load(client, records)
        load(twin, records)
        return answers(twin)

    for _ in range(chapters):
        right = read_on()
        for statement in squash(client, ALL):
            done.append(statement)
            assert answers(client) == right, done
            if story.random.random() < 0.4:
                right = read_on()
                assert answers(client) == right, [*done, "more"]
    assert answers(client, VIEWS) == answers(twin, VIEWS), done
    assert {"prepared", "settled", "followed", "closed", "squashed"} <= set(done)


def test_it_ends_with_nothing_to_do(client: Any) -> None:
    """Once all is settled and squashed no statement is left, and little is looked up."""
    load(client, [make.event(who, "X") for who in PROFILES])
    chain = [make.merge(PROFILES[at], PROFILES[at + 1], version=at + 1) for at in range(20)]
    load(client, chain)
    assert list(squash(client, ALL)) == ["prepared", "settled", "closed", "squashed"]
    assert list(squash(client, ALL)) == []
    assert client.command("SELECT count() FROM recent_profiles") == 0
    assert client.query(
        "SELECT DISTINCT squashed_id FROM events WHERE profile_id = %(p)s", {"p": PROFILES[0]}
    ).result_rows == [(PROFILES[20],)]
    load(client, [make.merge(PROFILES[20], PROFILES[21], version=30), *chain])
    assert list(squash(client, ALL)) == ["prepared", "settled", "followed", "closed"]
    assert client.command("SELECT uniqExact(current_id) FROM current_events") == 3


def test_it_waits_until_it_is_worth_it(client: Any) -> None:
    """A few merges and a few events are left alone."""
    load(client, [make.event(PROFILES[0], "X"), make.merge(PROFILES[0], PROFILES[1])])
    assert list(squash(client, Thresholds(merges=2, events=2))) == []


def test_a_lost_table_is_made_again(client: Any) -> None:
    """What was settled in a table that is empty after a crash is followed one by one, and settled again."""
    load(client, [make.event(PROFILES[0], "X"), make.merge(PROFILES[0], PROFILES[1])])
    assert "closed" in list(squash(client, Thresholds(merges=1, events=9)))
    client.command("TRUNCATE TABLE settled_profiles")
    assert next(iter(squash(client, Thresholds(merges=9, events=9)))) == "reopened"
    assert client.command("SELECT current_id FROM current_events") == PROFILES[1]


def test_left_off_anywhere_it_goes_on(client: Any, twin: Any) -> None:
    """Killed after any number of statements, the next run ends where an undisturbed one does."""
    story = Story(5)
    for statements in (1, 3):
        chapter = story.chapter()
        load(client, chapter)
        load(twin, chapter)
        for _ in zip(range(statements), squash(client, ALL), strict=False):
            pass
        assert answers(client) == answers(twin)
    while list(squash(client, ALL)):
        pass
    assert answers(client) == answers(twin)


def test_an_erased_profile_may_begin_anew(client: Any) -> None:
    """Its settled merge is forgotten with it: what comes later under the same id is not taken to the old winner."""
    load(client, [make.event(PROFILES[0], "X"), make.merge(PROFILES[0], PROFILES[1], version=1)])
    list(squash(client, ALL))
    stones = [make.record("stitched.events", None, one) for one in PROFILES[:2]]
    load(client, [*stones, make.erasure(PROFILES[0], version=5), make.erasure(PROFILES[1], version=6)])
    load(client, [make.event(PROFILES[0], "Y")])
    assert client.query("SELECT name, current_id FROM current_events").result_rows == [("Y", PROFILES[0])]


def test_a_quiet_month_becomes_one_part(client: Any, rows: Any) -> None:
    """A month written in several parts, repeats among them, becomes one part, once; not while it is being written."""
    for at in range(3):
        load(
            client, [make.event("a", "Product Viewed", make.NOON, message_id="m"), make.event("a", "x", make.NOON + at)]
        )
    parts = "SELECT count(), sum(rows) FROM system.parts WHERE active AND database = 'winback' AND table = 'events'"
    assert list(squash(client, Thresholds(1, 10, rows=1))) == []
    at_once = Thresholds(1, 10, rows=1, quiet=0)
    assert "compacted" in list(squash(client, at_once))
    assert rows(parts) == [(1, 4)]
    assert "compacted" not in list(squash(client, at_once))
    assert rows("SELECT count() FROM current_events") == [(4,)]
