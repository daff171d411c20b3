"""Whether the arms have as many customers as they were drawn to have: if not, something is broken, no number holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt
from typing import Final

ALARM: Final = 0.001
"""A p-value below it is an alarm. Stricter than for effects, as it is looked at often and ends all else.

Kohavi, Tang, Xu, "Trustworthy Online Controlled Experiments" (2020), chapter 21.
"""


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """Customers of control as counted and as expected, with the test: chi-square of one degree of freedom."""

    control: int
    expected: float
    chi_square: float
    p_value: float

    @property
    def alarm(self) -> bool:
        """Whether chance does not explain it."""
        return self.p_value < ALARM


def sample_ratio(groups: Sequence[tuple[int, int, float]]) -> SampleRatio | None:
    """The test over `groups`, each (customers of control, customers of treatment, chance of control, 0 to 1).

    Groups whose chance is 0 or 1 tell nothing; None without any other. With one chance it is Pearson's chi-square; with
    several, the variance is the sum of those of the groups (Fabijan et al., "Diagnosing sample ratio mismatch in online
    controlled experiments", KDD 2019).
    """
    drawn = [(control, treatment, share) for control, treatment, share in groups if 0 < share < 1]
    variance = sum((control + treatment) * share * (1 - share) for control, treatment, share in drawn)
    if not variance:
        return None
    control = sum(group[0] for group in drawn)
    expected = sum((control + treatment) * share for control, treatment, share in drawn)
    chi_square = (control - expected) ** 2 / variance
    return SampleRatio(control, expected, chi_square, erfc(sqrt(chi_square / 2)))
