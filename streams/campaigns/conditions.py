"""The conditions of steps (`if`): Liquid expressions, read once when the file is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from liquid.exceptions import LiquidError

from streams.campaigns.reading import Way
from streams.core.campaigns import CampaignFile
from streams.core.messaging.templating.environment import TemplateEnvironment

_READS: Final = TemplateEnvironment()


def require(place: Path, file: CampaignFile) -> None:
    """Raises ValueError for a condition that is no Liquid expression."""
    for _, fault in faulty(file):
        raise ValueError(f"{place}: {fault}")


def faulty(file: CampaignFile) -> Iterator[tuple[Way, str]]:
    """The conditions that are no Liquid expressions: the way to each, and why."""
    for campaign in file.campaigns:
        way: Way = ("campaigns", campaign.id)
        of_trigger = campaign.trigger.condition
        if of_trigger is not None and (fault := wrong(of_trigger)):
            what = f"`if` is no Liquid expression: {of_trigger!r}: {fault}"
            yield (*way, "trigger", "if"), f"campaign {campaign.id!r}, trigger: {what}"
        for step in campaign.steps:
            if step.condition is not None and (fault := wrong(step.condition)):
                what = f"`if` is no Liquid expression: {step.condition!r}: {fault}"
                yield (*way, "steps", step.id, "if"), f"campaign {campaign.id!r}, step {step.id!r}: {what}"


def wrong(expression: str) -> str:
    """What is wrong with an expression, such as `cart.value > 100`; empty: nothing."""
    if "%}" in expression or "{%" in expression or "{{" in expression:
        return "it stands by itself, without {% or {{"
    try:
        _READS.from_string(f"{{% if {expression} %}}{{% endif %}}")
    except LiquidError as error:
        return str(error.args[0])
    return ""
