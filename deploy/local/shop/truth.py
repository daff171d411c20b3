"""The ground truth beside a simulation: who is who, which carts were abandoned when, what was ordered and delivered.

docs/simulator.md describes the files.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from deploy.local.shop.clock import iso
from deploy.local.shop.floor import Floor
from deploy.local.shop.people import Group
from deploy.local.shop.truth_walk import Person, Walk
from schemas.identifiers import ORDER_ID, Identifier


class Truth:
    """Collects while the simulation runs, writes at its end."""

    def __init__(self, directory: Path, floor: Floor) -> None:
        self._directory, self._floor = directory, floor
        self._carts: list[tuple[Group, Person, dict[str, Any]]] = []
        self._broken: list[dict[str, Any]] = []
        directory.mkdir(parents=True, exist_ok=True)
        floor.keep_orders = True
        for group in floor.groups:
            group.walk = Walk(self._noter(group))

    def _noter(self, group: Group) -> Any:
        return lambda person, row: self._carts.append((group, person, row))

    def broken(self, line_no: int, topic: str, reason: str) -> None:
        """Line `line_no` (the first is 0) becomes a dead letter."""
        self._broken.append({"line": line_no, "topic": topic, "reason": reason})

    def write(self) -> None:
        """Let time run out for every cart, then write all files."""
        for group in self._floor.groups:
            if group.walk is not None:
                group.walk.finish()
        names = self._clusters()
        self._customers(names)
        self._shared(names)
        self._write("carts.jsonl", (self._cart(names, *entry) for entry in self._carts))
        self._write("orders.jsonl", self._floor.orders)
        self._write("broken.jsonl", self._broken)
        delivery = self._floor.delivery
        summary = {
            **{k: delivery.counts[k] for k in sorted(delivery.counts)},
            "broken": dict(sorted(delivery.broken.items())),
            "first": None if delivery.first is None else iso(delivery.first),
            "last": iso(delivery.last),
        }
        (self._directory / "delivery.json").write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2) + b"\n")

    def _clusters(self) -> dict[Person, str]:
        """Name and write the profiles, save those of nameless orders; shared devices are listed apart."""
        names: dict[Person, str] = {}
        rows = []
        for group in self._floor.groups:
            if group.walk is None:
                continue
            shared = {identifier for _, identifier, _ in group.walk.moves}
            if group.tablet is not None:
                shared.add(Identifier("anonymous_id", group.tablet.anonymous_id))
            for person in group.walk.people():
                names[person] = f"g{group.no:06d}-{person.no}"
                own = [i for i in person.identifiers if i not in shared]
                if own and own[0].type != ORDER_ID:
                    owner = next((c.id for c in group.members if own[0] in c.published), None)
                    rows.append({"cluster": names[person], "customer": owner, "identifiers": _shown(own)})
        self._write("clusters.jsonl", rows)
        return names

    def _customers(self, names: dict[Person, str]) -> None:
        rows = []
        for group in self._floor.groups:
            for customer in group.members:
                people = [group.walk.owner(i) for i in customer.published] if group.walk else []
                rows.append(
                    {
                        "customer": customer.id,
                        "group": group.no,
                        "time_zone": customer.zone,
                        "country": customer.region.country,
                        "identifiers": _shown(customer.published),
                        "clusters": sorted({names[p] for p in people if p is not None}),
                    }
                )
        self._write("customers.jsonl", rows)

    def _shared(self, names: dict[Person, str]) -> None:
        rows = []
        for group in self._floor.groups:
            if group.tablet is None or group.walk is None:
                continue
            identifier = Identifier("anonymous_id", group.tablet.anonymous_id)
            owner = group.walk.owner(identifier)
            if owner is None:
                continue
            moves = [{"at": iso(t), "to": user.value} for t, i, user in group.walk.moves if i == identifier]
            rows.append(
                {
                    "identifier": _shown([identifier])[0],
                    "customers": [c.id for c in group.members if identifier in c.published],
                    "moves": moves,
                    "owner": names[owner],
                }
            )
        self._write("shared.jsonl", rows)

    @staticmethod
    def _cart(names: dict[Person, str], group: Group, person: Person, row: dict[str, Any]) -> dict[str, Any]:
        now = person.now()
        owners = [c.id for c in group.members if any(i in c.published for i in now.identifiers)]
        return {"cluster": names[now], "customers": owners, **row, "at": iso(row["at"])}

    def _write(self, name: str, rows: Iterable[dict[str, Any]]) -> None:
        with (self._directory / name).open("wb") as file:
            for row in rows:
                file.write(orjson.dumps(row) + b"\n")


def _shown(identifiers: Iterable[Identifier]) -> list[dict[str, str]]:
    return [{"type": i.type, "value": i.value} for i in identifiers]
