"""Attribution by a Markov chain: what would be lost without a channel, computed exactly, without simulation.

Source: Anderl, Becker, von Wangenheim, Schumann, "Mapping the customer journey: lessons learned from graph-based online
attribution modeling", International Journal of Research in Marketing 33 (2016), 457-474. Absorbing chains: Kemeny,
Snell, "Finite Markov Chains" (1960), chapter III.

A state of a chain of order k is the last k channels that a customer has met, fewer at the beginning. From each state
customers go on to the next channel, to an order, or to none, with the frequencies of all paths, null paths included.
With Q the probabilities among states, s those of the first state, and r what an order comes to that follows a state at
once (expected, so 0 for all who go on), a customer is worth

    R = s (I - Q)^-1 r

The removal effect of a channel is 1 - R' / R, where R' is the same without the states that end in the channel: whoever
would go there is lost. A channel is credited with its share of all removal effects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.sparse import csc_array, eye_array
from scipy.sparse.linalg import splu

from analysis.attribution.journeys import Path, Paths

ORDERS: Final = (1, 2, 3)
Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain: the channel that each state ends in, and the s, Q and r of the module, r with a column a measure."""

    last: Sequence[str]
    start: Array
    steps: csc_array
    rewards: Array

    def worth(self, without: str | None = None) -> Array:
        """What a customer is worth, one number a measure; `without` a channel if one is named."""
        kept = np.flatnonzero(np.array([channel != without for channel in self.last]))
        if not len(kept):
            return np.zeros(self.rewards.shape[1])
        inner = (eye_array(len(kept), format="csc") - self.steps[kept][:, kept]).tocsc()
        # Every state leads to an end, so the matrix can be inverted.
        return np.asarray(self.start[kept] @ splu(inner).solve(self.rewards[kept]), dtype=np.float64)


def chain(paths: Sequence[Path], order: int) -> Chain:
    """The chain of these paths, at least one, of that `order` (1 to 3). Raises ValueError for another order."""
    if order not in ORDERS:
        raise ValueError(f"a Markov chain of order {order} is none of {', '.join(map(str, ORDERS))}")
    places: dict[tuple[str, ...], int] = {}
    steps: dict[tuple[int, int], int] = {}
    first: dict[int, int] = {}
    ends: list[tuple[int, tuple[int, ...]]] = []
    for path in paths:
        customers, before = path.converted + path.nulls, -1
        for n in range(len(path.channels)):
            state = places.setdefault(path.channels[max(0, n + 1 - order) : n + 1], len(places))
            if before < 0:
                first[state] = first.get(state, 0) + customers
            else:
                steps[before, state] = steps.get((before, state), 0) + customers
            before = state
        ends.append((before, (customers, *path.rewards)))
    size = len(places)
    leaving, rewards, start = np.zeros(size), np.zeros((size, len(paths[0].rewards))), np.zeros(size)
    for (state, _), customers in steps.items():
        leaving[state] += customers
    for state, (customers, *of) in ends:
        leaving[state] += customers
        rewards[state] += of
    for state, customers in first.items():
        start[state] = customers
    rows, columns = [np.array([pair[side] for pair in steps], dtype=np.intp) for side in (0, 1)]
    counts = np.array(list(steps.values()), dtype=np.float64)
    matrix = csc_array((counts / leaving[rows], (rows, columns)), shape=(size, size))
    return Chain([state[-1] for state in places], start / start.sum(), matrix, rewards / leaving[:, None])


def removal_effects(of: Paths, order: int = 1) -> Mapping[str, Array]:
    """The removal effect of each channel, one number a measure, from 0 to 1; NaN where there is nothing to lose.

    `order` is that of the chain, 1 to 3. Raises ValueError for another.
    """
    paths = [path for path in of.paths if path.converted + path.nulls]
    if not paths:
        return {}
    whole = chain(paths, order)
    worth = whole.worth()
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            channel: np.where(worth == 0, np.nan, np.clip(1 - whole.worth(channel) / worth, 0, 1))
            for channel in of.channels
        }
