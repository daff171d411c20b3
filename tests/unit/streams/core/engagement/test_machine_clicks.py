"""Scanners that call themselves browsers: their clicks, and what they look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schemas.settings import Settings
from schemas.times import iso
from streams.testing import Topology

START = 1_773_129_600_000
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0"
BOT = "Mozilla/5.0 (compatible; bingbot/2.0)"
CAMPAIGNS = """
campaigns:
  - id: cart
    trigger: {on: cart_abandoned}
    steps:
      - {id: first, channel: CHANNEL, template: cart_reminder}
      - {id: second, after: 20h, unless: engaged, channel: CHANNEL, template: cart_reminder}
"""
SENT = 30 * MINUTE
"""When the reminder is sent."""


class Reminded:
    """Somebody who is sent a reminder half an hour after START; times are milliseconds since START."""

    def __init__(self, folder: Path, channel: str = "email", more: str = "") -> None:
        file = folder / "campaigns.yaml"
        file.write_text(more + CAMPAIGNS.replace("CHANNEL", channel))
        self.topology = Topology(Settings(clock="event", campaigns=file))
        self.count, self.channel = 0, channel
        traits = {"email": "anna@x.de", "phone": "+491711111111"}
        device = {"token": "T1"}
        self.who = {"context": {"traits": traits, "device": device}}
        self.hears(0, "web", {"type": "identify", "userId": "anna", **self.who})
        self.hears(0, "web", {**track("Product Added", sku="s1", price=9), "userId": "anna"})
        self.topology.reach(START + SENT)
        self.message_id = self.topology.read("retargeting.messages")[0]["message_id"]

    def hears(self, at: int, channel: str, message: dict[str, Any]) -> None:
        """An event."""
        self.count += 1
        said = {"messageId": f"m{self.count}", "timestamp": iso(START + at), **message}
        self.topology.play(f"channels.{channel}", [said])

    def told(self, at: int, name: str, agent: str = CHROME, **more: Any) -> None:
        """Feedback about the reminder."""
        context = {**self.who["context"], "userAgent": agent}
        said = {**track(name, message_id=self.message_id, **more), "context": context}
        self.hears(at, self.channel, said)

    def second(self) -> str:
        """What becomes of the second step: sent, unless somebody has responded."""
        self.topology.finish()
        rows = [row for row in self.topology.read("retargeting.decisions") if row["step"] == "second"]
        return str(rows[-1]["outcome"])

    def cells(self, name: str) -> dict[str, int]:
        """The totals of all cells of a name."""
        rows = self.topology.read("aggregates")
        last = {
            (row["cell"]["window_start"], *row["cell"]["dimensions"].values(), row["partition"]): row for row in rows
        }
        found: dict[str, int] = {}
        for row in last.values():
            for what, amount in row["values"].items() if row["cell"]["name"] == name else ():
                found[what] = found.get(what, 0) + amount
        return found


def track(name: str, **properties: Any) -> dict[str, Any]:
    """A track call."""
    return {"type": "track", "event": name, "properties": properties}


@pytest.mark.parametrize(
    ("after", "more", "second"),
    [
        (0, "", "sent"), (1, "", "sent"), (9_999, "", "sent"), (10_000, "", "suppressed"), (HOUR, "", "suppressed"),
        (10_000, "machine_seconds: 60\n", "sent"), (1, "machine_seconds: 0\n", "suppressed"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("channel", "name"), [("email", "Email Link Clicked"), ("sms", "SMS Link Clicked")])
def test_a_click_right_after_the_sending_is_a_machines(tmp_path, channel, name, after, more, second):
    """Within `machine_seconds`, also under a browser's name."""
    anna = Reminded(tmp_path, channel, more)
    anna.told(SENT + after, name)
    assert anna.second() == second
    human = second == "suppressed"
    assert anna.cells("channel_hour").get("machine_clicks", 0) == (not human)
    assert anna.cells("campaign_day").get("clicks", 0) == human


def test_a_tap_right_after_the_sending_is_a_persons(tmp_path):
    """A phone in the hand shows a push at once."""
    anna = Reminded(tmp_path, "push")
    anna.told(SENT + SECOND, "Push Notification Tapped")
    assert anna.second() == "suppressed"


@pytest.mark.parametrize(
    ("clicked", "delivered", "second"),
    [(20, 25, "sent"), (25, 20, "suppressed"), (20, None, "suppressed"), (905, 900, "sent"), (911, 900, "suppressed")],
)
def test_a_click_before_the_delivery_is_a_machines(tmp_path, clicked, delivered, second):
    """Also when it is known only afterwards; a delivery that is late was a late sending."""
    anna = Reminded(tmp_path)
    told = [(clicked, "Email Link Clicked"), *([(delivered, "Email Delivered")] if delivered else [])]
    for at, name in sorted(told):
        anna.told(SENT + at * SECOND, name)
    assert anna.second() == second
    human = second == "suppressed"
    assert anna.cells("channel_hour").get("clicks", 0) == human
    assert anna.cells("channel_hour").get("machine_clicks", 0) == (not human)
    assert anna.cells("campaign_day").get("clicks", 0) == human


