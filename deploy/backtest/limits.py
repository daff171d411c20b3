"""What a backtest cannot know, in words that stand under every one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ALWAYS: Final = (
    (
        "How people would have reacted: opens, clicks, unsubscribes and purchases of the history followed the old"
        " messages. A message that only the new campaigns send has no reaction here."
    ),
    (
        "What old messages set off stays: their clicks start campaigns, engage sequences of their campaign, and decide"
        " about channels and hours, also where the new campaigns would not have sent them."
    ),
    "Revenue and margin: nothing of it is caused by the new campaigns. Only a control group measures that (v_uplift).",
    "Delivery: channels that were down, and addresses that a provider would have refused for the new messages alone.",
    "What offers cost: the worst case has every code redeemed on the largest cart that it was offered for.",
)
_LINES: Final = "When events came: lines go by the times of the events alone, so nothing is late and nothing is stale."
_SILENT: Final = (
    "Words of operators: splits, erasures and imported lists of suppressed addresses are played with --operators DIR."
)
_STORED: Final = (
    ("Campaigns files that were in force for a while: each file is played as if it had been in force all the time."),
    (
        "The wall clock of that time: a step that was stale (max_trigger_age), because events came hours late, is"
        " decided here as if they had come just in time for it."
    ),
    "What was said of an address before the last word on it: of each address the last word alone is kept.",
)
_ERASED: Final = (
    "What people did who were erased since: it is gone on purpose, and so is what it taught about the hours and prices"
    " of others."
)


def limits(*, stored: bool, said: Mapping[str, int]) -> list[str]:
    """The sentences, each complete; `stored`: the history is that of ClickHouse, else that of input lines.

    `said` counts the words of operators that were played (`words.Said.counts`).
    """
    found = [*_ALWAYS, *(_STORED if stored else (_LINES,))]
    if not stored and not any(said.values()):
        found.append(_SILENT)
    if said["erased_profiles"]:
        found.append(_ERASED)
    if said["unknown_splits"]:
        found.append("Splits of before this version: nobody wrote down which identifier was cut off.")
    return found
