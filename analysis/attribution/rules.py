"""The six rules over one path, as the stream applies them: what each touch of a journey is credited with.

Source: names and weights of Google Analytics' Model Comparison Tool: position based is 40 % first, 40 % last and 20 %
between; of two touches half each. Time decay halves a touch's weight with each half-life before the order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from analysis.attribution.journeys import Journey

DIRECT: Final = "direct"
_FINE: Final = 1 << 40
"""The weight in time decay of a touch at the moment of the order."""
_WHOLE: Final = 10**18
"""What the weights of a journey in time decay come to."""

Weights = Sequence[int]
"""One whole number a touch; at least one is above 0."""


def _first(journey: Journey, _: int) -> Weights:
    return [1] + [0] * (len(journey.channels) - 1)


def _last(journey: Journey, _: int) -> Weights:
    return [0] * (len(journey.channels) - 1) + [1]


def _last_non_direct(journey: Journey, _: int) -> Weights:
    n = len(journey.channels)
    last = next((i for i in reversed(range(n)) if journey.channels[i] != DIRECT), n - 1)
    return [int(i == last) for i in range(n)]


def _linear(journey: Journey, _: int) -> Weights:
    return [1] * len(journey.channels)


def _time_decay(journey: Journey, half_life: int) -> Weights:
    if not journey.times:
        return _linear(journey, half_life)
    weights = [max(1, round(_FINE * 2.0 ** ((at - journey.at) / half_life))) for at in journey.times]
    # One whole for all journeys: what many of them come to can be added up exactly.
    whole = sum(weights)
    parts = [_WHOLE * weight // whole for weight in weights]
    parts[weights.index(max(weights))] += _WHOLE - sum(parts)
    return parts


def _position(journey: Journey, _: int) -> Weights:
    n = len(journey.channels)
    return [2 * (n - 2), *[1] * (n - 2), 2 * (n - 2)] if n > 2 else [1] * n


RULES: Final[Mapping[str, Callable[[Journey, int], Weights]]] = {
    "first": _first, "last": _last, "last_non_direct": _last_non_direct, "linear": _linear,
    "time_decay": _time_decay, "position": _position,
}  # fmt: skip
"""By model: the weights of a journey's touches, given the half-life in milliseconds."""
TIMED: Final = frozenset({"time_decay"})
"""Models that ask when touches were."""
