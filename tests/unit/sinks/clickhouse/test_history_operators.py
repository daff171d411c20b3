"""A history with everything in it, the words of operators as well: played again, it gives the decisions made."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy.backtest import stored
from deploy.backtest.words import Clock, Said, words
from deploy.shop import simulate
from deploy.stack import lines
from schemas import topics
from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.settings import Settings
from schemas.topics import DAY_MS
from sinks.clickhouse import history
from sinks.clickhouse.load import load
from streams.campaigns import load as load_campaigns
from streams.core.campaigns import CampaignFile, Campaigns
from streams.testing import Topology

EVER, LATENESS = 1 << 42, 30_000
EXAMPLES = Path("deploy/examples/campaigns/campaigns.yaml").resolve()
HASHER = Hasher(Settings().secret.get_secret_value())
ADDRESS = re.compile(rb"[a-z0-9.]+@[a-z0-9.]+[.][a-z]+")
Decided = dict[str, dict[str, Any]]


def shop(seed: int) -> list[Record]:
    """What a simulated shop sends, in the order in which it comes, some of it twice and some of it hours late."""
    offsets: dict[tuple[str, int], int] = defaultdict(int)
    found = []
    for chunk in lines.of_objects(simulate(120, 2, seed), Settings().partitions):
        for line in chunk:
            place = (line.topic, line.partition)
            found.append(Record(*place, offsets[place], line.timestamp, line.key, line.value))
            offsets[place] += 1
    return found


def lived(records: list[Record], said: dict[int, Callable[[Topology, int], object]], zone: str) -> Topology:
    """The pipeline as time passes; operators say what they say after so many records, at that time (ms)."""
    topology, now = Topology(Settings(timezone=zone), load_campaigns(EXAMPLES)), 0
    for nth, record in enumerate(records):
        if record.timestamp > now:
            now = record.timestamp
            topology.reach(now - LATENESS)
        topology.feed([record])
        if nth in said:
            said[nth](topology, now)
    topology.finish()
    return topology


def largest(topology: Topology, type_: str) -> str:
    """The hash of an identifier of a type in the profile with the most identifiers that has one."""
    members: dict[str, dict[str, str]] = topology._readings[0].task.graph.members  # type: ignore[attr-defined]
    ordered = sorted(members.items(), key=lambda one: (-len(one[1]), one[0]))
    return next(hashed for _, ids in ordered for hashed, known in sorted(ids.items()) if known == type_)


def cut(type_: str) -> Callable[[Topology, int], object]:
    """An operator cuts an identifier off."""
    return lambda topology, now: topology.request("split", type_, largest(topology, type_), now=now)


def erase(topology: Topology, now: int) -> None:
    """An operator has a person forgotten."""
    topology.request("erase", "user_id", largest(topology, "user_id"), now=now)


def imported(addresses: list[str]) -> Callable[[Topology, int], object]:
    """An operator takes in a list of addresses from another system: noes of months ago."""

    def say(topology: Topology, now: int) -> None:
        since = now - 90 * DAY_MS
        topology.suppress([
            ("email", None, HASHER("email", address), False, "imported", since + nth)
            for nth, address in enumerate(addresses)
        ])  # fmt: skip

    return say


def played(client: Any, place: Path, zone: str) -> tuple[Decided, Said]:
    """The decisions that a backtest makes of what ClickHouse holds, and the words that it plays."""
    settings = Settings(timezone=zone)
    hasher = stored.HashedIdentifiers(settings.secret.get_secret_value())
    reader = stored.HistoryReader(settings.phone_region, settings.blocked_values(), hasher)
    found: list[Record] = []
    nothing = Campaigns(CampaignFile(), {})
    topology = Topology(settings, nothing, outputs=found.append, reader=reader, hasher=hasher, lean=True)
    stored.write(place, history.events(client, 0, EVER, LATENESS), lambda _: None)
    said = words(history.merges(client, EVER), history.suppressions(client, EVER), LATENESS)

    def part() -> None:
        topology.part()
        topology.go_on(load_campaigns(EXAMPLES))

    stored.play(topology, place, settings.partitions, lambda _: None, Clock(topology, said, part))
    rows = [orjson.loads(one.value) for one in found if one.topic == topics.RETARGETING_DECISIONS and one.value]
    return {row["decision_id"]: row for row in rows}, Said(said, 0)


def slow(*parameters: object) -> Any:
    """Parameters of a history that is played where there is time for it."""
    return pytest.param(*parameters, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("seed", "zone", "erased"),
    [(3, "Asia/Kolkata", True), slow(6, "UTC", False), slow(7, "America/New_York", False), slow(6, "UTC", True)],
)
def test_all_that_happens_is_played_again(client, tmp_path, seed, zone, erased) -> None:
    """Late events, repeats, merges, splits, an erasure, an imported list: the decisions are those that were made.

    What an erased person did is gone, and with it what it meant for the decisions about a few others.
    """
    records = shop(seed)
    addresses = sorted({found.decode() for record in records for found in ADDRESS.findall(record.value or b"")})[::3]
    size = len(records)
    said = {size // 3: cut("email"), size // 2: imported(addresses), size * 3 // 5: cut("phone")}
    if erased:
        said[size * 7 // 10] = erase
    written = lived(records, said, zone).topics
    load(client, [record for found in written.values() for record in found])
    late = Counter(orjson.loads(record.value)["late"] for record in written[topics.STITCHED_EVENTS] if record.value)
    assert late[True] > 5
    again, spoken = played(client, tmp_path / "events", zone)
    made = {row["decision_id"]: row for row in history.decisions(client, 0, EVER)}
    counts = spoken.counts()
    assert counts["splits"] == 2
    assert (counts["erased_profiles"] > 0) == erased
    assert counts["addresses"] > 10
    assert len(made) > 300
    assert made.keys() == again.keys()
    differing = [(made[id_], again[id_]) for id_ in made if made[id_] != again[id_]]
    assert len(differing) <= erased
