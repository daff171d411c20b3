"""A visit's session: a customer on a device, with the cart shown there and the calls that the SDK publishes."""

from __future__ import annotations

from typing import Any

from deploy.shop.catalogue import Product
from deploy.shop.clock import MINUTE, SECOND
from deploy.shop.delivery import Route
from deploy.shop.floor import Floor, Lines, facts, line_of
from deploy.shop.logins import log_in
from deploy.shop.people import Customer, Device
from deploy.shop.senders import on_device
from deploy.shop.truth_carts import Effect, Snapshot
from deploy.shop.world import DIRECT, SITE, Utm
from schemas.identifiers import Identifier

Typed = tuple[Identifier, ...]


class Session:
    """A customer on a device from `at` (epoch milliseconds) on, come by `utm`; `at` moves on with each step."""

    def __init__(self, floor: Floor, customer: Customer, device: Device, at: int, utm: Utm = DIRECT) -> None:
        self.floor, self.customer, self.device, self.utm = floor, customer, device, utm
        self.rng = floor.rng
        self.currency = customer.region.currency
        self.at = at
        self.route = self._route(at)
        self.sender = on_device(customer, device, self.route)
        self.looking: Product = floor.pick()
        self.context: dict[str, Any] | None = None
        device.visits += 1

    def _route(self, at: int) -> Route:
        """Apps send in batches, and now and then only hours later; everything else goes out at once."""
        if self.device.kind != "app" or self.device.fast:
            return Route()
        x = self.rng.random()
        online_at = at + int((x - 0.88) * 100 * 60 * MINUTE) if x > 0.9 else 0
        return Route(since=at, every=(10 + int(x * 20)) * SECOND, online_at=online_at)

    @property
    def cart(self) -> dict[Product, int]:
        """The shop's cart as this device shows it."""
        return self.customer.cart_on(self.device)

    def lines(self) -> Lines:
        """The cart as products and quantities."""
        return tuple(self.cart.items())

    def snapshot(self, *, checkout: bool = False) -> Snapshot:
        """The effect of an event that lists the whole cart; `checkout`: it is Checkout Started."""
        return Snapshot(tuple(line_of(p, q, self.sender) for p, q in self.cart.items()), checkout)

    def pause(self) -> None:
        """Let time pass between two steps: seconds, sometimes minutes, sometimes so many that a cart is given up."""
        x = self.rng.random()
        gap = 3 * SECOND + int(x * 50 * SECOND)
        if x > 0.985:
            gap = int((x - 0.98) * 8000 * MINUTE)
        elif x > 0.95:
            gap = int((x - 0.94) * 400 * MINUTE)
        self.at += gap

    def track(self, name: str, properties: dict[str, Any], effect: Effect | None = None, typed: Typed = ()) -> None:
        """Publish one track call at the present moment: the event `name` with its properties.

        `effect`: what it does to the cart; `typed`: addresses in the properties.
        """
        self.at = self.customer.group.tick(self.at)
        send = self.floor.publisher.send
        send(self.sender, self.at, "track", name, properties, effect=effect, context=self.context, typed=typed)

    def facts(self, **more: Any) -> dict[str, Any]:
        """The product on screen, as this device's SDK writes it."""
        return facts(self.looking, self.sender, self.currency, **more)

    def visit_page(self, name: str, path: str, topic: str = "") -> None:
        """Publish the view of a page of the site, or of a screen of the app: its name, `path`, and topic if any."""
        self.at = self.customer.group.tick(self.at)
        about = {"topic": topic} if topic else {}
        if self.device.kind == "app":
            self.floor.publisher.send(self.sender, self.at, "screen", name, {"variant": "default", **about})
            return
        page = {"path": path, "url": SITE + path, "title": name, "referrer": self.utm.referrer, **about}
        self.context = {**self.sender.context, "page": page}
        if self.utm.source:
            source, medium, campaign, _ = self.utm
            self.context["campaign"] = {"source": source, "medium": medium, "name": campaign}
            page["search"] = f"?utm_source={source}&utm_medium={medium}&utm_campaign={campaign}"
        self.floor.publisher.send(self.sender, self.at, "page", name, page, context=self.context)

    def log_in(self) -> None:
        """Log in: from here on the events carry the user id."""
        self.pause()
        self.customer.group.tick(self.at)
        self.sender = log_in(self.floor, self.customer, self.device, self.sender)
        self.at = self.customer.group.clock
        self.context = None