@pytest.mark.parametrize(
    ("clicks", "second"),
    [
        ([(0, "a"), (700, "b"), (1_400, "c")], "sent"),
        ([(0, "a"), (0, "b"), (0, "c"), (0, "d")], "sent"),
        ([(0, "a"), (1_000, "b"), (2_000, "c")], "sent"),
        ([(0, "a"), (1_000, "b"), (2_001, "c")], "suppressed"),
        ([(0, "a"), (700, "b")], "suppressed"),
        ([(0, "a"), (700, "a"), (900, "a"), (1_000, "b")], "suppressed"),
        ([(0, None), (1, None), (2, None)], "suppressed"),
        ([(0, "a"), (HOUR, "a"), (HOUR + 1, "b"), (HOUR + 2, "c")], "suppressed"),
    ],
)
@pytest.mark.parametrize("name", ["link", "url"])
def test_three_links_within_two_seconds_are_a_machines(tmp_path, name, clicks, second):
    """All of them, the first two as well; a click of before stays a person's."""
    anna = Reminded(tmp_path)
    for at, link in clicks:
        anna.told(SENT + HOUR + at, "Email Link Clicked", **({} if link is None else {name: link}))
    assert anna.second() == second


def test_links_clicked_just_before_the_delivery_count_for_a_burst(tmp_path):
    """Two before it, which are taken back, and a third right after it: three links within two seconds."""
    anna = Reminded(tmp_path)
    for at, link in ((0, "a"), (0, "b"), (1, None), (700, "c")):
        name = "Email Delivered" if link is None else "Email Link Clicked"
        anna.told(SENT + 20 * SECOND + at, name, link=link)
    assert anna.second() == "sent"
    assert anna.cells("channel_hour").get("clicks", 0) == 0
    assert anna.cells("channel_hour")["machine_clicks"] == 3
    assert anna.cells("campaign_day").get("clicks", 0) == 0


def test_the_clicks_of_a_burst_are_counted_as_a_machines(tmp_path):
    """In the channel's totals and the campaign's, whatever they counted as before."""
    anna = Reminded(tmp_path)
    for nth in range(5):
        anna.told(SENT + HOUR + nth * 300, "Email Link Clicked", link=nth)
    assert anna.second() == "sent"
    assert anna.cells("channel_hour").get("clicks", 0) == 0
    assert anna.cells("channel_hour")["machine_clicks"] == 5
    assert anna.cells("campaign_day").get("clicks", 0) == 0


def test_somebody_who_opened_before_a_burst_has_responded(tmp_path):
    """An open stays what it was."""
    anna = Reminded(tmp_path)
    anna.told(SENT + HOUR, "Email Opened")
    for nth in range(3):
        anna.told(SENT + 2 * HOUR, "Email Link Clicked", link=nth)
    assert anna.second() == "suppressed"


@pytest.mark.parametrize(
    ("agent", "properties", "at", "machine"),
    [
        (BOT, {}, HOUR, True), (CHROME, {"machine": True}, HOUR, True), (CHROME, {}, 4 * SECOND, True),
        (CHROME, {}, HOUR, False), ("Mozilla/5.0", {}, HOUR, True),
    ],
)  # fmt: skip
def test_a_page_that_a_machine_followed_a_link_to_is_no_visit(tmp_path, agent, properties, at, machine):
    """By its name, its word or its time: it neither responds nor takes the cart up again."""
    anna = Reminded(tmp_path)
    context = {"page": {"url": f"https://shop.example/p?wb_mid={anna.message_id}"}, "userAgent": agent}
    anna.hears(SENT + at, "web", {"type": "page", "userId": "anna", "context": context, "properties": properties})
    anna.topology.finish()
    reopened = any(row["reason"] == "reopened" for row in anna.topology.read("cart.transitions"))
    assert reopened is not machine


@pytest.mark.parametrize(
    "view", [{"type": "page"}, {"type": "screen"}, track("Product Viewed", sku="s2"), track("Products Searched")]
)
def test_what_a_machine_looks_at_does_not_put_a_reminder_off(tmp_path, view):
    """The cart's clock runs on."""
    for agent, at in ((BOT, 30), (CHROME, 50)):
        file = tmp_path / "campaigns.yaml"
        file.write_text(CAMPAIGNS.replace("CHANNEL", "email"))
        topology = Topology(Settings(clock="event", campaigns=file))
        who = {"userId": "anna", "traits": {"email": "anna@x.de"}, "messageId": "m1", "timestamp": iso(START)}
        topology.play("channels.web", [{**track("Product Added", sku="s1"), **who}])
        later = {"userId": "anna", "messageId": "m2", "timestamp": iso(START + 20 * MINUTE)}
        topology.play("channels.web", [{**view, **later, "context": {"userAgent": agent}}])
        topology.finish()
        assert topology.read("retargeting.messages")[0]["decided_at"] == iso(START + at * MINUTE)


def test_a_bots_visit_without_a_cart_is_no_browsing(tmp_path):
    """Nobody is reminded of what a crawler has seen."""
    for agent, count in ((BOT, 0), (CHROME, 1)):
        file = tmp_path / "campaigns.yaml"
        file.write_text(CAMPAIGNS.replace("CHANNEL", "email").replace("cart_abandoned", "browse_abandoned"))
        topology = Topology(Settings(clock="event", campaigns=file))
        who = {"userId": "anna", "traits": {"email": "anna@x.de"}, "messageId": "m1", "timestamp": iso(START)}
        view = {**track("Product Viewed", product_id="p1"), **who, "context": {"userAgent": agent}}
        topology.play("channels.web", [view])
        topology.finish()
        sent = [row for row in topology.read("retargeting.decisions") if row["step"] == "first"]
        assert len(sent) == count
