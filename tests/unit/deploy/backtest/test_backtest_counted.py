"""What a backtest counts, by hand: collisions, quiet hours, customers, offers, changes, examples."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from deploy.backtest import changes, offers
from deploy.backtest.changes import Change
from deploy.backtest.counts import Counts
from deploy.backtest.examples import MOST, Examples, masked
from deploy.backtest.sides import Made, Sent, Value, Window
from tests.support.sink_rows import hexed

TRIGGER = {"type": "cart_abandoned", "at": "2026-03-02T08:00:00.000Z", "cart_id": "c"}


def made(
    outcome: str, at: str, *, who: str = "ana", campaign: str = "cart", reason: str | None = None, tries: int = 0,
    channel: str = "email", offer: Any = None, step: str = "s", text: bytes = b"", cart: str = "c",
) -> Made:  # fmt: skip
    """A decision at a time of 2 March 2026 (`09:30`) about a customer."""
    profile, sent = hexed(who), outcome == "sent"
    row = {
        "decision_id": hexed((who, campaign, step, cart, tries)), "profile_id": profile, "campaign_id": campaign,
        "step": step, "variant": None, "arm": "treatment", "outcome": outcome, "reason": reason,
        "message_id": f"m-{who}-{campaign}" if sent else None, "trigger": TRIGGER | {"cart_id": cart},
        "decided_at": f"2026-03-02T{at}:00.000Z",
    }  # fmt: skip
    message = Sent(channel, f"{who}@example.com", "Hello", text, offer) if sent else None
    return Made(row, message, profile)


def counted(*decisions: Made, carts: dict[tuple[str, str], Value] | None = None, zone: str = "UTC") -> Counts:
    """The counts of decisions of one partition."""
    counts = Counts(zone)
    for one in decisions:
        counts.add(one, carts or {})
    counts.settle()
    return counts


def test_collisions_are_two_campaigns_in_one_hour() -> None:
    """Sent, put off and capped steps of two campaigns in an hour collide; other hours, customers, reasons do not."""
    counts = counted(
        made("sent", "09:10"), made("deferred", "09:10", campaign="browse", reason="capped"),
        made("sent", "09:20", who="ben"), made("sent", "09:50", who="ben", campaign="browse"),
        made("sent", "10:20", who="ben", cart="d"), made("suppressed", "10:40", who="ben", campaign="browse",
                                                         reason="capped", cart="d"),
        made("sent", "09:20", who="cem"), made("sent", "10:20", who="cem", campaign="browse"),
        made("sent", "09:20", who="dora"), made("suppressed", "09:20", who="dora", campaign="browse",
                                                reason="no_contact"),
        made("sent", "09:20", who="eve"), made("deferred", "09:20", who="eve", campaign="browse",
                                               reason="quiet_hours"),
    )  # fmt: skip
    assert counts.collisions.rows() == [
        {"campaign_id": "browse", "other_campaign_id": "cart", "times": 3, "customers": 2, "both_sent": 1,
         "put_off": 1, "capped": 1},
    ]  # fmt: skip


def test_quiet_hours_say_what_became_of_the_steps() -> None:
    """A step counts as deferred each time, and by its outcome once, when it is due again; other steps do not."""
    counts = counted(
        made("deferred", "01:00", reason="quiet_hours"), made("sent", "09:00", tries=1),
        made("deferred", "01:00", who="ben", reason="quiet_hours"),
        made("deferred", "09:00", who="ben", reason="capped", tries=1),
        made("cancelled", "10:00", who="ben", reason="converted", tries=2),
        made("deferred", "01:00", who="cem", reason="capped"), made("sent", "09:00", who="cem", tries=1),
        made("sent", "09:00", who="dora"),
    )  # fmt: skip
    assert counts.quiet == {("cart", "deferred"): 2, ("cart", "sent"): 1, ("cart", "cancelled"): 1}


def test_messages_by_hour_of_the_shop_and_by_customer() -> None:
    """Hours are local; a customer's messages add up over all campaigns; what is taken back is counted."""
    taken = made("cancelled", "12:00", reason="no_consent", tries=9)
    taken.row["message_id"] = "m"
    counts = counted(
        made("sent", "08:30"), made("sent", "09:30", campaign="browse"), made("sent", "10:00", cart="d"),
        made("sent", "23:30", who="ben"), taken, made("cancelled", "12:00", who="ben", reason="exited", step="t"),
        zone="Asia/Kolkata",
    )  # fmt: skip
    assert counts.hours == {14: 1, 15: 2, 5: 1}
    assert counts.by_customer() == {"1": 1, "2": 0, "3+": 1, "most": 3}
    assert counts.totals() == {
        "decisions": 6, "sent": 4, "held_out": 0, "suppressed": 0, "deferred": 0, "cancelled": 2, "taken_back": 1,
        "customers": 2,
    }  # fmt: skip
    assert counts.reasons == {("cart", "cancelled", "no_consent"): 1, ("cart", "cancelled", "exited"): 1}
    assert counted().by_customer() == {"1": 0, "2": 0, "3+": 0, "most": 0}


CART = Value("39.90", "EUR")


@pytest.mark.parametrize(
    ("discount", "cart", "cost"),
    [
        ("10%", CART, (Decimal("3.99"), "EUR")),
        ("12.5 % off", CART, (Decimal("4.9875"), "EUR")),
        ("12,5 percent", CART, (Decimal("4.9875"), "EUR")),
        ("10%", Value(None, "EUR"), (None, "EUR")),
        ("10%", None, (None, "")),
        ("5 EUR", None, (Decimal(5), "EUR")),
        ("GBP 5", CART, (Decimal(5), "GBP")),
        ("5", CART, (Decimal(5), "EUR")),
        ("free shipping", CART, (None, "EUR")),
    ],
)
def test_what_a_discount_costs(discount: str, cart: Value | None, cost: tuple[Decimal | None, str]) -> None:
    """A share of the cart, an amount of money, or nothing that is known."""
    assert offers.cost(discount, cart) == cost


