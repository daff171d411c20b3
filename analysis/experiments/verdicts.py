"""What may be said: of many comparisons at once, which show an effect, and what is missing for the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.experiments.effects import ALPHA
from analysis.experiments.measure import Measured
from analysis.experiments.multiple import benjamini_hochberg
from analysis.experiments.sample_ratio import SampleRatio

Word = Literal["more", "less", "not shown", "too early", "one arm", "sample ratio"]
"""`more`, `less`: treatment brings it, proven. `not shown`: it may be anything in the interval, nothing included. `too
early`: too few have bought. `one arm`: nobody to compare with. `sample ratio`: the arms are not what was drawn."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The word, and the always-valid p-value adjusted for all that was asked; None where nothing was tested."""

    word: Word
    adjusted_p_value: float | None


def verdicts(comparisons: Sequence[tuple[Measured, SampleRatio | None]]) -> list[Verdict]:
    """The verdict on each of the comparisons, in their order, with the check of its campaign's arms.

    An effect is proven by the always-valid p-value of the difference, adjusted (Benjamini-Hochberg) over all
    comparisons that can be tested: so at most one claim in twenty is false, also for who looks every day.
    """
    tested = [_testable(measured, ratio) for measured, ratio in comparisons]
    adjusted = iter(benjamini_hochberg([p for p in tested if p is not None]))
    p_values = [None if p is None else next(adjusted) for p in tested]
    return [
        Verdict(_word(measured, ratio, p), p) for (measured, ratio), p in zip(comparisons, p_values, strict=True)
    ]  # fmt: skip


def _testable(measured: Measured, ratio: SampleRatio | None) -> float | None:
    if measured.difference is None or not measured.enough or (ratio is not None and ratio.alarm):
        return None
    return measured.difference.always_p_value


def _word(measured: Measured, ratio: SampleRatio | None, adjusted: float | None) -> Word:
    if ratio is not None and ratio.alarm:
        return "sample ratio"
    if not measured.control or not measured.treatment:
        return "one arm"
    if adjusted is None or measured.difference is None:
        return "too early"
    if adjusted > ALPHA:
        return "not shown"
    return "more" if measured.difference.estimate > 0 else "less"
