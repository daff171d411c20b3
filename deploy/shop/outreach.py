"""What the shop itself sends, and how people take it: newsletters, texts, pushes; opens, clicks, bounces, goodbyes.

Each function is called when the simulation has reached `at`, in epoch milliseconds.
"""

from __future__ import annotations

from typing import Any

from deploy.shop.clock import DAY, HOUR, MINUTE, moment_in_day
from deploy.shop.event_publisher import Sender
from deploy.shop.floor import Floor
from deploy.shop.people import Customer, Device
from deploy.shop.senders import CARD, from_system
from deploy.shop.shoppers import come_back
from deploy.shop.world import MAIL_PROXY, NEWSLETTER, TEXT_MESSAGE


def campaigns(at: int, floor: Floor) -> None:
    """Plan the mailings of the day that begins `at` that time: newsletters every fifth day, others more rarely."""
    day = (at - floor.start) // DAY
    for n, customer in enumerate(floor.customers):
        x = floor.rng.random()
        sends = moment_in_day(floor.rng, customer.zone, at) if x < 0.3 else 0
        if not sends:
            continue
        if customer.subscribed["email"] and x < 0.2:
            address = customer.email2 if customer.email2 and n % 7 == 0 else customer.email
            floor.later(sends, mail, floor, customer, address, f"news-{day}")
        elif customer.subscribed["sms"] and x < 0.25:
            floor.later(sends, text, floor, customer, f"flash-{day}")
        elif customer.subscribed["push"] and (device := _app(customer)) is not None:
            floor.later(sends, push, floor, customer, device, f"push-{day}")
        elif customer.card and x > 0.298:
            floor.later(sends, post_card, floor, customer, f"card-{day}")
    floor.later(at + DAY, campaigns, floor)


def mail(at: int, floor: Floor, customer: Customer, address: str, campaign_id: str) -> None:
    """A newsletter of `campaign_id` to an address, sent `at` that time: delivered or bounced.

    A delivered one is perhaps opened, clicked, complained about.
    """
    if not customer.subscribed["email"]:
        return
    r = floor.rng.random
    sdk = ("segment_server", "rudder_node", "segment_node", "cloud")[int(r() * 4)]
    sender = from_system(customer, "email", sdk, email=address)
    about = _about(floor, campaign_id)
    if r() < 0.02:
        _tell(at, floor, sender, "Email Bounced", about)
        return
    _tell(at, floor, sender, "Email Delivered", about)
    x = r()
    if x < 0.3:
        opened = at + 2 * MINUTE + int(r() * r() * 10 * HOUR)
        opener = sender
        if x > 0.24:
            # Not the customer but the mail service, which looks at every picture for whoever may read it.
            opener = sender.with_(context={**sender.context, "userAgent": MAIL_PROXY})
        floor.later(opened, _tell, floor, opener, "Email Opened", about)
        if x < 0.08:
            floor.later(opened + MINUTE, _tell, floor, sender, "Email Link Clicked", about)
            floor.later(opened + 2 * MINUTE, come_back, floor, customer, NEWSLETTER)
        elif x < 0.085:
            floor.later(opened + MINUTE, leave, floor, customer, sender, "Email Marked as Spam")
        elif x < 0.095:
            floor.later(opened + MINUTE, leave, floor, customer, sender, "Unsubscribed")


def text(at: int, floor: Floor, customer: Customer, campaign_id: str) -> None:
    """A text message of `campaign_id`, sent `at` that time: delivered or failed, perhaps clicked or answered STOP."""
    if not customer.subscribed["sms"]:
        return
    sender = from_system(customer, "sms", "rudder_node", phone=customer.phone)
    about, x = _about(floor, campaign_id), floor.rng.random()
    _tell(at, floor, sender, "SMS Failed" if x > 0.97 else "SMS Delivered", about)
    if x < 0.1:
        floor.later(at + 5 * MINUTE, _tell, floor, sender, "SMS Link Clicked", about)
        floor.later(at + 6 * MINUTE, come_back, floor, customer, TEXT_MESSAGE)
    elif x < 0.12:
        floor.later(at + 5 * MINUTE, leave, floor, customer, sender, "Unsubscribed")


def push(at: int, floor: Floor, customer: Customer, device: Device, campaign_id: str) -> None:
    """A push notification of `campaign_id`, sent `at` that time: received or bounced, perhaps tapped."""
    if device.token is None:
        return
    sender = from_system(customer, "push", "segment", token=device.token)
    about, x = _about(floor, campaign_id), floor.rng.random()
    _tell(at, floor, sender, "Push Notification Bounced" if x > 0.95 else "Push Notification Received", about)
    if x < 0.12:
        floor.later(at + 3 * MINUTE, _tell, floor, sender, "Push Notification Tapped", about)


def post_card(at: int, floor: Floor, customer: Customer, campaign_id: str) -> None:
    """A printed card of `campaign_id`, sent `at` that time to a holder of a loyalty card."""
    sender = from_system(customer, "mail", "segment_node", externals=((CARD, customer.card),))
    _tell(at, floor, sender, "Postcard Sent", {"campaign_id": campaign_id, "country": customer.region.country})


def leave(at: int, floor: Floor, customer: Customer, sender: Sender, name: str) -> None:
    """The customer wants no more of it on this channel, told `at` that time by an event of that name."""
    customer.subscribed[sender.channel] = False
    _tell(at, floor, sender, name, {"channel": sender.channel})


def change_subscription(at: int, floor: Floor, customer: Customer) -> None:
    """A visit to the preference centre `at` that time: one channel on or off."""
    channels = [c for c in ("email", "sms") if c == "email" or customer.phone]
    channel = channels[int(floor.rng.random() * len(channels))]
    customer.subscribed[channel] = not customer.subscribed[channel]
    # Preferences of an account are told under the account; without one, under the address.
    account = bool(customer.user_id)
    sender = from_system(
        customer, channel, "segment_node", user=customer.user_id, email="" if account else customer.email
    )
    _tell(at, floor, sender, "Subscription Changed", {"channel": channel, "subscribed": customer.subscribed[channel]})


def _app(customer: Customer) -> Device | None:
    return next((d for d in customer.devices if d.token is not None), None)


def _about(floor: Floor, campaign_id: str) -> dict[str, Any]:
    return {"campaign_id": campaign_id, "message_id": f"m-{floor.rng.getrandbits(64):016x}"}


def _tell(at: int, floor: Floor, sender: Sender, name: str, properties: dict[str, Any]) -> None:
    floor.publisher.send(sender, sender.group.tick(at), "track", name, properties)
