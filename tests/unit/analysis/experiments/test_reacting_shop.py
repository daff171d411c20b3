"""A hundred simulated shops: where nobody reacts nothing is proven, where people react the interval holds the effect.

Each shop is one seed: its own people, its own lots, its own history through the whole pipeline, at the end of each day
and two weeks later. The second history is the same shop with the orders of those who react (deploy.shop.reaction).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import Any

import numpy as np
import pytest

from analysis.experiments.measure import Customers, Measured, measure
from analysis.experiments.verdicts import verdicts
from deploy.shop import simulate
from deploy.shop.clock import START
from deploy.shop.reaction import CURRENCY, VALUE, draw, reactions
from streams.campaigns import load
from streams.core.campaigns import Campaigns
from tests.answers.uplift import outcomes, time, today
from tests.support.every_view import Told
from tests.support.wild_shop import records

FIRST = datetime.fromtimestamp(START / 1000, UTC)
CUSTOMERS, DAYS = 220, 2
CAMPAIGN = "abandoned-cart"
REACTION = 0.5
Topics = dict[str, list[dict[str, Any]]]


def half_held_out() -> Campaigns:
    """The built-in campaigns, with a control group of half the customers."""
    built_in = load(None)
    campaigns = tuple(one.model_copy(update={"holdout": 0.5}) for one in built_in.file.campaigns)
    file = built_in.file.model_copy(update={"campaigns": campaigns})
    return Campaigns(file, built_in.templates, built_in.stores.all, built_in.partials, built_in.rates)


def history(seed: int, *more: Mapping[str, Any]) -> Topics:
    """The topics of a shop, with more lines in it."""
    lines = merge(simulate(CUSTOMERS, DAYS, seed), more, key=lambda line: int(line["timestamp"]))
    return Told(records(lines, half_held_out())).topics


def known(topics: Topics, until: datetime) -> dict[str, list[dict[str, Any]]]:
    """What is known of each campaign's customers at a time."""
    told = {
        name: [row for row in topics[name] if time(row[at]) <= until]
        for name, at in (("retargeting.decisions", "decided_at"), ("conversions", "changed_at"),
                         ("identity.merges", "merged_at"))
    }  # fmt: skip
    found = defaultdict(list)
    for row in outcomes(told):
        found[row["campaign"]].append(row)
    return found


def measured(rows: Sequence[dict[str, Any]]) -> list[Measured]:
    """Conversion and revenue of each currency, as `winback uplift` measures them."""
    people = [row for row in rows if not row["contaminated"]]
    customers = Customers(
        np.array([row["arm"] == "treatment" for row in people], bool), np.array([row["share"] for row in people], float)
    )
    found = [measure(customers, np.array([float(row["converted"]) for row in people]), np.zeros(len(people)))]
    for currency in sorted({CURRENCY}.union(*(row["revenue"] for row in people))):
        spent, before = (
            np.array([float(row[name].get(currency, 0)) for row in people]) for name in ("revenue", "before")
        )  # fmt: skip
        found.append(measure(customers, spent, before))
    return found


def claims(topics: Topics) -> bool:
    """Whether any look at the shop proves anything of any campaign."""
    looks = [known(topics, FIRST + timedelta(days=day)) for day in (*range(1, DAYS + 1), DAYS + 14)]
    return any(
        verdict.word in ("more", "less")
        for look in looks
        for verdict in verdicts([(one, None) for rows in look.values() for one in measured(rows)])
    )


def effect(rows: Sequence[dict[str, Any]], topics: Topics, seed: int) -> tuple[float, float]:
    """What the campaign causes, in orders and money a customer: of both arms, who would be written to and react.

    `topics`: of the shop in which nobody reacts, where everybody's other orders are.
    """
    current = today(topics)
    react_to = {
        current.get(row["profile_id"], row["profile_id"]) for row in topics["retargeting.decisions"]
        if row["campaign_id"] == CAMPAIGN and row["outcome"] in ("sent", "held_out")
        and draw(seed, CAMPAIGN, row["profile_id"]) < REACTION
    }  # fmt: skip
    people = [row for row in rows if not row["contaminated"]]
    react = [row["customer"] in react_to for row in people]
    orders = sum(one and not row["converted"] for one, row in zip(react, people, strict=True))
    return orders / len(people), VALUE * sum(react) / len(people)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_shops() -> None:
    """Nobody reacts: at most 5 of 100 prove anything, looked at daily. Half react: 95 of 100 intervals hold that."""
    wrong, always, one_look = 0, np.zeros(2), np.zeros(2)
    for seed in range(100):
        plain = history(seed)
        wrong += claims(plain)
        messages = [row for row in plain["retargeting.messages"] if row["campaign_id"] == CAMPAIGN]
        reacting = history(seed, *reactions(messages, REACTION, seed))
        last = FIRST + timedelta(days=DAYS + 14)
        rows = known(reacting, last)[CAMPAIGN]
        currencies = sorted({CURRENCY}.union(*(row["revenue"] for row in rows if not row["contaminated"])))
        results = measured(rows)
        truths = effect(known(plain, last)[CAMPAIGN], plain, seed)
        for place, result in enumerate((results[0], results[1 + currencies.index(CURRENCY)])):
            assert result.difference is not None
            always[place] += result.difference.always_low <= truths[place] <= result.difference.always_high
            one_look[place] += result.difference.low <= truths[place] <= result.difference.high
    assert wrong <= 5
    assert always.min() >= 95
    assert one_look.min() >= 90
