"""Campaigns that are switched in the middle of a story: the core and the oracle come to the same."""

from __future__ import annotations

from typing import Any

from schemas.settings import Settings
from schemas.topics import RETARGETING_DECISIONS
from streams.campaigns import load
from streams.testing import Topology
from tests.oracle.compare import differences, milliseconds, rows_of
from tests.oracle.run import SECRET, run
from tests.oracle.shop import campaigns_file
from tests.oracle.story import MINUTE, START, minute_of, told

DAY = 24 * 60
WHO = "u1 a@b.example"
LIKED = "{on: event, name: Post Liked}"


def file(trigger: str, step: str, more: str = "") -> str:
    """One campaign of one step by e-mail."""
    steps = f"{{id: s, channel: email, template: all, {step}}}"
    campaign = f"{{id: c, trigger: {trigger}, exit_on: [order_completed], steps: [{steps}]}}"
    return f"{more}\nmax_trigger_age: 9999d\ncampaigns:\n  - {campaign}\n"


def switched(old: str, new: str, minute: int, events: list[tuple[Any, ...]]) -> list[str]:
    """Decisions as `minute outcome reason`, where the file `new` is applied at a minute; oracle and core agree."""
    records = told(*events)
    topology = Topology(Settings(secret=SECRET, partitions=2), load(campaigns_file(old)))
    topology.feed(records)
    topology.reach(START + minute * MINUTE)
    at = milliseconds(topology.switch(load(campaigns_file(new)))[0]["at"])
    topology.finish()
    want = run(records, campaigns=old, switches=[(at, new)], partitions=2)
    found = list(differences(want, topology.topics, secret=SECRET))
    assert not found, "\n".join(found)
    rows = sorted(rows_of(topology.topics, RETARGETING_DECISIONS), key=lambda row: row["decided_at"])
    return [f"{minute_of(row['decided_at']):g} {row['outcome']} {row['reason']}" for row in rows]


def test_a_timer_that_new_campaigns_find_overdue_counts_what_went_out_since() -> None:
    """The lapse of minute 60 is decided at minute 200, behind the message of minute 100: a cap of one is used up."""
    events = [(0, "web", WHO, "Order Completed", {"order_id": "o1"}), (100, "web", WHO, "Post Liked")]
    caps = "caps: {email: [{limit: 1, per: 24h}]}"
    found = switched(file(LIKED, "after: 0m"), file("{on: lapsed, after: 1h}", "after: 0m", caps), 200, events)
    assert found == ["60 suppressed capped", "100 sent None"]


def test_a_step_that_was_put_off_goes_to_the_best_hour_that_new_campaigns_ask_for() -> None:
    """It waits for the end of the night under a file that asks for no hour; the new file moves it, once."""
    night = 'timezone: UTC\nquiet_hours: {from: "22:00", to: "08:00"}'
    tapped = (-600, "push", WHO, "Push Notification Tapped", {"campaign_id": "c"})
    events = [tapped, (0, "web", WHO, "Post Liked"), (30 * DAY, "web", "u9", "page")]
    old, new = file(LIKED, "after: 0m", night), file(LIKED, "after: 0m, hour: best", night)
    # The story begins at 22:13:20, somebody tapped at 12:13: the best hour begins 13:46:40 after the beginning.
    found = switched(old, new, 60, events)
    assert found == ["0 deferred quiet_hours", "826.667 sent None"]
