"""A profile in which every field has a value."""

from __future__ import annotations

from streams.core.profile.membership import Segments
from streams.core.profile.state import (
    Belonging,
    Cart,
    Consent,
    Dated,
    Engagement,
    Enrollment,
    Interest,
    Line,
    Location,
    OfferCode,
    Order,
    Profile,
    Purchase,
    Reminder,
    ScheduledStep,
    SentMessage,
    SoftBounces,
    SoldCart,
    Touch,
    Viewed,
)  # fmt: skip


def full() -> Profile:
    """A profile with every part present."""
    cart = Cart("c", 1, 2, 3, {"\x1f1": Line(sku="1", price=19_990_000, quantity=1.5)}, "EUR", True, True, 2)
    step = ScheduledStep("s", 2, 3, True)
    enrollment = Enrollment("c1", "cart_abandoned", 1, 0, "c", "c", 1, [{"sku": "1"}], {"a": 1}, ["sms"], True, [step])
    sent = SentMessage(1, "email", "m", "c1", "s", "c", "oc", None, 1, "cart_abandoned", 1, 0)
    reminder = Reminder("c", 1, 2, "c1", "s", None, "email", "m1")
    orders = {
        "o": Order(
            1, "web", "EUR", 9, 1, {"r": 1}, "c", {"first": {"web": 1}}, reminder, "cart", campaigns={"spring": [1] * 6}
        )
    }
    return Profile(
        "p", ["q", "00"], [["r", "01"]], 5, 4, cart, {"m": 1}, {"m": 2}, {"m": 3}, orders, {"o": SoldCart(1, cart)},
        Dated("Europe/Berlin", 1),
        {"name": Dated("Ann", 1)}, {"email": Dated("a@b.example", 1)}, {"email": Consent(False, 2)}, [sent],
        {"email": Engagement(2, 1)}, [enrollment], [reminder],
        [Touch(1, "email", "news", "email", "spring", "", 2, True, "t", 1, 1)],
        {"c1": "treatment"}, ["c2"], {"c1": 1}, {"c1": OfferCode("B-1", 1, 2)}, {"p": Viewed(1, {"sku": "1"})},
        {"p": Interest(1, "cv", 5, {"sku": "1"})}, {"t": [1, 2]}, Location(52.5, 13.4, 1), Dated("de", 1), {"9": 2},
        {"l": 4}, {"email": SoftBounces("a@b.example", 2, 1, 2)},
        {"email": [Dated("b@b.example", 0)]}, [Belonging("ff", "aa", False)], ["bb"], {"t": "d"},
        {"o": Purchase(4, ["bought"])}, ["cc"], 1, [""],
        Segments(at=1, seen_on={"web": 1}, abandoned=[1], viewed={"c:lamps": [1]}, bought={"p:1": {"o": 1}}),
    )  # fmt: skip
