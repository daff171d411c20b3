"""How much of an order each channel is credited with under six common models, in shares and in money.

Models and their names as in Google Analytics' multi-channel funnels: first, last, last non-direct, linear, time decay
(half-life seven days, or what the campaigns file says), position based (40 % first, 40 % last, 20 % between). Weights
are integers, and what is divided by them adds up to the whole exactly: what rounding leaves goes to the largest
remainders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from schemas.money import MICRO, to_number
from schemas.topics import DAY_MS
from streams.core.profile.state import Touch

HALF_LIFE_MS: Final = 7 * DAY_MS
DIRECT: Final = "direct"
MODELS: Final = ("first", "last", "last_non_direct", "linear", "time_decay", "position")
LONGEST_CAMPAIGN: Final = 100
"""Of a campaign's name so many characters are credited: orders are remembered, and names are what producers like."""
_FINE: Final = 1 << 40
"""The weight in time decay of a touch at the moment of the order."""

Weights = dict[str, dict[str, int]]
"""{model: {channel or campaign: weight}}; no weight is 0."""


def weights(touches: Sequence[Touch], at: int, half_life: int = HALF_LIFE_MS) -> Weights:
    """What the channels of an order at `at` (epoch milliseconds) are credited by; without touches it is direct.

    `half_life`, in milliseconds, is that of time decay.
    """
    channels = [touch.channel for touch in touches] or [DIRECT]
    return {model: _summed(channels, each) for model, each in _by_touch(touches, at, half_life).items()}


def campaigns(touches: Sequence[Touch], at: int, half_life: int = HALF_LIFE_MS) -> dict[str, list[int]]:
    """What campaigns are credited by, as `Order.campaigns` has it; `at` and `half_life` as of `weights`."""
    names = [(touch.campaign or "")[:LONGEST_CAMPAIGN] for touch in touches]
    if not any(names):
        return {}
    found = {name: [0] * len(MODELS) for name in names}
    for nth, each in enumerate(_by_touch(touches, at, half_life).values()):
        for name, weight in _summed(names, each).items():
            found[name][nth] = weight
    return found


def of_campaigns(known: Mapping[str, Sequence[int]]) -> Weights:
    """The weights by model of what is `known` of campaigns, as an order keeps it."""
    return {
        model: {name: each[nth] for name, each in known.items() if each[nth]} for nth, model in enumerate(MODELS)
    }  # fmt: skip


def _by_touch(touches: Sequence[Touch], at: int, half_life: int) -> dict[str, list[int]]:
    """The weight of each touch by model; without touches, those of one at the moment of the order."""
    n = len(touches) or 1
    decay = [max(1, round(_FINE * 2.0 ** ((touch.at - at) / half_life))) for touch in touches] or [1]
    last_other = next((i for i in reversed(range(len(touches))) if touches[i].channel != DIRECT), n - 1)
    return dict(zip(MODELS, (
        [1] + [0] * (n - 1),
        [0] * (n - 1) + [1],
        [int(i == last_other) for i in range(n)],
        [1] * n,
        decay,
        [2 * (n - 2), *[1] * (n - 2), 2 * (n - 2)] if n > 2 else [1] * n,
    ), strict=True))  # fmt: skip


def shares(of: Weights) -> dict[str, dict[str, int | float]]:
    """The shares to a millionth: {model: {channel: share}}, of each model 1 together."""
    return money(of, MICRO)


def money(of: Weights, amount: int, already: int = 0) -> dict[str, dict[str, int | float]]:
    """What channels get of an `amount` in micros that comes to `already`: {model: {channel: number of JSON}}.

    Of each model it adds up to `amount`. What all amounts of an order come to is divided as one amount would be, so an
    order that is taken back leaves nothing anywhere.
    """
    # Most orders have one channel, which gets the whole.
    whole = to_number(amount)
    return {
        model: dict.fromkeys(each, whole) if len(each) == 1 else _numbers(each, amount, already)
        for model, each in of.items()
    }


def divided(amount: int, by: Mapping[str, int]) -> dict[str, int]:
    """A whole `amount` divided `by` weights: each part within one of its exact share, all together the amount."""
    total, sign, left = sum(by.values()), -1 if amount < 0 else 1, abs(amount)
    parts = {key: divmod(left * weight, total) for key, weight in by.items()}
    rest = left - sum(whole for whole, _ in parts.values())
    first = sorted(parts, key=lambda key: (-parts[key][1], key))[:rest]
    return {key: sign * (whole + (key in first)) for key, (whole, _) in parts.items()}


def _numbers(by: Mapping[str, int], amount: int, already: int) -> dict[str, Any]:
    after = divided(already + amount, by)
    before = divided(already, by) if already else dict.fromkeys(by, 0)
    return {key: to_number(after[key] - before[key]) for key in by}


def _summed(names: Sequence[str], each: Sequence[int]) -> dict[str, int]:
    total: dict[str, int] = {}
    for name, weight in zip(names, each, strict=True):
        if weight:
            total[name] = total.get(name, 0) + weight
    return total
