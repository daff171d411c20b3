"""A random history of a few profiles that merge and split, as records of identity.merges."""

from __future__ import annotations

import random
from typing import Final

from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.settings import Settings
from tests.support import sink_rows as make

HASHER: Final = Hasher(Settings().secret.get_secret_value())
PROFILES: Final = [make.hexed(at) for at in range(24)]


class Story:
    """Merges and splits, told in an order that need not be that of their versions; some are told much later."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.alive = list(PROFILES)
        self.version = 0
        self.gone: list[tuple[str, str]] = []
        self.held_back: list[Record] = []

    def event(self) -> Record:
        """Under any profile, merged or not: what was written long ago may come in again."""
        at = make.NOON + self.random.randrange(60) * make.DAY
        who = [{"type": "anonymous_id", "value": f"b{self.random.randrange(6)}"}]
        return make.event(self.random.choice(PROFILES), "Product Viewed", at, identifiers=who)

    def merge(self) -> Record:
        """Of two profiles of today."""
        self.version += 1
        loser, winner = self.random.sample(self.alive, 2)
        self.alive.remove(loser)
        self.gone.append((loser, winner))
        return make.merge(loser, winner, self._moment(), self.version)

    def split(self) -> list[Record]:
        """Of a profile of today: some heads go, and one that was merged into it goes with them."""
        self.version += 1
        profile, part = self.random.choice(self.alive), make.hexed(f"part {self.version}")
        self.alive.append(part)
        heads = [HASHER("anonymous_id", f"b{at}") for at in self.random.sample(range(6), 2)]
        at = self._moment()
        rows = [make.split(profile, part, heads, at, self.version)]
        losers = [loser for loser, winner in self.gone if winner == profile]
        if losers:
            self.version += 1
            rows.append(make.split(self.random.choice(losers), part, [], at, self.version, history=True))
        return rows

    def chapter(self) -> list[Record]:
        """A few more records; some merges are held back and come with a later chapter."""
        records = [self.event() for _ in range(4)]
        for _ in range(self.random.randrange(1, 4)):
            if len(self.alive) > 2:
                merge = self.merge()
                (self.held_back if self.random.random() < 0.3 else records).append(merge)
        if self.random.random() < 0.5:
            records += self.split()
        if self.held_back and self.random.random() < 0.4:
            records.append(self.held_back.pop(0))
        self.random.shuffle(records)
        return records

    def _moment(self) -> int:
        return make.NOON + self.random.randrange(60) * make.DAY