def test_a_code_is_redeemed_once_on_its_largest_cart() -> None:
    """Two messages with one code cost what the larger cart costs; currencies stay apart; unknown costs are counted."""
    at = TRIGGER["at"]
    carts = {("c", at): Value(100, "EUR"), ("d", at): Value("250.5", "EUR"), ("e", at): Value(80, "USD")}

    def offer(code: str) -> dict[str, str]:
        return {"code": code, "discount": "10%"}

    counts = counted(
        made("sent", "09:00", offer=offer("A")), made("sent", "10:00", cart="d", offer=offer("A")),
        made("sent", "11:00", offer=offer("A"), step="t"),
        made("sent", "09:00", who="ben", cart="e", offer=offer("B")),
        made("sent", "09:00", who="cem", cart="x", offer=offer("C")), made("sent", "09:00", who="dora"),
        carts=carts,
    )  # fmt: skip
    common = {"campaign_id": "cart", "discount": "10%"}
    assert counts.offers.rows() == [
        {**common, "currency": "", "codes": 1, "messages": 1, "worst_cost": None, "codes_without_cost": 1},
        {**common, "currency": "EUR", "codes": 1, "messages": 3, "worst_cost": "25.05", "codes_without_cost": 0},
        {**common, "currency": "USD", "codes": 1, "messages": 1, "worst_cost": "8.00", "codes_without_cost": 0},
    ]


def test_changes_are_told_by_decision() -> None:
    """Each decision is the same, added, dropped, changed (outcome or channel), or has another text; none is lost."""
    before = [
        made("sent", "09:00"), made("sent", "09:00", who="ben"), made("sent", "09:00", who="cem"),
        made("suppressed", "09:00", who="dora", reason="capped"), made("sent", "09:00", who="eve"),
    ]  # fmt: skip
    after = [
        made("sent", "09:00"), made("sent", "09:00", who="ben", channel="sms"), made("sent", "09:00", who="dora"),
        made("sent", "09:00", who="eve", text=b"x"), made("held_out", "09:00", who="fay"),
    ]  # fmt: skip
    tally, rows = changes.Tally(), []
    for change in changes.compare(before, after):
        tally.add(change)
        rows.append(change.row())
    assert tally.kinds == dict.fromkeys(("same", "added", "dropped", "text"), 1) | {"changed": 2}
    assert {(row["change"], row["before"], row["after"], row["decisions"]) for row in tally.rows()} == {
        ("added", "", "held out", 1), ("dropped", "sent email", "", 1), ("changed", "sent email", "sent sms", 1),
        ("changed", "suppressed capped", "sent email", 1), ("text", "sent email", "sent email", 1),
    }  # fmt: skip
    by_change = {row["profile_id"]: row for row in rows}
    assert by_change[hexed("cem")]["after"] is None
    assert by_change[hexed("dora")]["before"]["reason"] == "capped"
    assert by_change[hexed("dora")]["after"]["channel"] == "email"
    assert [row["profile_id"] for row in rows] == sorted(by_change)


def test_examples_are_of_all_kinds_and_of_different_customers() -> None:
    """Ten at most, no customer twice, each kind of change before a second of one; the same in any order of input."""
    found = [Change("added", None, made("sent", "09:00", who=f"many-{n}")) for n in range(40)]
    found += [Change("dropped", made("sent", "10:00", who="many-3"), None)]
    found += [Change("dropped", made("sent", "10:00", who="alone"), None)]
    found += [Change("same", *(made("sent", "11:00", who="same") for _ in range(2)))]
    chosen = []
    for order in (found, found[::-1]):
        examples = Examples()
        for change in order:
            examples.add(change)
        chosen.append(examples.rows())
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == MOST
    assert len({row["profile_id"] for row in chosen[0]}) == MOST
    assert [row["change"] for row in chosen[0]][:2] == ["added", "dropped"]
    assert all(row["change"] != "same" for row in chosen[0])
    assert chosen[0][0]["after"]["subject"] == "Hello"
    assert "example.com" in chosen[0][0]["after"]["to"]
    assert "many" not in str(chosen[0])


def test_examples_of_nothing_changed() -> None:
    """Where both files decide alike, the examples show what they decide; of no decisions there are none."""
    examples = Examples()
    assert examples.rows() == []
    examples.add(Change("same", *(made("sent", "11:00") for _ in range(2))))
    assert [row["change"] for row in examples.rows()] == ["same"]


@pytest.mark.parametrize(
    ("to", "shown"),
    [
        ("anna.b@example.com", "an***@example.com"), ("a@example.com", "***@example.com"),
        ("+4930123456", "+4***56"), ("tok", "t***"), ("", "***"), ("whatsapp:49171", "wh***71"),
    ],
)  # fmt: skip
def test_addresses_are_masked(to: str, shown: str) -> None:
    """So much of an address is shown as its owner needs to know it."""
    assert masked(to) == shown


def test_a_window_has_its_first_moment_and_not_its_last() -> None:
    """Decisions count from the first day's midnight up to before the midnight after the last."""
    window = Window("2026-03-02T00:00:00.000Z", "2026-03-03T00:00:00.000Z")
    assert window.holds("2026-03-02T00:00:00.000Z")
    assert not window.holds("2026-03-03T00:00:00.000Z")
    assert not window.holds("2026-03-01T23:59:59.999Z")
    assert Window().holds("2026-03-03T00:00:00.000Z")
