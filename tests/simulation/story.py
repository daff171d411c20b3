"""What was written in a run, as the promises about messages read it: what a decision may know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.identifiers import Hasher
from schemas.topics import (
    CONVERSIONS,
    IDENTITY_MERGES,
    PROFILE_EVENTS,
    RETARGETING_DECISIONS,
    RETARGETING_MESSAGES,
    STITCHED_EVENTS,
)
from tests.oracle.campaigns import Campaigns
from tests.oracle.compare import milliseconds, rows_of
from tests.oracle.run import SECRET
from tests.simulation.families import Families, made_by_splits, source_of
from tests.simulation.invariants import Topics, failed

Row = dict[str, Any]


@dataclass
class Story:
    """What was written in a run, by profile. Times are milliseconds; `moved`: when which profile lost which device."""

    files: list[Campaigns]
    families: Families
    messages: list[Row]
    decisions: list[Row]
    events: dict[str, list[Row]]
    moved: list[tuple[int, str, str]]
    conversions: list[Row]
    since: Sequence[int] = ()
    """From when on each of the files but the first held."""

    def reached(self, message: Row) -> int:
        """Up to when a decision may know what happened.

        One that is overdue by other campaigns is taken when they begin to hold, though its own time is before that.
        """
        held = self.files[sum(since < message["at"] for since in self.since)].by_id.get(message["campaign_id"])
        times = [message["at"]]
        for since, file in zip(self.since, self.files[1:], strict=True):
            campaign = file.by_id.get(message["campaign_id"])
            if campaign and campaign != held and campaign.on == message["trigger"]["type"]:
                times.append(since)
        return max(times)

    def heard(self, message: Row) -> list[Row]:
        """The events that a decision may know, in their order: late if only perhaps."""
        at, reached = message["at"], self.reached(message)
        if reached == at:
            return self.events_of(message["profile_id"], at)
        certain = self.families.certain(message["profile_id"], at)
        return [
            {**e, "late": e["late"] or at <= e["time"] or e["profile_id"] not in certain}
            for e in self.events_of(message["profile_id"], reached)
            if e["time"] <= reached
        ]

    def bought(self, profile_id: str, at: int) -> set[str]:
        """The messages of orders that are purchases of a profile, and of what was part of it before a time.

        An order whose payment failed is none.
        """
        family = self.families.certain(profile_id, at)
        theirs = [row for row in self.conversions if row["profile_id"] in family]
        gone = {(row["order_id"], row["at"]) for row in theirs if failed(row)}
        return {
            row["message_id"] for row in theirs if row["kind"] == "order" and (row["order_id"], row["at"]) not in gone
        }

    def owned(self, message: Row) -> set[str]:
        """The messages of orders by which a customer had bought at a message: what was cancelled by then is not."""
        reached = self.reached(message)
        gone = {
            (row["order_id"], row["at"]) for row in self.conversions
            if row["kind"] == "cancellation" and milliseconds(row["changed_at"]) <= reached
        }  # fmt: skip
        cancelled = {row["message_id"] for row in self.conversions if (row["order_id"], row["at"]) in gone}
        return self.bought(message["profile_id"], message["at"]) - cancelled

    def events_of(self, profile_id: str, at: int) -> list[Row]:
        """The events of a profile, and of what may be part of it at a time, in their order: late if only perhaps."""
        some: list[Row] = []
        for one, (known, until) in self.families.of(profile_id, at).items():
            # What waited when a profile was divided stayed with it, and nobody has written down what did.
            some += [{**e, "late": e["late"] or e["time"] >= known} for e in self.events[one] if e["time"] <= until]
        return sorted(some, key=lambda event: event["time"])


def told(files: Iterable[str], topics: Topics, since: Sequence[int] = ()) -> Story:
    """The written records in that shape. `files`: the campaigns that held, one after another, the others `since`."""
    events = defaultdict(list)
    for row in rows_of(topics, STITCHED_EVENTS):
        events[row["profile_id"]].append({**row, "time": milliseconds(row["event_time"])})
    late = {source_of(event["source"]): event["late"] for of in events.values() for event in of}
    messages = rows_of(topics, RETARGETING_MESSAGES)
    for row in messages:
        row["at"], row["triggered"] = milliseconds(row["decided_at"]), milliseconds(row["trigger"]["at"])
    hasher = Hasher(SECRET)
    tokens = {
        hasher(one["type"], one["value"]): one["value"]
        for of in events.values()
        for e in of
        for one in e["identifiers"]
    }
    moved = [
        (milliseconds(row["merged_at"]), row["merged_profile_id"], tokens.get(row["identifiers"][1], ""))
        for row in rows_of(topics, IDENTITY_MERGES)
        if row["reason"] == "device_reassigned"
    ]
    return Story(
        [Campaigns(file, SECRET) for file in files],
        Families(rows_of(topics, IDENTITY_MERGES), late, made_by_splits(topics.get(PROFILE_EVENTS, ()))),
        messages,
        rows_of(topics, RETARGETING_DECISIONS),
        events,
        moved,
        rows_of(topics, CONVERSIONS),
        since,
    )
