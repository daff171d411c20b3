"""The ground truth: consistent in itself, with the published lines, and with the contract as the oracle reads it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from deploy.shop import simulate
from deploy.stack.lines import of_objects
from schemas.events import Event, Reader
from schemas.record import Record
from schemas.times import iso
from tests.oracle.outcome import Outcome
from tests.oracle.run import run

Pair = tuple[str, str]


class World(NamedTuple):
    """A simulation: its records, its truth, and what the oracle makes of the records."""

    records: list[Record]
    truth: dict[str, list[dict[str, Any]]]
    delivery: dict[str, Any]
    outcome: Outcome


@pytest.fixture(scope="module", params=[11, 12])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Three days of 200 people."""
    folder: Path = tmp_path_factory.mktemp("truth")
    offsets: Counter[tuple[str, int]] = Counter()
    records = []
    for chunk in of_objects(simulate(200, 3, request.param, truth=folder), 4):
        for line in chunk:
            place = line.topic, line.partition
            records.append(Record(*place, offsets[place], line.timestamp, line.key, line.value))
            offsets[place] += 1
    truth = {p.stem: [orjson.loads(row) for row in p.read_bytes().splitlines()] for p in folder.glob("*.jsonl")}
    return World(records, truth, orjson.loads((folder / "delivery.json").read_bytes()), run(records))


def pairs(identifiers: list[dict[str, str]]) -> list[Pair]:
    """Identifiers of a truth file as (type, value)."""
    return [(i["type"], i["value"]) for i in identifiers]


def shared(world: World) -> set[Pair]:
    """The family tablets."""
    return {pair for row in world.truth["shared"] for pair in pairs([row["identifier"]])}


def test_clusters_are_what_the_published_links_join(world: World) -> None:
    """A plain union-find over the identifiers of each published event gives the same clusters.

    What changed hands is left out, and so are the links that the truth says were refused.
    """
    parent: dict[Pair, Pair] = {}

    def root(pair: Pair) -> Pair:
        while parent.setdefault(pair, pair) != pair:
            pair = parent[pair]
        return pair

    reader, moved = Reader(), shared(world)
    refused = set()
    for row in world.truth["refused"]:
        head, other = pairs([row["of"], row["identifier"]])
        refused.add((row["at"], head, other))
        if row["moved"]:
            moved.add(other)
    for event in map(reader.read, world.records):
        if isinstance(event, Event) and event.identifiers:
            head, *others = [(i.type, i.value) for i in event.identifiers + event.previous]
            links = [other for other in others if (iso(event.time), head, other) not in refused]
            names = [name for name in (head, *links) if name not in moved]
            for name in names:
                parent[root(name)] = root(names[0])
            for other in set(others) - set(links) - moved:
                root(other)
    joined: dict[Pair, set[Pair]] = {}
    for pair in list(parent):
        joined.setdefault(root(pair), set()).add(pair)
    wanted = [frozenset(pairs(row["identifiers"])) - moved for row in world.truth["clusters"]]
    wanted = [cluster for cluster in wanted if cluster]
    assert len(set(wanted)) == len(wanted)
    assert {frozenset(group) for group in joined.values()} == set(wanted)


def test_clusters_and_tablets_are_the_oracles(world: World) -> None:
    """The identity policy, tablets that change hands included, ends where the truth says; nothing else is refused."""
    found = {tuple(i): profile for profile, ids in world.outcome.clusters.items() for i in ids}
    names: dict[str, str] = {}
    for row in world.truth["clusters"]:
        profiles = {found.pop(pair) for pair in pairs(row["identifiers"])}
        assert len(profiles) == 1
        assert names.setdefault(row["cluster"], profiles.pop())
    for row in world.truth["shared"]:
        profile = found.pop(pairs([row["identifier"]])[0])
        assert names.setdefault(row["cluster"], profile) == profile
    assert not found
    assert len(set(names.values())) == len(names)
    refused = Counter(row["refused"] for row in world.outcome.merges if row.get("refused"))
    moves = sum(len(row["moves"]) for row in world.truth["shared"])
    assert moves
    told = {(row["rule"], *pairs([row["of"], row["identifier"]])) for row in world.truth["refused"]}
    assert refused == Counter(user_limit=moves) + Counter(rule for rule, _, _ in told)


