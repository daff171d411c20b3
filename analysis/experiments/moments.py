"""What is known of one arm: how many customers, the mean and the variance of what they did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""One value a customer."""
Flags = NDArray[np.bool_]
"""Yes or no of each customer."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean and sample variance (divided by count - 1) of one number a customer; both 0 for nobody."""

    count: int
    mean: float
    variance: float

    @classmethod
    def of(cls, values: Floats) -> Self:
        """The moments of one value a customer."""
        count = len(values)
        return cls(count, float(values.mean()) if count else 0.0, float(values.var(ddof=1)) if count > 1 else 0.0)

    @classmethod
    def of_rate(cls, successes: int, count: int) -> Self:
        """The moments of a yes or no: so many `successes` among `count` customers."""
        rate = successes / count if count else 0.0
        return cls(count, rate, rate * (1 - rate) * count / (count - 1) if count > 1 else 0.0)

    @property
    def error(self) -> float:
        """The variance of the mean, 0 for nobody."""
        return self.variance / self.count if self.count else 0.0
