"""Published answers: differences, lifts, sample ratios, adjusted p-values, minimum detectable effects."""

from __future__ import annotations

import pytest

from analysis.experiments import sequential
from analysis.experiments.arms import Stratum, compared
from analysis.experiments.effects import detectable, difference, lift
from analysis.experiments.moments import Moments
from analysis.experiments.multiple import benjamini_hochberg
from analysis.experiments.sample_ratio import sample_ratio

GROWTHBOOK = Stratum(Moments(3_407, 0.41, 3.9**2), Moments(3_461, 0.70, 6.2**2))


def test_the_difference_of_two_means():
    """GrowthBook's gbstats: means .41 and .70, standard deviations 3.9 and 6.2, of 3,407 and 3,461."""
    arms = compared([GROWTHBOOK])
    assert arms is not None
    found = difference(arms)
    assert found is not None
    assert (found.estimate, found.low, found.high) == pytest.approx((0.29, 0.04538, 0.53462), abs=1e-5)
    assert found.p_value == pytest.approx(0.02016, abs=1e-5)


def test_the_relative_lift_of_the_same():
    """By the delta method."""
    arms = compared([GROWTHBOOK])
    assert arms is not None
    found = lift(arms)
    assert found is not None
    assert (found.estimate, found.standard_error) == pytest.approx((0.70732, 0.37879), abs=1e-5)
    assert (found.low, found.high, found.p_value) == pytest.approx((-0.03526, 1.44989, 0.06191), abs=1e-5)


def test_intervals_that_hold_at_every_look():
    """As gbstats 0.8.0 has them for the same means (SequentialTwoSidedTTest, tuned for 5,000), by Welch's variance."""
    arms = compared([GROWTHBOOK])
    assert arms is not None
    for effect, low, high, p_value in (
        (difference(arms), -0.08941009553834556, 0.6694100955383455, 0.290744559185973),
        (lift(arms), -0.4444237691289097, 1.859057915470373, 0.6986728582483058),
    ):
        assert effect is not None
        reach = sequential.width(6_868) * effect.standard_error
        assert (effect.estimate - reach, effect.estimate + reach) == pytest.approx((low, high))
        assert sequential.p_value(effect.estimate, effect.standard_error, 6_868) == pytest.approx(p_value)
        assert effect.always_low <= low < high <= effect.always_high


@pytest.mark.parametrize(
    ("control", "treatment", "share", "p_value"),
    [
        (600, 400, 0.5, 2.54e-10), (550, 450, 0.5, 0.00157), (44_000, 45_000, 0.5, 0.00080),
        (821_588, 815_482, 0.5, 1.82e-6), (4_072, 2_035, 0.8, 2.40e-149),
    ],
)  # fmt: skip
def test_sample_ratios(control, treatment, share, p_value):
    """Planned 50/50 and 80/20: the chi-square test's p-values."""
    found = sample_ratio([(control, treatment, share)])
    assert found is not None
    assert found.p_value == pytest.approx(p_value, rel=5e-3)
    assert found.alarm == (p_value < 0.001)


def test_a_sample_ratio_by_days_is_that_of_their_sum():
    """Two days of 250 and 300 are 500 and 600, to ten places; 600 of 1,000 is a chi-square of 40."""
    days, whole, known = (sample_ratio(g) for g in ([(250, 300, 0.5)] * 2, [(500, 600, 0.5)], [(600, 400, 0.5)]))
    assert days is not None and whole is not None and known is not None  # noqa: PT018 - for the type checker
    assert days.p_value == pytest.approx(whole.p_value, abs=1e-10)
    assert known.chi_square == pytest.approx(40)


def test_a_sample_ratio_expects_what_each_customer_was_drawn_by():
    """90 of 900 by 10 % and 500 of 1,000 by 50 % are as drawn; the same by 10 % throughout are an alarm."""
    right, wrong = sample_ratio([(90, 810, 0.1), (500, 500, 0.5)]), sample_ratio([(90, 810, 0.1), (500, 500, 0.1)])
    assert right is not None and wrong is not None  # noqa: PT018 - for the type checker
    assert (right.expected, right.chi_square, right.alarm) == (pytest.approx(590), pytest.approx(0), False)
    assert wrong.alarm
    assert sample_ratio([(0, 500, 0.0), (7, 0, 1.0), (3, 4, float("nan"))]) is None


def test_benjamini_hochberg_of_the_paper():
    """The fifteen p-values of the paper's section 4.1: four are rejected at 5 %, where Bonferroni rejects three."""
    p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
                0.7590, 1.0]  # fmt: skip
    assert sum(p <= 0.05 for p in benjamini_hochberg(p_values[::-1])) == 4
    assert benjamini_hochberg(p_values)[:4] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625])
    assert benjamini_hochberg([]) == []


def test_what_could_have_been_found():
    """2.8 standard errors (Bloom): with 10,000 in each arm and 10 % buyers, a difference of 1.19 points."""
    arms = compared([Stratum(Moments.of_rate(1_000, 10_000), Moments.of_rate(1_000, 10_000))])
    assert arms is not None
    assert detectable(arms) == pytest.approx(2.8016 * (2 * 0.09 / 10_000) ** 0.5, rel=1e-3)
