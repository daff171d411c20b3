"""What happens around the customers: ads and their cost, posts, spots on TV and billboards, new prices.

Times are epoch milliseconds.
"""

from __future__ import annotations

from typing import Any

from deploy.shop.clock import DAY, HOUR, MINUTE
from deploy.shop.event_publisher import Sender
from deploy.shop.floor import Floor
from deploy.shop.people import Customer
from deploy.shop.senders import GA, HANDLE, from_producer, from_system
from deploy.shop.shoppers import come_back
from deploy.shop.world import HASHTAGS, REGIONS, UTMS
from schemas.identifiers import USER_ID, Identifier

BROADCASTS = 8
"""Spots a day."""
AD_ACCOUNTS = {"google": "brand", "facebook": "prospecting"}
"""By account, the campaign that its money goes to: visits carry the same name."""
REACTIONS = ("Post Liked", "Post Liked", "Post Shared", "Post Commented", "Hashtag Used")


class Media:
    """The shop's surroundings: what ad networks and broadcasters publish. `at`: the time at which a method is due."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.accounts = {
            name: from_producer("ads", "segment_node", floor.around, externals=(("ad_account", f"act-{name}"),))
            for name in AD_ACCOUNTS
        }
        self.air = from_producer("broadcast", "rudder_node", floor.around)

    def day(self, at: int) -> None:
        """Plan a day."""
        floor = self.floor
        for hour in range(0, 24, 6):
            floor.later(at + hour * HOUR, self.spend)
        for _ in range(BROADCASTS):
            floor.later(at + int(floor.rng.random() * DAY), self.spot)
        for _ in range(3):
            floor.later(at + int(floor.rng.random() * DAY), self.reprice)
        for customer in floor.customers:
            x = floor.rng.random()
            if x < 0.12:
                floor.later(at + int(floor.rng.random() * DAY), self.advertise, customer)
            elif customer.handle and x < 0.45:
                floor.later(at + int(floor.rng.random() * DAY), self.post, customer)
        floor.later(at + DAY, self.day)

    def spend(self, at: int) -> None:
        """What each ad account cost in the last six hours."""
        for name, sender in self.accounts.items():
            cost = round(20 + 180 * self.floor.rng.random(), 2)
            spent = {"campaign_id": AD_ACCOUNTS[name], "cost": cost, "currency": "EUR"}
            self._tell(sender, at, "Ad Spend Recorded", spent)

    def spot(self, at: int) -> None:
        """A spot on the air, which names no customer."""
        r = self.floor.rng.random
        region = REGIONS[int(r() * len(REGIONS))].country
        hashtags = [HASHTAGS[int(r() * len(HASHTAGS))]]
        medium = ("tv", "radio", "billboard")[int(r() * 3)]
        about = {"campaign_id": "winter", "region": region, "hashtags": hashtags, "medium": medium}
        self._tell(self.air, at, "Spot Aired", about)

    def reprice(self, at: int) -> None:
        """A product gets a new price, or comes back into stock; told once to everybody."""
        r = self.floor.rng.random
        product = self.floor.pick()
        facts = {"product_id": product.product_id, "sku": product.sku, "currency": "EUR"}
        if r() < 0.3:
            self._tell(self.air, at, "Product Restocked", {**facts, "price": product.cents / 100})
            return
        product.reprice(max(99, int(product.cents * (0.75 + 0.4 * r()))))
        prices = {"price": product.cents / 100, "old_price": product.was / 100}
        self._tell(self.air, at, "Product Price Changed", {**facts, **prices})

    def advertise(self, at: int, customer: Customer) -> None:
        """Ads shown to one customer, whom the network knows by an advertising id or a ga_client_id."""
        r, floor = self.floor.rng.random, self.floor
        device = customer.devices[int(r() * len(customer.devices))]
        if device.advertising_id is not None:
            sender = from_system(customer, "ads", "segment_node", advertising_id=device.advertising_id)
        elif device.ga_client_id is not None:
            sender = from_system(customer, "search", "segment_node", externals=((GA, device.ga_client_id),))
        else:
            return
        about = {"campaign_id": list(AD_ACCOUNTS.values())[int(r() * 2)], "creative": f"cr-{int(r() * 9)}"}
        for _ in range(1 + int(r() * 3)):
            self._tell(sender, at, "Ad Impression", about)
            at += 20 * MINUTE
        if r() < 0.15:
            self._tell(sender, at, "Ad Clicked", about)
            floor.later(sender.group.clock + 5000, come_back, floor, customer, UTMS[int(r() * len(UTMS))])

    def post(self, at: int, customer: Customer) -> None:
        """Posts seen, liked, shared, commented; some people log in with their handle, so that the two are linked."""
        r = self.floor.rng.random
        sender = from_system(customer, "social", "rudder_node", externals=((HANDLE, customer.handle),))
        also: tuple[Identifier, ...] = ()
        if customer.handle_told and r() < 0.2:
            sender = sender.with_(fields={"userId": customer.user_id})
            also = (Identifier(USER_ID, customer.user_id),)
        about = {"post_id": f"p-{int(r() * 500)}", "hashtags": [HASHTAGS[int(r() * len(HASHTAGS))]]}
        at = sender.group.tick(at)
        self.floor.publisher.send(sender, at, "track", "Post Viewed", about, also=also)
        if r() < 0.4:
            name = REACTIONS[int(r() * len(REACTIONS))]
            at = sender.group.tick(at + 8000)
            self.floor.publisher.send(sender, at, "track", name, about, also=also)

    def _tell(self, sender: Sender, at: int, name: str, properties: dict[str, Any]) -> None:
        self.floor.publisher.send(sender, sender.group.tick(at), "track", name, properties)
