"""What is measured of one number: strata, one arm, CUPED, intervals that hold at every look, what may be claimed."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.experiments import cuped, sequential
from analysis.experiments.measure import Customers, measure
from analysis.experiments.verdicts import verdicts

NONE = np.zeros(0)


def customers(treated, share=0.5):
    """Customers by whether they are treated, all drawn by that chance unless it is one each."""
    treated = np.array(treated, bool)
    return Customers(treated, np.full(len(treated), share) if np.isscalar(share) else np.array(share, float))


def halves(number, seed=1):
    """So many customers, drawn into two halves, and the generator."""
    rng = np.random.default_rng(seed)
    return customers(rng.random(number) < 0.5), rng


def test_strata_are_compared_each_with_itself():
    """The holdout goes from 10 % to 50 % as everybody begins to buy: both arms did the same, and nothing is found."""
    treated = [*[False] * 10, *[True] * 90, *[False] * 50, *[True] * 50]
    bought = np.array([*[1, 0] * 5, *[1, 0] * 45, *[10, 9] * 25, *[10, 9] * 25], float)
    found = measure(customers(treated, [*[0.1] * 100, *[0.5] * 100]), bought, np.zeros(200))
    assert found.difference is not None
    assert found.difference.estimate == pytest.approx(0)
    assert (found.control_mean, found.treatment_mean, found.apart) == (pytest.approx(5), pytest.approx(5), 0)
    pooled = measure(customers(treated, float("nan")), bought, np.zeros(200))
    assert pooled.difference is not None
    assert pooled.difference.estimate < -3


def test_times_of_one_arm_are_left_out():
    """Before there was a holdout all were treated: they are counted, and compared with nobody."""
    treated = [*[True] * 40, *[False, True] * 30]
    found = measure(customers(treated, [*[0.0] * 40, *[0.5] * 60]), np.arange(100.0), np.zeros(100))
    assert (found.control, found.treatment, found.apart) == (30, 30, 40)
    assert found.difference is not None
    assert found.difference.estimate == pytest.approx(1)


def test_one_arm_alone_makes_no_claim():
    """Its mean is told; whatever compares is not known, and the verdict says why. The same of nobody at all."""
    alone = measure(customers([True] * 3, 0.0), np.array([1.0, 0, 5]), np.zeros(3))
    assert (alone.control, alone.treatment, alone.control_mean, alone.treatment_mean) == (0, 3, None, 2)
    nobody = measure(customers([]), NONE, NONE)
    assert (nobody.control_mean, nobody.treatment_mean) == (None, None)
    for found in (alone, nobody):
        assert (found.difference, found.lift, found.adjusted, found.detectable) == (None,) * 4
        assert verdicts([(found, None)])[0].word == "one arm"


def test_where_nobody_bought_nothing_is_known():
    """Both means are 0, and there is no interval of no width."""
    found = measure(customers([True, False] * 50), np.zeros(100), np.zeros(100))
    assert (found.control_mean, found.treatment_mean, found.difference, found.detectable) == (0, 0, None, None)
    assert verdicts([(found, None)])[0].word == "too early"


def test_cuped_takes_out_the_square_of_the_correlation():
    """Of outcomes that go along with what was done before by .8, 64 % of the variance goes; the effect stays."""
    people, rng = halves(20_000)
    before = rng.gamma(2, 10, 20_000)
    outcome = 0.8 * (before - 20) / before.std() + 0.6 * rng.standard_normal(20_000) + 0.1 * people.treated
    found = measure(people, outcome, before)
    assert found.explained == pytest.approx(0.64, abs=0.02)
    assert found.difference is not None and found.adjusted is not None  # noqa: PT018 - for the type checker
    assert (found.adjusted.standard_error / found.difference.standard_error) ** 2 == pytest.approx(0.36, abs=0.02)
    assert found.adjusted.estimate == pytest.approx(0.1, abs=3 * found.adjusted.standard_error)


def test_cuped_without_a_time_before_changes_nothing():
    """Who was never seen before tells nothing about himself."""
    outcome = np.arange(4.0)
    left, explained = cuped.adjusted([(outcome, np.zeros(4))], [0])
    assert (left[0].tolist(), explained) == (outcome.tolist(), 0.0)
    assert measure(customers([True, False] * 20), np.arange(40.0), np.zeros(40)).adjusted is None


def test_the_always_valid_p_value_is_where_the_interval_meets_nothing():
    """An interval at the error rate of the p-value just touches 0; it is wider than one look's, least so as tuned."""
    for number in (50, 5_000, 500_000):
        p = sequential.p_value(3.7, 1.0, number)
        assert sequential.width(number, p) == pytest.approx(3.7)
        assert sequential.width(number) > 2.4
    widths = {tuned: sequential.width(5_000, tuned_for=tuned) for tuned in (2_500, 5_000, 10_000)}
    assert widths[5_000] == pytest.approx(3.035, abs=0.001) == min(widths.values())
    assert (sequential.width(0), sequential.p_value(1, 0, 10), sequential.p_value(0, 1, 10)) == (float("inf"), 1, 1)


def test_an_effect_is_proven_when_enough_have_bought():
    """Twice as many buyers are seen with 2,000 customers, not with 40; fewer are as well; and no difference is none."""
    words = {}
    for name, number, rates in (
        ("more", 2_000, (0.1, 0.2)), ("less", 2_000, (0.2, 0.1)), ("not shown", 2_000, (0.1, 0.1)),
        ("too early", 40, (0.1, 0.2)),
    ):  # fmt: skip
        treated = np.arange(number) % 2 == 0
        bought = np.where(np.arange(number) // 2 % 10 < np.where(treated, rates[1], rates[0]) * 10, 1.0, 0.0)
        words[name] = verdicts([(measure(customers(treated), bought, np.zeros(number)), None)])[0].word
    assert words == {word: word for word in words}


def test_arms_that_are_not_as_drawn_end_all_claims():
    """A proven effect is none where the sizes of the arms are an alarm."""
    people = customers([*[True] * 1_500, *[False] * 500])
    found = measure(people, np.where(people.treated, 1.0, 0) * (np.arange(2_000) % 2), np.zeros(2_000))
    assert verdicts([(found, None)])[0].word == "more"
    assert verdicts([(found, people.ratio())])[0].word == "sample ratio"


def test_many_campaigns_make_chance_finds_rare():
    """An effect that alone is proven is not, among twenty campaigns that show nothing."""

    def one(buyers):
        bought = np.zeros(4_000)
        bought[::2][:buyers], bought[1::2][:200] = 1, 1
        return measure(customers([True, False] * 2_000), bought, np.zeros(4_000)), None

    found = [one(268), *[one(200)] * 20]
    assert verdicts(found[:1])[0].word == "more"
    assert {verdict.word for verdict in verdicts(found)} == {"not shown"}


def test_a_lift_needs_something_to_be_relative_to():
    """Control brought nothing, or less than nothing: there is a difference, and no lift."""
    found = measure(customers([True, False] * 50), np.array([2.0, -1] * 25 + [1.0, -2] * 25), np.zeros(100))
    assert found.difference is not None
    assert found.lift is None
