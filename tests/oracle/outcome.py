"""What a history comes to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.identifiers import Identifier


def iso(at: int) -> str:
    """Epoch milliseconds as ISO 8601, UTC, with milliseconds."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Stitched = tuple[str, str, int, str, tuple[str, int, int]]


@dataclass
class Outcome:
    """Everything that the contract promises of a history, in the order it happened.

    clusters: profile id -> its identifiers, those never linked included. stitched: (profile id, message id, time in ms,
    name, (topic, partition, offset)). dead: source -> reason. merges, transitions, decisions, messages, conversions and
    memberships:
    rows as on their topics, less what is not the oracle's business (versions, touches and credits); messages of
    templates that the oracle was not given have no subject and body. triggered: (campaign, time in ms) of each entry.
    audiences: (key, row or None) of each record of audiences.members.
    told: (campaign, delivered, opens, ..., time in ms) of what first became known of a message.
    """

    clusters: dict[str, set[Identifier]] = field(default_factory=dict)
    merges: list[dict[str, Any]] = field(default_factory=list)
    stitched: list[Stitched] = field(default_factory=list)
    duplicates: int = 0
    dead: dict[tuple[str, int, int], str] = field(default_factory=dict)
    transitions: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    conversions: list[dict[str, Any]] = field(default_factory=list)
    memberships: list[dict[str, Any]] = field(default_factory=list)
    audiences: list[tuple[str, dict[str, Any] | None]] = field(default_factory=list)
    triggered: list[tuple[str, int]] = field(default_factory=list)
    told: list[tuple[str, str, int]] = field(default_factory=list)

    def dead_reasons(self) -> Counter[str]:
        """How many events could not be read, by reason."""
        return Counter(self.dead.values())
