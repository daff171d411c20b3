"""What a backtest cannot know, in words that stand under every one."""

from __future__ import annotations

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
_STORED: Final = (
    (
        "Words of operators: splits, erasures, imported lists of suppressed addresses, and other campaigns files that"
        " were in force for a while, are not played again."
    ),
    (
        "The wall clock of that time: a step that was stale (max_trigger_age), because events came hours late, is"
        " decided here as if they had come just in time for it."
    ),
)


def limits(*, stored: bool) -> list[str]:
    """The sentences, each complete; `stored`: the history is that of ClickHouse, else that of input lines."""
    return [*_ALWAYS, *(_STORED if stored else (_LINES,))]
