"""Orders: what one is worth, that each counts once, and which reminder brought it back.

Contract 8.39 and 8.41.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from schemas.identifiers import ORDER_ID
from schemas.money import to_number
from schemas.orders import is_renewal, order_id_of, order_value
from schemas.times import iso
from schemas.topics import DAY_MS, HOUR_MS
from streams.core.campaigns import Attribution
from streams.core.cart.lines import currency_of
from streams.core.contact.points import SaleMoved
from streams.core.orders import attribution, crediting
from streams.core.profile.event import Sealed
from streams.core.profile.machine import Leaving
from streams.core.profile.state import Order, Profile, Reminder, Touch

RECOVERY_MS: Final = 7 * DAY_MS
TAKE_BACK_MS: Final = HOUR_MS
"""A cancellation within this of the order is a payment that failed: the cart is open again."""
MOST_ORDERS: Final = 500
CANCELLED, TAKEN_BACK, UNKNOWN, RENEWAL, ELSEWHERE, WHOLE, NAMED = "c", "b", "u", "r", "e", "w", "n"
_WHOLLY: Final = 2
_NO_PURCHASE: Final = frozenset({TAKEN_BACK, UNKNOWN, RENEWAL})
ORDER, RENEWED, UPDATE, REFUND, CANCELLATION = "order", "renewal", "update", "refund", "cancellation"
REASSIGNED: Final = "reassigned"


class Conversion(NamedTuple):
    """A change of what orders come to: its row for `conversions`, and what it adds to totals.

    `orders` is 1 for an order, -1 for one taken back; `revenue` and `refunds` (micros) are what each goes up by, at
    `at` (epoch milliseconds). `kind` is one of the six above. `counts`: false where another profile has the order; its
    row tells what it would come to, and totals do not know of it.
    """

    kind: str
    order_id: str
    order: Order
    row: dict[str, Any]
    at: int
    orders: int
    revenue: int
    refunds: int
    counts: bool = True

    @property
    def is_purchase(self) -> bool:
        """Whether the customer has bought something: no correction, and no renewal."""
        return self.kind == ORDER


def on_completed(profile: Profile, event: Sealed, order_id: str, rules: Attribution) -> Conversion | None:
    """An Order Completed of the order `order_id`; None when this order has been counted already.

    `rules` say what it is credited to.
    """
    known = profile.orders.get(order_id)
    if known is not None and _is_repeat(known, event.time):
        known.told_at = max(known.told_at, event.time)
        return None
    renewal = is_renewal(event.properties)
    worth, valued_at, cancelled_at = order_value(event.properties), event.time, -1
    if known is not None and UNKNOWN in known.flags:
        if known.valued_at >= event.time:
            worth, valued_at = known.value, known.valued_at
        cancelled_at = known.cancelled_at if known.cancelled_at >= event.time else -1
        if 0 <= cancelled_at - event.time <= TAKE_BACK_MS:
            return _failed(profile, event, order_id, known)
    recovered = None if renewal else _recovered(profile, event.time)
    touches = attribution.before(profile, event.time, rules.lookback)
    order = Order(
        event.time, event.channel, currency_of(event.properties), worth,
        flags=(RENEWAL if renewal else "") + (NAMED if order_id_of(event.properties) else ""),
        weights=crediting.weights(touches, event.time, rules.half_life), recovered=recovered,
        campaigns=crediting.campaigns(touches, event.time, rules.half_life),
        by=event.by, valued_at=valued_at, cancelled_at=cancelled_at, told_at=event.time,
    )  # fmt: skip
    if recovered is not None and not recovered.cart_id.startswith("browse:"):
        order.stage = "checkout" if profile.cart is not None and profile.cart.checkout else "cart"
    refunds, counts = 0, 1
    if cancelled_at >= 0:
        order.flags += CANCELLED
        order.value = worth = counts = 0
    if known is not None:
        order.refunds = known.refunds
        if UNKNOWN in known.flags:
            # What was paid back of it has counted, but an order comes to no less than nothing.
            order.refunded = known.refunded + (worth if WHOLE in known.flags else 0)
            refunds = paid_back(order) - paid_back(known)
    remember(profile, order_id, order)
    return changed(
        profile, event, order_id, order, RENEWED if renewal else ORDER, at=event.time, orders=counts,
        revenue=worth,
        refunds=refunds, touches=touches,
    )  # fmt: skip


def _failed(profile: Profile, event: Sealed, order_id: str, known: Order) -> Conversion | None:
    """An order that was cancelled within its hour comes after its cancellation: only refunds that counted go."""
    order = Order(
        event.time, event.channel, currency_of(event.properties), 0, known.refunded, known.refunds,
        CANCELLED + TAKEN_BACK, by=event.by, valued_at=event.time, cancelled_at=known.cancelled_at,
    )  # fmt: skip
    remember(profile, order_id, order)
    less = -paid_back(known)
    return changed(profile, event, order_id, order, CANCELLATION, at=event.time, refunds=less) if less else None


def _is_repeat(known: Order, at: int) -> bool:
    """Whether an Order Completed at `at` (epoch ms) is a repeat: neither the first nor after a payment that failed.

    At the time of that cancellation it is one: which of the two is taken first says nothing.
    """
    if ELSEWHERE in known.flags:
        return True
    return UNKNOWN not in known.flags and (TAKEN_BACK not in known.flags or at <= known.cancelled_at)


def paid_back(order: Order) -> int:
    """What counts as refunds of an order, in micros: no more than it is worth, where that is known."""
    return order.refunded if UNKNOWN in order.flags else min(order.refunded, max(0, order.value))


def remember(profile: Profile, order_id: str, order: Order) -> None:
    """The order, known by `order_id`, counts as the youngest; the oldest are forgotten."""
    if (known := profile.orders.pop(order_id, None)) is not None:
        order.moves = known.moves
    profile.orders[order_id] = order
    if len(profile.orders) > MOST_ORDERS:
        del profile.orders[next(iter(profile.orders))]


def changed(
    profile: Profile, event: Sealed | SaleMoved, order_id: str, order: Order, kind: str, *, at: int, orders: int = 0,
    revenue: int = 0, refunds: int = 0, before: int = 0, touches: tuple[Touch, ...] | list[Touch] = (),
) -> Conversion:  # fmt: skip
    """What `event` changes of the order `order_id`, as a `kind` of change that counts at `at` (epoch milliseconds).

    `orders`, `revenue` and `refunds` (micros) are what each goes up by; `before` is what it had come to (micros),
    less refunds.
    """
    value = revenue - refunds
    row = {
        "order_id": order_id,
        "profile_id": profile.id,
        "kind": kind,
        "counts": True,
        "orders": orders,
        "value": to_number(value),
        "refunds": to_number(refunds),
        "currency": order.currency,
        "at": iso(at),
        "channel": order.channel,
        "touches": attribution.shown(touches),
        "touch_count": attribution.count(touches),
        "credits": crediting.shares(order.weights),
        "credited": crediting.money(order.weights, value, before),
        **_of_campaigns(order, value, before),
        "recovered": _shown(order.recovered),
        "changed_at": iso(event.time),
        "message_id": event.message_id,
    }
    return Conversion(kind, order_id, order, row, at, orders, revenue, refunds)


def _of_campaigns(order: Order, value: int, before: int) -> dict[str, Any]:
    """What the campaigns of its touches are credited with of a change by `value` (micros); nothing without any."""
    if not order.campaigns:
        return {}
    of = crediting.of_campaigns(order.campaigns)
    return {"campaign_credits": crediting.shares(of), "campaign_credited": crediting.money(of, value, before)}


def on_reminder(profile: Profile, reminder: Reminder) -> None:
    """A message about an abandonment went out: the first of each is what an order is credited to."""
    of = (reminder.cart_id, reminder.abandonment_no)
    if all((known.cart_id, known.abandonment_no) != of for known in profile.reminders):
        profile.reminders.append(reminder)


def absorb(winner: Profile, loser: Profile, counts: Callable[[Profile, str], bool]) -> None:
    """An order either side has counted is counted; the reminders of both, in order of time.

    `counts` says whether an order, by its order_id, counts in a profile.
    """
    for order_id, order in loser.orders.items():
        known = winner.orders.setdefault(order_id, order)
        if known is order:
            continue
        theirs, mine = _weight(order), _weight(known)
        # Only where it is complete is every profile told whether it counts there.
        sold = theirs == mine == _WHOLLY and counts(loser, order_id) and not counts(winner, order_id)
        better = theirs > mine or sold
        best, other = (order, known) if better else (known, order)
        best.moves = max(order.moves, known.moves)
        if UNKNOWN in other.flags and ELSEWHERE not in other.flags:
            if UNKNOWN in best.flags:
                best.flags += WHOLE if WHOLE in other.flags and WHOLE not in best.flags else ""
                best.cancelled_at = max(best.cancelled_at, other.cancelled_at)
                if other.valued_at > best.valued_at:
                    best.value, best.valued_at = other.value, other.valued_at
            fresh = {refund: paid for refund, paid in other.refunds.items() if refund not in best.refunds}
            best.refunds.update(fresh)
            best.refunded += sum(fresh.values())
        winner.orders[order_id] = best
    winner.reminders = sorted([*winner.reminders, *loser.reminders], key=lambda r: (r.at, r.message_id))


def divide(profile: Profile, share: Profile, leaving: Leaving, counts: Callable[[Profile, str], bool]) -> None:
    """Both sides know which orders have counted; what is said of one from now on counts where its order_id is.

    Of one without an order_id, or whose order_id is another profile's, that is where who placed it is.
    """
    orders = profile.orders
    profile.orders = {}
    for order_id, order in orders.items():
        elsewhere = replace(order, flags=order.flags + ELSEWHERE)
        if NAMED in order.flags and counts(profile, order_id):
            mine = not leaving.takes(ORDER_ID, order_id)
        else:
            mine = order.by not in leaving.by
        profile.orders[order_id], share.orders[order_id] = (order, elsewhere) if mine else (elsewhere, order)


def _weight(order: Order) -> int:
    """How much a profile knows of an order: the whole of it, refunds alone, or that it is elsewhere."""
    return 0 if ELSEWHERE in order.flags else 1 if UNKNOWN in order.flags else _WHOLLY


def _recovered(profile: Profile, at: int) -> Reminder | None:
    """The first message of the latest abandonment in the seven days before; one message recovers one order."""
    within = [r for r in profile.reminders if at - RECOVERY_MS <= r.at <= at]
    if not within:
        return None
    credited = max(within, key=lambda r: (r.at, r.message_id))
    profile.reminders = [r for r in profile.reminders if r.at > credited.at]
    return credited


def last_purchase(profile: Profile) -> int:
    """When the customer bought last (epoch ms), -1 for never: renewals and orders taken back are no purchases."""
    return max((o.at for o in profile.orders.values() if not set(o.flags) & _NO_PURCHASE), default=-1)


def _shown(recovered: Reminder | None) -> Mapping[str, str] | None:
    if recovered is None:
        return None
    return {"campaign_id": recovered.campaign, "step": recovered.step, "message_id": recovered.message_id}


def order_id(event: Sealed) -> str:
    """What an order is known by: the order_id it names, in its one spelling, else the event's own id."""
    return order_id_of(event.properties) or event.message_id
