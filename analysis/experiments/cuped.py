"""CUPED: what customers did before is taken out of what they did since, so that less is left to chance.

Source: Deng, Xu, Kohavi, Walker, "Improving the sensitivity of online controlled experiments by utilizing
pre-experiment data", WSDM 2013.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.experiments.moments import Floats


def adjusted(groups: Sequence[tuple[Floats, Floats]], strata: Sequence[int]) -> tuple[list[Floats], float]:
    """The outcomes without what the time before tells of them, and the part of their variance that went (0 to 1).

    `groups` are the arms of all strata, each (outcome, what was done before), of one shape; `strata` says of each group
    which stratum it is of. The slope is that within groups, over all of them; what was done before is taken from the
    mean of its stratum, so that no mean of a stratum changes. Where nothing was done before, nothing changes.
    """
    centred = [(y - y.mean(), x - x.mean()) for y, x in groups if len(y)]
    before = sum(float(x @ x) for _, x in centred)
    total = sum(float(y @ y) for y, _ in centred)
    common = sum(float(x @ y) for y, x in centred)
    if before <= 0 or total <= 0:
        return [y for y, _ in groups], 0.0
    slope = common / before
    means = {
        stratum: float(np.concatenate([x for (_, x), of in zip(groups, strata, strict=True) if of == stratum]).mean())
        for stratum in set(strata)
    }
    left = [y - slope * (x - means[number]) for (y, x), number in zip(groups, strata, strict=True)]
    return left, common**2 / (before * total)
