"""The series of a campaign in Prometheus: there at 0 from the moment that it decides, so that its first faults show.

A counter that begins at 500 has not increased as far as Prometheus can tell.
"""

from __future__ import annotations

from typing import Final

from streams.core.campaigns import Campaigns

TRIGGERED: Final = ("entered", "active", "reentry")
DECIDED: Final = (
    ("sent", ""), ("held_out", ""),
    *(("suppressed", reason) for reason in (
        "no_consent", "no_contact", "capped", "converted", "exited", "stale", "invalid_template", "contaminated",
    )),
    ("deferred", "quiet_hours"), ("deferred", "capped"), ("cancelled", "converted"), ("cancelled", "exited"),
)  # fmt: skip
"""Outcomes of a decision, each with its reasons."""


def series(campaigns: Campaigns) -> list[tuple[str, ...]]:
    """The metric and its labels of everything that may be counted of `campaigns`."""
    found: list[tuple[str, ...]] = []
    for campaign in campaigns.file.campaigns:
        found += [("winback_triggers_total", campaign.id, outcome) for outcome in TRIGGERED]
        found += [("winback_decisions_total", campaign.id, *outcome) for outcome in DECIDED]
        channels = dict.fromkeys(channel for step in campaign.steps for channel in step.candidates)
        found += [("winback_messages_total", campaign.id, channel) for channel in channels]
    return found
