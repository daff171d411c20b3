"""What an arm changed: the difference of two means, and the lift relative to control, each with its intervals."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

from scipy import special

from analysis.experiments import sequential
from analysis.experiments.arms import Arms

ALPHA: Final = 0.05
"""Every interval is one of 95 %."""


@dataclass(frozen=True, slots=True)
class Effect:
    """An estimate with its standard error, both in the unit of the estimate.

    `low`, `high` and `p_value` hold for one look at a time that was set beforehand; `always_low`, `always_high` and
    `always_p_value` at any number of looks (`always_error` is the standard error that they use). `chance_to_beat` is
    the probability that the true value is above 0, for who knew nothing before.
    """

    estimate: float
    standard_error: float
    low: float
    high: float
    p_value: float
    always_error: float
    always_low: float
    always_high: float
    always_p_value: float
    chance_to_beat: float


def difference(arms: Arms) -> Effect | None:
    """Mean of treatment less mean of control, a customer; None where nothing varies.

    Source: Welch, "The generalization of Student's problem when several different population variances are involved",
    Biometrika 34 (1947).
    """
    own = arms.control_error + arms.treatment_error
    pooled = arms.pooled_control_error + arms.pooled_treatment_error
    return _effect(arms, arms.treatment_mean - arms.control_mean, own, pooled)


def lift(arms: Arms) -> Effect | None:
    """The difference as a part of control's mean (0.1: 10 % more); None where that is not above 0 or nothing varies.

    By the delta method: Deng, Knoblich, Lu, "Applying the delta method in metric analytics", KDD 2018, section 2.2.
    """
    base = arms.control_mean
    if base <= 0:
        return None
    ratio = arms.treatment_mean / base
    own = (arms.treatment_error + ratio**2 * arms.control_error) / base**2
    pooled = (arms.pooled_treatment_error + ratio**2 * arms.pooled_control_error) / base**2
    return _effect(arms, ratio - 1, own, pooled)


def _effect(arms: Arms, estimate: float, own: float, pooled: float) -> Effect | None:
    """The effect, with the variance of the estimate by each arm's own variance and by the pooled one.

    Who looks often meets the day on which a small control arm has by chance bought little and so varies little: its
    own variance then makes the interval too narrow. The larger of the two variances does not follow it there.
    """
    if own <= 0:
        return None
    error, always_error = sqrt(own), sqrt(max(own, pooled))
    reach = float(special.stdtrit(arms.freedom, 1 - ALPHA / 2)) * error
    always = sequential.width(arms.customers, ALPHA) * always_error
    return Effect(
        estimate,
        error,
        estimate - reach,
        estimate + reach,
        float(2 * special.stdtr(arms.freedom, -abs(estimate) / error)),
        always_error,
        estimate - always,
        estimate + always,
        sequential.p_value(estimate, always_error, arms.customers),
        chance_to_beat(estimate, error),
    )


def chance_to_beat(estimate: float, standard_error: float) -> float:
    """The posterior probability that the true value is above 0, given `estimate` and `standard_error`.

    With a flat prior the posterior is normal around the estimate: Gelman et al., "Bayesian Data Analysis", 3rd edition,
    section 2.5 (normal data of known variance).
    """
    return float(special.ndtr(estimate / standard_error))


def detectable(arms: Arms, power: float = 0.8) -> float:
    """The least true difference that so many customers would show with that `power`, 80 % by default.

    In the unit of the mean; 0 where nothing varies. Source: Bloom, "Minimum detectable effects", Evaluation Review 19
    (1995).
    """
    error = sqrt(arms.control_error + arms.treatment_error)
    if not error:
        return 0.0
    return float(special.stdtrit(arms.freedom, 1 - ALPHA / 2) + special.stdtrit(arms.freedom, power)) * error
