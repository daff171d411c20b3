"""Orders: what one is worth, that each counts once, and which reminder brought it back.

Contract 8.36 and 8.37.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from schemas.money import to_number
from schemas.orders import order_value
from schemas.times import iso
from schemas.topics import DAY_MS
from streams.core.cart.lines import currency_of
from streams.core.orders import attribution
from streams.core.profile.event import Sealed
from streams.core.profile.state import Profile, Reminder

RECOVERY_MS: Final = 7 * DAY_MS
MOST_ORDERS: Final = 500


class Conversion(NamedTuple):
    """One order, counted: its row for `conversions`, its value in micros, the reminder it is credited to."""

    row: dict[str, Any]
    value: int
    recovered: Reminder | None


def on_completed(profile: Profile, event: Sealed) -> Conversion | None:
    """An Order Completed; None when this order_id has been counted already."""
    known_by = order_id(event)
    if known_by in profile.orders:
        return None
    profile.orders.append(known_by)
    if len(profile.orders) > MOST_ORDERS:
        del profile.orders[0]
    worth = order_value(event.properties)
    recovered = _recovered(profile, event.time)
    touches = attribution.before(profile, event.time)
    row = {
        "order_id": known_by,
        "profile_id": profile.id,
        "value": to_number(worth),
        "currency": currency_of(event.properties),
        "at": iso(event.time),
        "channel": event.channel,
        "touches": attribution.shown(touches),
        "credits": attribution.credits(touches, event.time),
        "recovered": None
        if recovered is None
        else {"campaign_id": recovered.campaign, "step": recovered.step, "message_id": recovered.message_id},
    }
    return Conversion(row, worth, recovered)


def on_reminder(profile: Profile, reminder: Reminder) -> None:
    """A message about an abandonment went out: the first of each is what an order is credited to."""
    of = (reminder.cart_id, reminder.abandonment_no)
    if all((known.cart_id, known.abandonment_no) != of for known in profile.reminders):
        profile.reminders.append(reminder)


def absorb(winner: Profile, loser: Profile) -> None:
    """An order either side has counted is counted; the reminders of both, in order of time."""
    winner.orders.extend(known_by for known_by in loser.orders if known_by not in winner.orders)
    winner.reminders = sorted([*winner.reminders, *loser.reminders], key=lambda r: (r.at, r.message_id))


def _recovered(profile: Profile, at: int) -> Reminder | None:
    """The first message of the latest abandonment in the seven days before; one message recovers one order."""
    within = [r for r in profile.reminders if at - RECOVERY_MS <= r.at <= at]
    if not within:
        return None
    credited = max(within, key=lambda r: (r.at, r.message_id))
    profile.reminders = [r for r in profile.reminders if r.at > credited.at]
    return credited


def order_id(event: Sealed) -> str:
    """What an order is known by: the order_id it names, else the event's own id."""
    given = event.properties.get("order_id")
    if isinstance(given, str) and given.strip():
        return given.strip()
    if isinstance(given, int | float) and not isinstance(given, bool):
        return str(int(given)) if isinstance(given, float) and given.is_integer() else str(given)
    return event.message_id
