"""What an event has done, in words: what it says itself, and the records that it has caused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from schemas.consent_said import refused_in, said
from schemas.names import CONSENT_EVENTS

BY_TIME: Final = frozenset({"inactivity", "time", "expired", "merge", "split", "campaigns"})
"""Reasons of a record that no event has caused."""

Line = dict[str, Any]


def of_event(value: Line) -> list[str]:
    """What a stitched event (`value`) says of consent; empty if it says nothing."""
    words = [*refused_in(value["traits"])]
    if value["type"] == "track" and value["name"] in CONSENT_EVENTS:
        words += said(value["name"], value["channel"], value["properties"])
    return [
        f"consent: {'yes' if one.given else 'no'} to {'all channels' if one.channel == '*' else one.channel}"
        + (f", {one.topic}" if one.topic else "")
        for one in words
    ]


def moment(line: Line) -> str:
    """The event time of what has caused the record of a line."""
    return str(line["trigger"]["at"] if line["kind"] == "decision" else line.get("at", ""))


def is_caused(line: Line) -> bool:
    """Whether an event may have caused the record of a line."""
    return line["kind"] in ("cart", "order", "segment", "decision") and line.get("reason") not in BY_TIME


def told(line: Line) -> str:
    """The record of a line in words."""
    match line["kind"]:
        case "cart":
            return f"cart: {line['from']} to {line['to']} ({line['reason']})"
        case "order":
            return f"order {line['order_id']} ({line['change']})"
        case "segment":
            return f"segment: {line['change']} {line['segment']}"
    return f"trigger: {line['campaign_id']} ({line['trigger']['type']})"


def likeliest(line: Line, events: Sequence[Line]) -> Line | None:
    """The event, among those of one customer at one moment, that has caused the record of a line: None without any."""
    fit = [one for one in events if line["kind"] != "cart" or one["does"] in ("cart", "order")]
    found = fit or events
    return found[-1] if found else None
