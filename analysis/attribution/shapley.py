"""Attribution by Shapley values: what a channel adds, on average over all orders in which channels could be added.

Source: Shapley, "A value for n-person games" (1953). Two games are played with the channels of a shop:

- `by_paths`: a set of channels is worth the orders of those who met no other. Zhao, Mahboobi, Bagheri, "Shapley value
  methods for attribution modeling in online advertising" (arXiv:1804.05327) show that the value is then each order in
  equal parts among the channels of its path: exact for any number of channels. Null paths are worth nothing to any set,
  and change nothing.
- `by_rates`: a set of channels is worth as many orders as there would be if all customers converted like those who met
  no other channel, null paths included (Dalessandro, Perlich, Stitelman, Provost, "Causally motivated attribution for
  online advertising", ADKDD 2012, play it with rates too). Exact over all sets of up to MOST_CHANNELS channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import comb
from typing import Any, Final

import numpy as np

from analysis.attribution.journeys import Paths

MOST_CHANNELS: Final = 16
"""2^16 sets: more would take more memory than a question is worth."""
Array = np.ndarray[Any, np.dtype[np.float64]]


def by_paths(of: Paths) -> Mapping[str, tuple[Fraction, ...]]:
    """The Shapley value of each channel, one number a measure, in the game over paths. They add up to all rewards."""
    values = {channel: [Fraction(0)] * len(of.totals) for channel in of.channels}
    for path in of.paths:
        among = sorted(set(path.channels))
        for n, reward in enumerate(path.rewards):
            if reward:
                for channel in among:
                    values[channel][n] += Fraction(reward, len(among))
    return {channel: tuple(value) for channel, value in values.items()}


def by_rates(of: Paths) -> Mapping[str, Array]:
    """The Shapley value of each channel, one number a measure, in the game over rates. They add up to all rewards.

    A value below 0 says that customers who met the channel convert less. Raises ValueError for more than MOST_CHANNELS
    channels.
    """
    channels = of.channels
    if len(channels) > MOST_CHANNELS:
        raise ValueError(
            f"{len(channels)} channels have more sets than can be looked at: at most {MOST_CHANNELS}; "
            "model shapley has no such bound"
        )
    place = {channel: 1 << n for n, channel in enumerate(channels)}
    size = len(of.totals)
    customers, rewards = np.zeros(1 << len(channels)), np.zeros((1 << len(channels), size))
    for path in of.paths:
        members = sum(place[channel] for channel in set(path.channels))
        customers[members] += path.converted + path.nulls
        rewards[members] += path.rewards
    for bit in place.values():
        _add_subsets(customers, bit)
        _add_subsets(rewards, bit)
    everybody = customers[-1]
    worth = np.divide(rewards * everybody, customers[:, None], out=np.zeros_like(rewards), where=customers[:, None] > 0)
    return {channel: _value(worth, bit, len(channels)) for channel, bit in place.items()}


def _add_subsets(sums: Array, bit: int) -> None:
    """Add to each set with the member of that bit what the set without it has."""
    pairs = sums.reshape(-1, 2, bit, *sums.shape[1:])
    pairs[:, 1] += pairs[:, 0]


def _value(worth: Array, bit: int, players: int) -> Array:
    """What the member of that bit adds, over all sets of the others, each weighted as often as it comes before it."""
    pairs = worth.reshape(-1, 2, bit, worth.shape[1])
    added = (pairs[:, 1] - pairs[:, 0]).reshape(-1, worth.shape[1])
    others = np.array([n.bit_count() for n in range(1 << (players - 1))])
    weights = np.array([1 / (players * comb(players - 1, size)) for size in range(players)])
    return np.asarray(weights[others] @ added, dtype=np.float64)
