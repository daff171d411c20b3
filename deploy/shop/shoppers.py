"""When customers do what: the visits of each day, and what follows from them on other channels."""

from __future__ import annotations

from deploy.shop.clock import DAY, HOUR, MINUTE, moment_in_day
from deploy.shop.floor import Floor
from deploy.shop.people import Customer, Device
from deploy.shop.purchases import buy_by_phone, buy_in_store, buy_on_marketplace, chat
from deploy.shop.visits import Visit
from deploy.shop.world import DIRECT, UTMS, Utm

MAX_ROTATIONS = 3


def plan_day(at: int, floor: Floor, customer: Customer) -> None:
    """Put a customer's visits of the day that begins `at` that time (epoch milliseconds) on the agenda.

    The planning of the next day goes there as well.
    """
    r = floor.rng.random
    visits = int(customer.rate)
    visits += r() < customer.rate - visits
    for _ in range(visits):
        utm = UTMS[int(r() * len(UTMS))] if r() < 0.45 else DIRECT
        floor.later(moment_in_day(floor.rng, customer.zone, at), come_back, floor, customer, utm)
    x = r()
    if x < 0.012:
        lines = tuple({floor.pick(): 1 for _ in range(1 + int(r() * 3))}.items())
        floor.later(at + int(r() * DAY), buy_in_store, floor, customer, lines)
    elif customer.buyer and x < 0.1:
        floor.later(at + int(r() * DAY), buy_on_marketplace, floor, customer)
    elif customer.chat and x < 0.1:
        floor.later(at + int(r() * DAY), chat, floor, customer)
    floor.later(at + DAY, plan_day, floor, customer)


def come_back(at: int, floor: Floor, customer: Customer, utm: Utm) -> None:
    """One visit on one of the customer's devices from `at` (epoch milliseconds) on, and what it leads to elsewhere."""
    r = floor.rng.random
    device = _device(floor, customer)
    _new_token(floor, device)
    visit = Visit(floor, customer, device, at, utm)
    ended = visit.run()
    lines = visit.lines()
    if not lines:
        return
    # What was left in the cart is sometimes bought on another channel, soon enough or too late for a reminder.
    x = r()
    later = ended + int(r() * 25 * MINUTE) if r() < 0.3 else ended + HOUR + int(r() * 2 * DAY)
    if x < 0.07:
        floor.later(later, buy_in_store, floor, customer, lines[:3])
        if r() < 0.5:
            visit.cart.clear()
    elif x < 0.10 and customer.phone:
        floor.later(later, buy_by_phone, floor, customer, lines)
        visit.cart.clear()
    elif x < 0.3:
        floor.later(later, come_back, floor, customer, DIRECT)


def _device(floor: Floor, customer: Customer) -> Device:
    """The first device most of the time; in a family the tablet often enough."""
    x = floor.rng.random()
    tablet = customer.group.tablet
    if tablet is not None and x < 0.35:
        return tablet
    devices = customer.devices
    return devices[0] if x < 0.6 else devices[int(floor.rng.random() * len(devices))]


def _new_token(floor: Floor, device: Device) -> None:
    """Now and then the system gives an app a new push token."""
    if device.token is not None and device.rotations < MAX_ROTATIONS and floor.rng.random() < 0.01:
        device.rotations += 1
        device.token = floor.census.token()
