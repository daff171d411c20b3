"""One number of one campaign, over its customers: what the campaign changed of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.experiments import cuped, effects
from analysis.experiments.arms import Arms, Stratum, compared
from analysis.experiments.effects import Effect
from analysis.experiments.moments import Flags, Floats, Moments
from analysis.experiments.sample_ratio import SampleRatio, sample_ratio

FEW: Final = 10
"""Buyers that are to be expected in the smaller arm before anything is claimed."""


@dataclass(frozen=True, slots=True)
class Customers:
    """Those of one campaign who are in one arm, an entry each in both arrays.

    `treated`: whether the arm drawn was treatment. `share`: the chance, 0 to 1, of having been drawn control; NaN where
    it is not known.
    """

    treated: Flags
    share: Floats

    def strata(self) -> list[tuple[float, Flags]]:
        """The chances of control that there were, least first, each with whose it was; NaN is one of its own."""
        known = [(float(share), self.share == share) for share in np.unique(self.share[~np.isnan(self.share)])]
        unknown = np.isnan(self.share)
        return [*known, (float("nan"), unknown)] if unknown.any() else known

    def ratio(self) -> SampleRatio | None:
        """The check of the sizes of the arms; None if nobody's arm was drawn by a known chance."""
        return sample_ratio([
            (int((of & ~self.treated).sum()), int((of & self.treated).sum()), share) for share, of in self.strata()
        ])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of one number: means a customer, and what treatment changed.

    `control` and `treatment` are the customers that the means are over; `apart` those of times in which all were in one
    arm: they are compared with nobody. `adjusted` is the difference by CUPED and `explained` the part of the variance
    (0 to 1) that it took out. `detectable`: the least difference that so many customers would show (power 80 %).
    `enough`: whether there are buyers enough for a claim. Without a second arm all that compares is None.
    """

    control: int
    treatment: int
    apart: int
    control_mean: float | None
    treatment_mean: float | None
    difference: Effect | None
    lift: Effect | None
    adjusted: Effect | None
    explained: float | None
    detectable: float | None
    enough: bool


def measure(customers: Customers, outcome: Floats, before: Floats) -> Measured:
    """What the arm changed of `outcome`, of which `before` is what the customers did before their first decision.

    Both have an entry for each of the `customers`.
    """
    treated, strata = customers.treated, customers.strata()
    groups = [[outcome[of & ~treated], outcome[of & treated]] for _, of in strata]
    found = _arms(groups)
    if found is None:
        everyone = [Moments.of(outcome[~treated]), Moments.of(outcome[treated])]
        means = [one.mean if one.count else None for one in everyone]
        return Measured(
            everyone[0].count, everyone[1].count, 0, means[0], means[1], None, None, None, None, None, enough=False
        )
    arms, kept = found
    prior = [[before[of & ~treated], before[of & treated]] for _, of in strata]
    pairs = [(y, x) for n in kept for y, x in zip(groups[n], prior[n], strict=True)]
    left, explained = cuped.adjusted(pairs, [n for n in kept for _ in range(2)])
    adjusted = _arms([left[place : place + 2] for place in range(0, len(left), 2)]) if explained else None
    return Measured(
        arms.control, arms.treatment, len(outcome) - arms.customers, arms.control_mean, arms.treatment_mean,
        effects.difference(arms), effects.lift(arms), None if adjusted is None else effects.difference(adjusted[0]),
        explained if adjusted is not None else None, effects.detectable(arms) or None,
        enough=_enough(arms, np.concatenate([y for y, _ in pairs])),
    )  # fmt: skip


def _arms(groups: list[list[Floats]]) -> tuple[Arms, list[int]] | None:
    """Control and treatment of each stratum as one comparison, and the numbers of the strata that are in it."""
    strata = [Stratum(Moments.of(control), Moments.of(treatment)) for control, treatment in groups]
    arms = compared(strata)
    return None if arms is None else (arms, [n for n, stratum in enumerate(strata) if stratum.comparable])


def _enough(arms: Arms, outcome: Floats) -> bool:
    """Whether the smaller arm is to have `FEW` buyers, and of a yes or no as many others."""
    buyers = int(np.count_nonzero(outcome))
    rarer = min(buyers, len(outcome) - buyers) if set(np.unique(outcome)) <= {0.0, 1.0} else buyers
    return rarer * min(arms.control, arms.treatment) >= FEW * arms.customers
