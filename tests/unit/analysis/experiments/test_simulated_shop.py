"""The simulated shop, in which nobody reacts to messages: its campaigns show no effect, and one put in is covered.

The shop, its campaigns and its orders go through the whole pipeline once a seed. Nobody reacts, so arms drawn by
another secret would have changed nothing else: each shop is judged under many secrets. An effect is put into what
customers did after their first decision.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pytest

from analysis.experiments.measure import Customers, Measured, measure
from analysis.experiments.verdicts import verdicts
from deploy.shop.clock import START
from streams.campaigns import load
from streams.core.campaigns import CampaignFile
from streams.core.messaging.experiments import ExperimentAssignment
from tests.answers.uplift import outcomes, time
from tests.support.shop_topics import CUSTOMERS, DAYS, SEED, shop_topics

FIRST = datetime.fromtimestamp(START / 1000, UTC)
People = dict[str, list[dict[str, Any]]]
"""By campaign, what `tests.answers.uplift.outcomes` says of each customer."""


def looks(customers: int, days: int, seed: int) -> list[People]:
    """What is known at the end of each day, and two weeks later."""
    topics, found = shop_topics(customers, days, seed), []
    for day in (*range(1, days + 1), days + 14):
        until = FIRST + timedelta(days=day)
        known = {
            "retargeting.decisions": [r for r in topics["retargeting.decisions"] if time(r["decided_at"]) <= until],
            "conversions": [r for r in topics["conversions"] if time(r["changed_at"]) <= until],
            "identity.merges": [r for r in topics["identity.merges"] if time(r["merged_at"]) <= until],
        }
        people: People = defaultdict(list)
        for row in outcomes(known):
            people[row["campaign"]].append(row)
        found.append(dict(people))
    return found


def lot(secret: str, held_out: str) -> Any:
    """Whether a customer is treated in a campaign, as a worker with that secret draws it."""
    campaigns = {
        campaign.id: campaign.model_copy(update={"holdout": float(held_out)}) for campaign in load(None).file.campaigns
    }
    draw = ExperimentAssignment(CampaignFile(), secret)
    return lambda row: draw.arm(row["customer"], campaigns[row["campaign"]]) == "treatment"


def measured(
    rows: list[dict[str, Any]], treated: Any, held_out: str, effect: float = 0, seed: int = 0
) -> list[Measured]:
    """Conversion, and revenue of each currency; `effect` is the chance with which who is treated buys for 30 more."""
    people = Customers(np.array([treated(row) for row in rows], bool), np.full(len(rows), float(held_out)))
    random = Random(seed)
    more = np.array([random.random() < effect and treats for treats in people.treated], bool)
    bought = np.array([row["converted"] for row in rows]) | more
    numbers = [(bought.astype(float), np.zeros(len(rows)))]
    for currency in sorted({one for row in rows for one in row["revenue"]} | {"EUR"}):
        spent = np.array([float(row["revenue"].get(currency, 0)) for row in rows])
        before = np.array([float(row["before"].get(currency, 0)) for row in rows])
        numbers.append((spent + 30 * more * (currency == "EUR"), before))
    return [measure(people, outcome, prior) for outcome, prior in numbers]


def claims(known: list[People], secret: str, held_out: str) -> bool:
    """Whether any look of the shop under this secret proves anything of any campaign."""
    treated = lot(secret, held_out)
    return any(
        verdict.word in ("more", "less")
        for people in known
        for verdict in verdicts([(one, None) for rows in people.values() for one in measured(rows, treated, held_out)])
    )


def test_a_small_shop_claims_nothing() -> None:
    """Twenty secrets, at the end of each of three days: what the slow test does with more shops and larger ones."""
    known = looks(CUSTOMERS, DAYS, SEED)
    assert sum(len(rows) for rows in known[-1].values()) > 50
    assert sum(claims(known, f"secret-{n}", "0.5") for n in range(20)) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("held_out", ["0.1", "0.5"])
def test_shops_in_which_nobody_reacts_claim_nothing(held_out: str) -> None:
    """Two shops of 800 customers, fifty secrets each, looked at daily: at most 5 of 100 prove anything."""
    wrong = 0
    for seed in range(2):
        known = looks(800, 3, seed)
        wrong += sum(claims(known, f"secret-{n}", held_out) for n in range(50))
    assert wrong <= 5


@pytest.mark.slow
@pytest.mark.parametrize(("effect", "least"), [(0.15, 0), (0.6, 95)])
def test_an_effect_that_was_put_in_is_covered(effect: float, least: int) -> None:
    """15 or 60 % of those treated buy for 30 more: in 95 of 100 the interval for every look covers it.

    The interval for one look does in as many as chance allows (90 of 100 or more); the large effect is proven in 95.
    """
    covered, one_look, found, cases = np.zeros(2), np.zeros(2), 0, 0
    for seed in range(2):
        known = looks(800, 3, seed)[-1]
        for n in range(50):
            cases += 1
            rows = max(known.values(), key=len)
            results = measured(rows, lot(f"secret-{n}", "0.5"), "0.5", effect, n)
            currencies = sorted({one for row in rows for one in row["revenue"]} | {"EUR"})
            base = sum(not row["converted"] for row in rows) / len(rows)
            for place, (result, truth) in enumerate((
                (results[0], effect * base), (results[1 + currencies.index("EUR")], effect * 30)
            )):  # fmt: skip
                assert result.difference is not None
                covered[place] += result.difference.always_low <= truth <= result.difference.always_high
                one_look[place] += result.difference.low <= truth <= result.difference.high
            found += verdicts([(results[0], None)])[0].word == "more"
    assert cases == 100
    assert covered.min() >= 95
    assert one_look.min() >= 90
    assert found >= least
