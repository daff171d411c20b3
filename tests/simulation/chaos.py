"""What goes wrong, and when: lives end at every point of the commit order, partitions move, old lives go on."""

from __future__ import annotations

import random
from collections import Counter
from typing import ClassVar, Final

from tests.simulation.plan import Plan

POINTS: Final = (
    "catch up", "restore", "restoring", "claim", "load", "compute", "computed", "commit", "sending", "sent",
    "acknowledged", "unit", "unit sent", "marker", "marker sent", "base", "settled", "offset", "committed",
)  # fmt: skip
"""The points that actors name, in about the order in which they come."""
SETTLING_ROUNDS: Final = 400
"""Steps after which another point is drawn, when nobody has come to this one."""


class Chaos:
    """ExperimentAssignment the next point to strike at, again and again, as often as the plan allows."""

    struck: ClassVar[Counter[str]] = Counter()
    """How often a life has ended where, over all runs of this process."""

    def __init__(self, plan: Plan, rng: random.Random) -> None:
        self._rng = rng
        self._strikes = plan.strikes
        self._any = min(plan.strikes, 1)
        self._moves = plan.moves
        self._zombies = plan.zombies
        self._point: str | None = None
        self._kind = ""
        self._from = 0
        self._rest = rng.choice((50, 500, 3_000))
        self._trouble_from = rng.randint(0, self._rest)

    @property
    def active(self) -> bool:
        """Whether anything is still to go wrong."""
        return self._strikes > 0

    def calm_down(self) -> None:
        """All is done: at most two more strikes, and those soon."""
        self._strikes = min(self._strikes, 2) if self._strikes else self._rng.choice((0, 1)) * self._any
        self._from = self._trouble_from = 0
        self._rest = 50

    def hits(self, name: str, point: str, now: int) -> bool:
        """Whether the life of an actor that is at a point ends there."""
        if not self._strikes:
            return False
        if self._point is None or now > self._from + SETTLING_ROUNDS:
            self._point, self._kind = self._rng.choice(POINTS), self._rng.choice(("ingest", "identify", "journey", ""))
            self._from = now + self._rng.randint(0, self._rest)
        if point != self._point or now < self._from or not name.startswith(self._kind):
            return False
        self._strikes -= 1
        self._point = None
        self.struck[f"{name.split('[', maxsplit=1)[0].split(maxsplit=1)[0]} {point}"] += 1
        return True

    def haunts(self) -> bool:
        """Whether the old life goes on for a while beside the new one."""
        return self._rng.random() < self._zombies

    def trouble(self, now: int) -> str | None:
        """Something that is not bound to a point: a move, or the end of a life or a worker wherever it is."""
        if now < self._trouble_from:
            return None
        self._trouble_from = now + self._rng.randint(0, self._rest)
        what = self._rng.choice(("reassign", "move", "kill", "kill a worker"))
        if what in {"reassign", "move"}:
            if not self._moves:
                return None
            self._moves -= 1
            return what
        if not self._strikes:
            return None
        self._strikes -= 1
        self.struck[what] += 1
        return what
