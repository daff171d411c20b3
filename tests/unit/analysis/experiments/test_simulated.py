"""The error rates that the methods promise, by simulation of customers who buy seldom and very unequally much."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.experiments import sequential
from analysis.experiments.measure import FEW, Customers, measure
from analysis.experiments.verdicts import verdicts

LOOKS = 1_000


def shop(rng, number, rate, spread, held_out, effect=0.0):
    """Customers, and what each has spent: `rate` of them buy, log-normal amounts; `effect` more of them if treated."""
    treated = rng.random(number) >= held_out
    bought = rng.random(number) < rate + effect * treated
    return Customers(treated, np.full(number, held_out)), bought * np.exp(rng.normal(3.5, spread, number))


def ever_claimed(people, spent, at):
    """Whether any of the looks, after so many customers each, finds the always-valid interval without 0; all at once.

    The same sums as `analysis.experiments.effects`, which one look a seed is compared with below.
    """
    sums = {}
    for arm in (False, True):
        of = people.treated == arm
        count = np.cumsum(of)[at - 1]
        mean = np.cumsum(spent * of)[at - 1] / np.maximum(count, 1)
        squares = np.cumsum(spent**2 * of)[at - 1] - count * mean**2
        sums[arm] = count, mean, squares
    (c, c_mean, c_squares), (t, t_mean, t_squares) = sums[False], sums[True]
    with np.errstate(divide="ignore", invalid="ignore"):
        own = c_squares / (c - 1) / c + t_squares / (t - 1) / t
        pooled = (c_squares + t_squares) / (c + t - 2) * (1 / c + 1 / t)
        reach = np.array([sequential.width(int(n)) for n in at]) * np.sqrt(np.maximum(own, pooled))
        enough = np.cumsum(spent > 0)[at - 1] * np.minimum(c, t) >= FEW * at
        found = enough & (np.minimum(c, t) > 1) & (np.abs(t_mean - c_mean) > reach)
    last = measure(Customers(people.treated[: at[-1]], people.share[: at[-1]]), spent[: at[-1]], np.zeros(at[-1]))
    assert last.difference is not None
    assert last.difference.always_high - last.difference.estimate == pytest.approx(reach[-1])
    return bool(found.any())


def claims(seeds, number, rate, spread, held_out):
    """The part of the seeds in which any of 1,000 looks claims an effect, of the buying and of the money."""
    at = np.unique(np.linspace(10, number, LOOKS).astype(int))
    found = np.zeros(2)
    for seed in range(seeds):
        people, spent = shop(np.random.default_rng(seed), number, rate, spread, held_out)
        found += ever_claimed(people, (spent > 0).astype(float), at), ever_claimed(people, spent, at)
    return found / seeds


def test_a_look_after_each_customer_claims_nothing_where_nothing_is():
    """A few seeds of what the slow test below does with many."""
    assert claims(12, 2_000, 0.1, 1.0, 0.1).max() <= 1 / 12


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "rate", "spread", "held_out"),
    [(5_000, 0.05, 1.0, 0.1), (5_000, 0.2, 1.0, 0.1), (10_000, 0.03, 1.5, 0.1), (5_000, 0.1, 1.0, 0.5)],
)
def test_a_thousand_looks_are_wrong_in_one_of_twenty_seeds_at_most(number, rate, spread, held_out):
    """Nothing has an effect: at most 5 % of 500 seeds claim one at any of 1,000 looks, for buying and for money."""
    assert claims(500, number, rate, spread, held_out).max() <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize(("held_out", "effect"), [(0.5, 0.03), (0.1, 0.0), (0.1, 0.05)])
def test_intervals_cover_what_was_built_in(held_out, effect):
    """Of 1,000 seeds 95 % cover, of one look at a set time within what chance allows; always-valid ones more.

    One look at money is the least exact (few buyers in a small control arm, very unequal amounts): 92 %.
    """
    covered, mean = np.zeros(4), np.exp(3.5 + 0.5)
    for seed in range(1_000):
        people, spent = shop(np.random.default_rng(seed), 6_000, 0.1, 1.0, held_out, effect)
        for place, (outcome, unit) in enumerate((((spent > 0).astype(float), 1.0), (spent, mean))):
            found = measure(people, outcome, np.zeros(len(spent))).difference
            assert found is not None
            covered[place] += found.low <= effect * unit <= found.high
            covered[place + 2] += found.always_low <= effect * unit <= found.always_high
    assert covered[0] >= 937
    assert covered[1] >= 920
    assert covered[2:].min() >= 980


@pytest.mark.slow
def test_ten_campaigns_without_effect_are_silent():
    """In 95 of 100 seeds no verdict of ten campaigns and two numbers each claims anything, at any of 20 looks."""
    wrong = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        campaigns = [shop(rng, 4_000, 0.08, 1.0, 0.1) for _ in range(10)]
        for look in range(200, 4_001, 200):
            found = [
                (measure(Customers(p.treated[:look], p.share[:look]), outcome[:look], np.zeros(look)), None)
                for p, spent in campaigns
                for outcome in ((spent > 0).astype(float), spent)
            ]
            if any(verdict.word in ("more", "less") for verdict in verdicts(found)):
                wrong += 1
                break
    assert wrong <= 5