def test_carts_are_the_oracles(world: World) -> None:
    """Every opening, abandonment, conversion, ... at the same time, with the same lines, value and stage."""
    merged = {r["merged_profile_id"]: r["into_profile_id"] for r in world.outcome.merges if not r.get("refused")}
    profile_of = {tuple(i): profile for profile, ids in world.outcome.clusters.items() for i in ids}
    profiles = {row["cluster"]: profile_of[pairs(row["identifiers"])[0]] for row in world.truth["clusters"]}
    for row in world.truth["shared"]:
        profiles.setdefault(row["cluster"], profile_of[pairs([row["identifier"]])[0]])

    def told(profile: str, row: dict[str, Any]) -> tuple[Any, ...]:
        while profile in merged:
            profile = merged[profile]
        lines = sorted((_key(line), line["quantity"], line["price"]) for line in row["lines"])
        fields = (row[name] for name in ("from", "to", "at", "reason", "stage", "abandonment_no"))
        return (profile, *fields, round(float(row["value"]), 6), tuple(lines))

    wanted = Counter(told(profiles[row["cluster"]], row) for row in world.truth["carts"])
    assert Counter(told(row["profile_id"], row) for row in world.outcome.transitions) == wanted
    assert {row[2] for row in wanted} == {"open", "abandoned", "converted", "emptied", "expired"}


def _key(line: dict[str, Any]) -> str:
    if "key" in line:
        return str(line["key"])
    return f"s:{line['sku']}" if line["sku"] else f"p:{line['product_id']}/std"


def test_the_counts_add_up(world: World) -> None:
    """Lines are events, duplicates and broken ones; the oracle drops as many duplicates and keeps as many events."""
    delivery, outcome = world.delivery, world.outcome
    assert delivery["lines"] == len(world.records)
    assert delivery["lines"] == delivery["events"] + delivery["duplicates"] + sum(delivery["broken"].values())
    assert delivery["events"] == len(outcome.stitched)
    assert delivery["duplicates"] == outcome.duplicates > 0
    assert delivery["broken"] == dict(outcome.dead_reasons())
    for kind in ("late_over_a_minute", "late_over_a_hour", "out_of_order", "clock_skewed", "without_message_id"):
        assert delivery[kind] > 0


def test_orders_are_the_conversions(world: World) -> None:
    """Each order once, with its value, also when two systems told of it; returns give back no more than was paid."""
    orders = {row["order_id"]: row for row in world.truth["orders"] if "revenue" in row}
    found = {row["order_id"]: row for row in world.outcome.conversions if row["kind"] == "order"}
    assert {i: (row["revenue"], row["channel"]) for i, row in orders.items()} == {
        i: (row["value"], row["channel"]) for i, row in found.items()
    }
    for row in world.truth["orders"]:
        if "refunded" in row:
            assert 0 < row["refunded"] <= orders[row["order_id"]]["revenue"]


def test_customers_name_their_clusters(world: World) -> None:
    """A person's identifiers lie in the clusters listed for them, some in several that nothing links."""
    cluster_of = {pair: row for row in world.truth["clusters"] for pair in pairs(row["identifiers"])}
    several = 0
    for row in world.truth["customers"]:
        mine = [cluster_of[pair] for pair in pairs(row["identifiers"])]
        assert sorted({c["cluster"] for c in mine}) == row["clusters"]
        assert {c["customer"] for c in mine} <= {row["customer"]}
        several += len(row["clusters"]) > 1
    assert several
    assert len(world.truth["customers"]) == 200
