"""One visit to the site or the app: pages, searches, lists, products, the cart, perhaps a login, perhaps a checkout."""

from __future__ import annotations

from deploy.shop.checkout import check_out
from deploy.shop.floor import line_of, listed
from deploy.shop.logins import log_out
from deploy.shop.sessions import Session
from deploy.shop.truth_carts import Added, Removed
from deploy.shop.world import COUPONS, DIRECT, SEARCHES, TOPICS


class Visit(Session):
    """A session in which a customer looks around and shops. `run()` publishes all of it."""

    def run(self) -> int:
        """Publish the whole visit; returns when it ended, in epoch milliseconds."""
        r, device = self.rng.random, self.device
        self.land()
        steps = 1 + int(r() * r() * 16)
        known = device.shared or (device.account and device.login_after >= 0 and device.visits > device.login_after)
        login_at = int(r() * steps) if known and not device.user and r() < 0.8 else -1
        for step in range(steps):
            if step == login_at:
                self.log_in()
            self.pause()
            self.step()
        if self.cart and r() < 0.75:
            self.pause()
            self.view_cart()
            if r() < 0.6:
                check_out(self)
        if device.user and (device.shared or r() < 0.12):
            log_out(self.floor, device)
        return self.at

    def step(self) -> None:
        """One thing a visitor does."""
        x = self.rng.random()
        if x < 0.10:
            self.search()
        elif x < 0.28:
            self.browse()
        elif x < 0.66:
            self.look()
        elif x < 0.83:
            self.add()
        elif x < 0.87:
            self.remove()
        elif x < 0.91:
            self.track("Product Added to Wishlist", self.facts(wishlist_name="Favourites"))
        elif x < 0.97:
            self.view_cart()
        elif x < 0.997:
            self.read()
        else:
            self.visit_page("About", "/about")

    def land(self) -> None:
        """The first page."""
        if self.utm is not DIRECT and self.rng.random() < 0.5:
            self.visit_page(self.looking.name, f"/p/{self.looking.product_id}")
        else:
            self.visit_page("Home", "/")

    def read(self) -> None:
        """A story of the shop's magazine: mostly about what this household likes to read about."""
        topic = TOPICS[self.customer.group.no % len(TOPICS)]
        self.visit_page(f"All about {topic}", f"/stories/{topic.replace(' ', '-')}", topic)

    def search(self) -> None:
        """A search, and what it found."""
        self.track("Products Searched", {"query": SEARCHES[int(self.rng.random() * len(SEARCHES))]})
        self.looking = self.floor.pick()

    def browse(self) -> None:
        """A list of a category, sometimes filtered."""
        self.looking = self.floor.pick()
        category = self.looking.category
        name = "Product List Viewed" if self.rng.random() < 0.8 else "Product List Filtered"
        self.track(name, {"list_id": category.lower(), "category": category, "products": self.floor.shelves[category]})

    def look(self) -> None:
        """A product page; a price that has changed since the last look is published with it."""
        product = self.looking = self.floor.pick()
        if self.rng.random() < 0.25:
            self.track("Product Clicked", self.facts(position=1 + int(self.rng.random() * 12)))
            self.pause()
        known = self.customer.prices.get(product)
        if known is not None and known != product.version:
            changed = {"product_id": product.product_id, "sku": product.sku, "currency": self.currency}
            self.track(
                "Product Price Changed", {**changed, "price": product.cents / 100, "old_price": product.was / 100}
            )
        elif self.rng.random() < 0.004:
            self.track("Product Restocked", self.facts())
        self.customer.prices[product] = product.version
        self.track("Product Viewed", self.facts())

    def add(self) -> None:
        """The product on screen into the cart; one of the SDKs leaves a quantity of one out."""
        quantity = 1 if self.rng.random() < 0.8 else 2 + int(self.rng.random() * 3)
        properties = self.facts() if quantity == 1 and self.sender.text_money else self.facts(quantity=quantity)
        effect = Added(line_of(self.looking, quantity, self.sender))
        self.cart[self.looking] = self.cart.get(self.looking, 0) + quantity
        self.track("Product Added", properties, effect)

    def remove(self) -> None:
        """A product out of the cart again, wholly or in part."""
        if not self.cart:
            return
        product = list(self.cart)[int(self.rng.random() * len(self.cart))]
        had = self.cart[product]
        quantity = 1 if had > 1 and self.rng.random() < 0.5 else None
        self.looking = product
        properties = self.facts() if quantity is None else self.facts(quantity=quantity)
        if quantity is None:
            del self.cart[product]
        else:
            self.cart[product] = had - quantity
        self.track("Product Removed", properties, Removed(line_of(product, 1, self.sender).key, quantity))

    def view_cart(self) -> None:
        """The cart page: a snapshot of all its lines; sometimes a coupon is tried there."""
        self.track(
            "Cart Viewed",
            {"products": listed(self.lines(), self.sender, self.currency), "currency": self.currency},
            self.snapshot(),
        )
        if self.cart and self.rng.random() < 0.08:
            self.pause()
            coupon = {"coupon_id": COUPONS[int(self.rng.random() * len(COUPONS))], "currency": self.currency}
            self.track("Coupon Entered", coupon)
            self.track("Coupon Applied" if self.rng.random() < 0.6 else "Coupon Denied", coupon)
