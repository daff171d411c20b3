"""Intervals and p-values that hold however often one looks: for people who look every day.

The interval is the asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform
central limit theory and asymptotic confidence sequences", Annals of Statistics 52 (2024), theorem 2.2, tuned as its
appendix says; the p-value is what it comes to for an effect of nothing, which is that of a mixture sequential
probability ratio test (Johari, Koomen, Pekelis, Walsh, "Always valid inference", Operations Research 70 (2022)).
"""

from __future__ import annotations

from math import exp, inf, log, sqrt
from typing import Final

TUNED_FOR: Final = 5_000
"""Customers at which the interval is narrowest; chosen before any data. GrowthBook's default is the same."""


def mixture(alpha: float, tuned_for: int = TUNED_FOR) -> float:
    """The variance of the mixture, per customer: narrowest at `tuned_for` customers for an error rate of `alpha`."""
    return (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / tuned_for


def width(customers: int, alpha: float = 0.05, tuned_for: int = TUNED_FOR) -> float:
    """How many standard errors the interval reaches to each side, with so many `customers` in both arms.

    With probability 1 - `alpha` the true value is in it at every look; `tuned_for` as in `mixture`, of 5 %.
    """
    seen = customers * mixture(0.05, tuned_for)
    return sqrt(2 * (seen + 1) / seen * log(sqrt(seen + 1) / alpha)) if seen > 0 else inf


def p_value(estimate: float, standard_error: float, customers: int, tuned_for: int = TUNED_FOR) -> float:
    """The least error rate at which the interval around `estimate` leaves out 0; 1 at most.

    `standard_error` of the estimate, so many `customers` in both arms, `tuned_for` as in `mixture`.
    """
    if standard_error <= 0 or customers <= 0:
        return 1.0
    seen = customers * mixture(0.05, tuned_for)
    return min(1.0, sqrt(seen + 1) * exp(-((estimate / standard_error) ** 2) / 2 * seen / (seen + 1)))
