"""The ground truth beside a simulation: who is who, which carts were abandoned when, what was ordered and delivered.

docs/simulator.md describes the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from deploy.shop.floor import Floor
from deploy.shop.people import Group
from deploy.shop.truth_walk import Person, Walk
from schemas.identifiers import ANONYMOUS_ID, Identifier
from schemas.times import iso


class Truth:
    """The ground truth: collected while the simulation runs, written at its end."""

    def __init__(self, directory: Path, floor: Floor) -> None:
        self._directory, self._floor = directory, floor
        self._carts: list[tuple[Person, dict[str, Any]]] = []
        self._broken: list[dict[str, Any]] = []
        self._walks: list[tuple[Group, Walk]] = []
        directory.mkdir(parents=True, exist_ok=True)
        floor.keep_orders = True
        for group in (*floor.groups, floor.around):
            group.walk = Walk(lambda person, row: self._carts.append((person, row)))
            self._walks.append((group, group.walk))

    def broken(self, line_no: int, topic: str, reason: str) -> None:
        """Note that line `line_no` (the first is 0) of a topic becomes a dead letter, for that reason."""
        self._broken.append({"line": line_no, "topic": topic, "reason": reason})

    def write(self) -> None:
        """Let time run out for every cart, then write all files."""
        for _, walk in self._walks:
            walk.finish()
        owners = self._clusters()
        self._write("customers.jsonl", self._customers(owners))
        self._write("shared.jsonl", self._shared(owners))
        self._write("refused.jsonl", self._refused())
        self._write("carts.jsonl", (_cart(owners[person.now()], row) for person, row in self._carts))
        self._write("orders.jsonl", self._floor.orders)
        self._write("broken.jsonl", self._broken)
        delivery = self._floor.delivery
        summary = {
            **{name: delivery.counts[name] for name in sorted(delivery.counts)},
            "broken": dict(sorted(delivery.broken.items())),
            "first": None if delivery.first is None else iso(delivery.first),
            "last": iso(delivery.last),
        }
        (self._directory / "delivery.json").write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2) + b"\n")

    def _clusters(self) -> dict[Person, tuple[str, str | None]]:
        """Write the profiles, without the shared devices; the name and the customer of each."""
        owners: dict[Person, tuple[str, str | None]] = {}
        rows = []
        for group, walk in self._walks:
            shared = _shared_of(group)
            for person in walk.people():
                own = [i for i in person.identifiers if i != shared]
                customer = next((c.id for c in group.members if own and own[0] in c.published), None)
                owners[person] = f"g{group.no:06d}-{person.no}", customer
                if own:
                    rows.append({"cluster": owners[person][0], "customer": customer, "identifiers": _shown(own)})
        self._write("clusters.jsonl", rows)
        return owners

    def _customers(self, owners: dict[Person, tuple[str, str | None]]) -> Iterator[dict[str, Any]]:
        for group, walk in self._walks:
            shared = _shared_of(group)
            for customer in group.members:
                own = [i for i in customer.published if i != shared]
                people = [person for i in own if (person := walk.owner(i)) is not None]
                yield {
                    "customer": customer.id,
                    "group": group.no,
                    "time_zone": customer.zone,
                    "country": customer.region.country,
                    "identifiers": _shown(own),
                    "shared": _shown([shared] if shared in customer.published and shared is not None else []),
                    "clusters": sorted({owners[person][0] for person in people}),
                }

    def _shared(self, owners: dict[Person, tuple[str, str | None]]) -> Iterator[dict[str, Any]]:
        for group, walk in self._walks:
            shared = _shared_of(group)
            owner = None if shared is None else walk.owner(shared)
            if shared is None or owner is None:
                continue
            yield {
                "identifier": _shown([shared])[0],
                "customers": [c.id for c in group.members if shared in c.published],
                "moves": [{"at": iso(r.at), "to": r.head.value} for r in walk.refused if r.moved and r.other == shared],
                "cluster": owners[owner][0],
            }

    def _refused(self) -> Iterator[dict[str, Any]]:
        for group, walk in self._walks:
            shared = _shared_of(group)
            for at, head, other, rule, moved in walk.refused:
                if other != shared:
                    named = _shown([head, other])
                    yield {"at": iso(at), "of": named[0], "identifier": named[1], "rule": rule, "moved": moved}

    def _write(self, name: str, rows: Iterable[dict[str, Any]]) -> None:
        with (self._directory / name).open("wb") as file:
            for row in rows:
                file.write(orjson.dumps(row) + b"\n")


def _shared_of(group: Group) -> Identifier | None:
    return None if group.tablet is None else Identifier(ANONYMOUS_ID, group.tablet.anonymous_id)


def _cart(owner: tuple[str, str | None], row: dict[str, Any]) -> dict[str, Any]:
    return {"cluster": owner[0], "customer": owner[1], **row, "at": iso(row["at"])}


def _shown(identifiers: Iterable[Identifier]) -> list[dict[str, str]]:
    return [{"type": i.type, "value": i.value} for i in identifiers]
