"""Two arms beside each other, in one stratum or in several: the means that are compared, and how sure they are.

A stratum is a time in which the chance of being held out was the same. Customers of different strata are not compared
with each other: when the holdout goes from 10 % to 50 % before Christmas, control would else be the arm that buys more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.experiments.moments import Moments

ENOUGH: int = 2
"""Customers of an arm without whom its variance is not known."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """The two arms of one stratum."""

    control: Moments
    treatment: Moments

    @property
    def comparable(self) -> bool:
        """Whether both arms have enough customers for a variance."""
        return min(self.control.count, self.treatment.count) >= ENOUGH

    @property
    def pooled_variance(self) -> float:
        """The variance within arms, taken to be the same in both (Student)."""
        control, treatment = self.control, self.treatment
        squares = control.variance * (control.count - 1) + treatment.variance * (treatment.count - 1)
        return squares / (self.size - 2) if self.size > ENOUGH else 0.0

    @property
    def size(self) -> int:
        """Customers of both arms."""
        return self.control.count + self.treatment.count


@dataclass(frozen=True, slots=True)
class Arms:
    """The means of both arms over all strata, each stratum weighted by its customers.

    `control` and `treatment` are the customers compared; `control_error` and `treatment_error` the variances of the
    means, each by the variance of its own arm, `pooled_control_error` and `pooled_treatment_error` by that of both arms
    together. `freedom`: the degrees of freedom of the difference (Welch-Satterthwaite).
    """

    control: int
    treatment: int
    control_mean: float
    treatment_mean: float
    control_error: float
    treatment_error: float
    pooled_control_error: float
    pooled_treatment_error: float
    freedom: float

    @property
    def customers(self) -> int:
        """Customers of both arms."""
        return self.control + self.treatment


def compared(strata: Sequence[Stratum]) -> Arms | None:
    """The arms of all strata that can be compared, post-stratified; None where there is none.

    Source: Miratrix, Sekhon, Yu, "Adjusting treatment effect estimates by post-stratification in randomized
    experiments", J. R. Stat. Soc. B 75 (2013); freedom: Satterthwaite, Biometrics Bulletin 2 (1946).
    """
    usable = [stratum for stratum in strata if stratum.comparable]
    if not usable:
        return None
    customers = sum(stratum.size for stratum in usable)
    weighted = [(stratum.size / customers, stratum) for stratum in usable]
    control = [weight**2 * stratum.control.error for weight, stratum in weighted]
    treatment = [weight**2 * stratum.treatment.error for weight, stratum in weighted]
    spread = sum(
        c**2 / (stratum.control.count - 1) + t**2 / (stratum.treatment.count - 1)
        for c, t, stratum in zip(control, treatment, usable, strict=True)
    )
    return Arms(
        sum(stratum.control.count for stratum in usable),
        sum(stratum.treatment.count for stratum in usable),
        sum(weight * stratum.control.mean for weight, stratum in weighted),
        sum(weight * stratum.treatment.mean for weight, stratum in weighted),
        sum(control),
        sum(treatment),
        sum(weight**2 * stratum.pooled_variance / stratum.control.count for weight, stratum in weighted),
        sum(weight**2 * stratum.pooled_variance / stratum.treatment.count for weight, stratum in weighted),
        (sum(control) + sum(treatment)) ** 2 / spread if spread else float("inf"),
    )
