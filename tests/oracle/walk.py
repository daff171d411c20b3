"""One profile's way through its events: duplicates, cart, timers, triggers, sequences, and what a merge does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from schemas.identifiers import Identifier
from tests.oracle import sold
from tests.oracle.addresses import Addresses
from tests.oracle.audiences import Advertising
from tests.oracle.campaigns import DAY, Campaign, Campaigns, milliseconds
from tests.oracle.cart import CART_EVENTS, Cart, Line, is_activity, items_of, products
from tests.oracle.consent import said
from tests.oracle.decisions import Judge, Verdict, shown_trigger
from tests.oracle.everybody import Everybody
from tests.oracle.merging import Merging
from tests.oracle.names import Names, names_of
from tests.oracle.orders import ORDER_EVENTS, name_of
from tests.oracle.outcome import Outcome, iso
from tests.oracle.profile import Profile, Sequence, Waiting, digest
from tests.oracle.reach import Sent
from tests.oracle.reading import Fact, number
from tests.oracle.responding import Responding
from tests.oracle.segments import Act, Segmenting, acts_of
from tests.oracle.taken_back import of_words, on_their_way, taken_back
from tests.oracle.templates import holds
from tests.oracle.triggers import CHANGES, Found, Trigger, codes_of, products_of, renewed, shown

REMINDING = ("cart_abandoned", "checkout_abandoned", "browse_abandoned")
FOR_EVER = float("inf")


class Walk(Merging, Responding, Segmenting, Advertising):
    """The sequential machine: called in order, it writes what happens to `out`."""

    def __init__(self, campaigns: Campaigns, out: Outcome) -> None:
        self.campaigns = campaigns
        self.out = out
        self.everybody = Everybody()
        self.addresses = Addresses()
        self.judge = Judge(campaigns, self.everybody, self.addresses)
        self.counts: Callable[[Profile, str], bool] = lambda _p, _order_id: True
        """Whether an order counts in a profile, where several report it."""
        self.changed: dict[tuple[Names, str], int] = {}
        self.fetched: set[tuple[str, int, int]] = set()

    def switch(self, campaigns: Campaigns, profiles: Iterable[Profile], at: int) -> None:
        """Other campaigns hold from `at` (ms) on, for everybody."""
        self.everybody.floor = self.addresses.floor = at
        self.campaigns = campaigns
        self.judge = Judge(campaigns, self.everybody, self.addresses)
        for p in profiles:
            for sequence in p.sequences:
                sequence.meet(campaigns)
            self.switch_segments(p, at)

    # ------------------------------------------------------------------ time

    def timers(self, p: Profile) -> list[tuple[int, int, Callable[[int], None]]]:
        """(when, in which order at one instant, what happens) of all that a profile waits for."""
        due: list[tuple[int, int, Callable[[int], None]]] = []
        if (at := p.membership.due) is not None:
            due.append((at, -1, lambda _: None))
        if (at := p.cart_due()) is not None:
            due.append((at, 0, lambda at: self.cart_time(p, at)))
        if (at := p.browse_due()) is not None:
            due.append((at, 1, lambda at: self.browse_time(p, at)))
        for n, campaign in enumerate(self.campaigns.on("lapsed")):
            if p.last_order is not None and p.looks.lapsed.get(campaign.id, -1) < p.last_order:
                at = p.last_order + milliseconds(campaign.asks["after"])
                due.append((at, 2 + n, lambda at, campaign=campaign: self.lapsed_time(p, campaign, at)))
        steps = [(sequence, waiting) for sequence in p.sequences for waiting in sequence.waiting]
        if steps:
            sequence, waiting = min(steps, key=lambda step: step[0].order(step[1]))
            due.append((waiting.due, 1_000, lambda at: self.take_step(p, sequence, waiting, at)))
        return due

    def due(self, p: Profile) -> float:
        """When something is due next."""
        return min((at for at, _, _ in self.timers(p)), default=FOR_EVER)

    def run_timers(self, p: Profile, upto: float) -> None:
        """Fire everything due at or before `upto`, in due order."""
        while (timers := self.timers(p)) and (first := min(timers, key=lambda t: t[:2]))[0] <= upto:
            first[2](first[0])
            self.assess(p, first[0], "time")

    def cart_time(self, p: Profile, at: int) -> None:
        """The cart was left alone for too long."""
        cart = p.cart
        if cart.state == "abandoned":
            self.leave(p, "expired", "expired", at)
            return
        cart.abandonment_no += 1
        self.transition(p.id, cart, "abandoned", "inactivity", at)
        self.learn_of(p, [Act(at, "left")])
        kind = f"{cart.stage}_abandoned"
        trigger = Trigger(
            kind, at, cart.opened_at, cart.cart_id, cart.cart_id, cart.abandonment_no,
            cart.worth(self.campaigns.rates, at)[0],
        )  # fmt: skip
        self.start(p, ((campaign, trigger) for campaign in self.campaigns.on(kind)))

    def browse_time(self, p: Profile, at: int) -> None:
        """A visit without a cart is over."""
        views = sorted((time, key) for key, (time, _) in p.looks.browsed.items())
        seen = [p.looks.browsed[key][1] for _, key in views]
        value = sum((number(product["price"]) or Decimal(0) for product in seen), Decimal(0))
        since = min(time for time, _ in p.looks.browsed.values())
        trigger = Trigger("browse_abandoned", at, since, f"browse:{p.last_activity}", value=value, products=tuple(seen),
            names=tuple(key for _, key in views),
        )  # fmt: skip
        p.looks.browsed = {}
        self.start(p, ((campaign, trigger) for campaign in self.campaigns.on("browse_abandoned")))

    def lapsed_time(self, p: Profile, campaign: Campaign, at: int) -> None:
        """The last order was long ago."""
        p.looks.lapsed[campaign.id] = p.last_order
        self.start(p, [(campaign, Trigger("lapsed", at, at, f"lapsed:{p.last_order}"))])

    # ------------------------------------------------------------------ sequences

    def start(self, p: Profile, found: Iterable[Found]) -> None:
        """Campaigns begin, where they are worth it and the customer may enter them."""
        for campaign, trigger in found:
            worth = campaign.min_value if trigger.value is None else float(trigger.value)
            active = not campaign.transactional and p.sequence_of(campaign.id)
            if worth < campaign.min_value or active:
                continue
            entered, again = p.entered.get(campaign.id), campaign.reentry
            if entered is not None and (again == "never" or (again != "always" and entered + again > trigger.at)):
                continue
            p.entered[campaign.id] = trigger.at
            # Two profiles may see the same, and be one later: what each was sent about it must have its own id.
            ref = trigger.cart_id or f"{trigger.ref}:{p.id}"
            waiting = [Waiting(step, trigger.at + step.after) for step in campaign.steps]
            p.sequences.append(Sequence(campaign, replace(trigger, ref=ref), waiting))
            self.out.triggered.append((campaign.id, trigger.at))

    def end(self, p: Profile, reason: str, at: int, which: Callable[[Sequence], bool]) -> None:
        """Sequences come to their end before they are through."""
        ended = [sequence for sequence in p.sequences if which(sequence)]
        for sequence in ended:
            for waiting in sorted(sequence.waiting, key=sequence.order):
                self.decision(p, sequence, waiting, "cancelled", reason, at)
            p.sequences.remove(sequence)

    def take_step(self, p: Profile, sequence: Sequence, waiting: Waiting, now: int) -> None:
        """Decide a step that is due."""
        verdict = Verdict("cancelled", "exited") if waiting.gone else self.judge.decide(p, sequence, waiting, now)
        # Campaigns that are applied later may ask for an hour where those of before did not.
        waiting.placed = waiting.placed or waiting.step.best_hour
        if verdict.outcome == "moved":
            waiting.due = verdict.again
            return
        self.decision(p, sequence, waiting, verdict.outcome, verdict.reason, now)
        if verdict.outcome == "deferred":
            waiting.due = verdict.again
            return
        sequence.waiting.remove(waiting)
        if (clicked := p.reach.message(sequence.clicked)) and not waiting.gone:
            clicked.followed = True
        if not sequence.waiting:
            p.sequences.remove(sequence)
        if verdict.channel is not None:
            sequence.used.append(verdict.channel)
            p.reach.arms[sequence.campaign.id] = self.campaigns.arm(p.id, sequence.campaign)
        if verdict.message is not None:
            self.sent(p, sequence, waiting, verdict.message, now)

    def sent(self, p: Profile, sequence: Sequence, waiting: Waiting, message: dict[str, Any], now: int) -> None:
        """A message goes out."""
        campaign, trigger = sequence.campaign, sequence.trigger
        if message["offer"]:
            p.offers[campaign.id] = self.judge.code(p, sequence, now)
        about = (trigger.ref, trigger.abandonment_no) if trigger.type in REMINDING else None
        row, to, topic = self.out.decisions[-1], message["to"], campaign.topic
        of = (now, message["channel"], message["message_id"], campaign.id, waiting.step.id, trigger.ref, about)
        sent = Sent(*of, row=row, trigger=trigger, to=to, topic=topic, deal=campaign.transactional)
        p.reach.sent.append(sent)
        if about and all(other.abandonment != about for other in p.reach.reminders):
            p.reach.reminders.append(sent)
        self.everybody.sent(sent.channel, now)
        self.out.messages.append(message)

    # ------------------------------------------------------------------ events

    def apply(self, p: Profile, event: Fact, strangers: set[Identifier] = frozenset()) -> None:
        """One event takes effect in the profile. `strangers`: those of its identifiers that are somebody else's."""
        self.run_timers(p, event.time)
        known_by = event.known_by
        before = p.applied.get(known_by)
        if before is not None and abs(event.time - before) < DAY:
            self.out.duplicates += 1
            return
        p.applied[known_by] = event.time
        order = self.take(p, event, strangers)
        if event.channel != "broadcast":
            p.membership.first = min(event.time, p.membership.first or event.time)
        self.learn_of(p, acts_of(event, fetched=self.is_fetched(event), bought=order and order["order_id"]))
        self.assess(p, event.time, "event")

    def take(self, p: Profile, event: Fact, strangers: set[Identifier]) -> dict[str, Any] | None:
        """What an event means to all but segments; its row, if it is a purchase."""
        self.out.stitched.append((p.id, event.message_id, event.time, event.name, event.source))
        p.spend(codes_of(event))
        words = said(event, p.reach.traits)
        withdrawn = p.reach.learn(event, strangers)
        self.addresses.of_profile(event, p, words, p.reach.died(event))
        self.end(p, "exited", event.time, lambda s: bool(withdrawn) and self.is_told_off(p, s, withdrawn))
        fed = self.feedback(p, event)
        self.out.decisions += of_words(p, event, withdrawn, p.reach.died(event))
        # Who has responded before campaigns were applied that end then leaves with the next event.
        self.end(p, "exited", event.time, lambda s: s.engaged and "engaged" in s.campaign.exit_on)
        order = None
        if event.type == "track" and event.name in ORDER_EVENTS:
            order = sold.order(self, p, event)
            if event.name == "Order Completed" and order is None:
                # Nothing was bought.
                event = replace(event, name="")
        else:
            self.shop(p, event)
        if self.is_fetched(event):
            return order
        p.reach.go(event, self.campaigns)
        p.looks.learn(
            event, p.bought, self.campaigns.order_grace, has_cart=p.cart is not None, last_order=p.last_order
        )  # fmt: skip
        if p.cart is not None:
            p.looks.browsed = {}
        self.start(p, p.looks.of_event(self.campaigns, event, order, p.bought))
        self.start(p, [found for campaign in self.campaigns.on("event") for found in self.named(p, campaign, event)])
        self.start(p, fed)
        return order

    def hear(self, p: Profile, event: Fact) -> None:
        """Somebody else has said something of an order that this customer has the sale of."""
        self.run_timers(p, event.time)
        before = p.applied.get(event.known_by)
        if before is not None and abs(event.time - before) < DAY:
            return
        p.applied[event.known_by] = event.time
        sale = p.orders.get(name_of(event))
        if sale is not None and sale.completed:
            order = sold.order(self, p, event)
            self.learn_of(p, acts_of(replace(event, identifiers=()), fetched=True, bought=order and order["order_id"]))
            self.assess(p, event.time, "event")

    def named(self, p: Profile, campaign: Campaign, event: Fact) -> list[Found]:
        """The campaign, if it waits for an event of this name and its `if` is true of it."""
        asks, said = campaign.asks, event.properties
        if event.type != "track" or _letters(asks["name"]) != _letters(event.name):
            return []
        about = {"name": event.name, "channel": event.channel}
        about["properties"] = {name: value for name, value in said.items() if name != "products"}
        profile = {"id": p.id, **p.reach.traits, "language": self.judge.language(p)}
        seen = {"event": about, "properties": about["properties"], "profile": profile}
        if "if" in asks and not holds(asks["if"], seen):
            return []
        products = [shown(product) for product in products_of(event)]
        if not products and (said.get("product_id") or said.get("sku")):
            products = [shown(said)]
        ref = f"event:{event.known_by}:{event.time}"
        return [(campaign, Trigger("event", event.time, event.time, ref, products=tuple(products), about=about))]

    def shop(self, p: Profile, event: Fact) -> None:
        """Lines change, activity moves the clock, and the cart opens, opens again, or is emptied."""
        active_before, active = p.last_activity, is_activity(event) and not self.is_fetched(event)
        if active:
            p.last_activity = max(p.last_activity or 0, event.time)
            self.end(
                p, "exited", event.time,
                lambda s: event.time > s.trigger.at
                and (s.trigger.type == "browse_abandoned" or "visited" in s.campaign.exit_on),
            )  # fmt: skip
        changes = event.type == "track" and event.name in CART_EVENTS
        if p.cart is None:
            if changes:
                cart = Cart(digest(f"{p.id}|{event.time}|{event.message_id}"), event.time, event.time)
                self.fill(p, cart, event)
                if products(cart.lines):
                    p.cart = cart
                    self.stage(cart, event)
                    self.transition(p.id, cart, "open", "opened", event.time)
            return
        if changes:
            self.fill(p, p.cart, event)
            if not products(p.cart.lines):
                p.cart.lines = []
                self.leave(p, "emptied", "emptied", event.time)
                return
            self.stage(p.cart, event)
        if active and p.cart.state == "abandoned" and (active_before is None or event.time > active_before):
            self.reopen(p, event.time)

    def fill(self, p: Profile, cart: Cart, event: Fact) -> None:
        """Lines change, less what has just been bought."""
        if event.name != "Product Added":
            cart.apply(event)
            if isinstance(event.properties.get("products"), list) and event.name != "Product Removed":
                cart.lines = p.bought.left(cart.lines, self.campaigns.order_grace)
            return
        left = []
        for item in items_of(event.properties):
            named = names_of(item)
            line = named and Line(named, Decimal(1), at=event.time, added=event.time)
            if not line or p.bought.left([line], self.campaigns.order_grace):
                left.append(item)
        currency = {"currency": event.properties.get("currency")}
        cart.apply(event if left == [event.properties] else replace(event, properties={**currency, "products": left}))

    def stage(self, cart: Cart, event: Fact) -> None:
        """A checkout makes it a checkout's cart, for good."""
        if event.name == "Checkout Started":
            cart.stage = "checkout"

    def reopen(self, p: Profile, at: int) -> None:
        """The customer is back at an abandoned cart."""
        self.end(p, "exited", at, lambda s: s.trigger.cart_id == p.cart.cart_id)
        self.transition(p.id, p.cart, "open", "reopened", at)

    def leave(self, p: Profile, to: str, reason: str, at: int) -> None:
        """The cart comes to its end."""
        self.end(p, "converted" if reason == "order" else "exited", at, lambda s: s.trigger.cart_id == p.cart.cart_id)
        self.transition(p.id, p.cart, to, reason, at)
        p.cart = None

    def lose(self, p: Profile, identifier: Identifier, at: int) -> None:
        """An address is somebody else's from now on: what has not arrived there is taken back."""
        gone = p.reach.lose(identifier)
        for sent in on_their_way(p, at):
            if (sent.channel, sent.to) in gone:
                self.out.decisions.append(taken_back(p, sent, "no_contact", at))

    # ------------------------------------------------------------------ products

    def change(self, profiles: Iterable[Profile], event: Fact) -> None:
        """Something has happened to a product or a code: it concerns all who are interested in it, or were given it."""
        spent = codes_of(event)
        for p in profiles if spent else ():
            self.run_timers(p, event.time)
            p.spend(spent)
        key = names_of(event.properties) if event.type == "track" and event.name in CHANGES else None
        if key is None:
            return
        counted = self.changed.get((key, event.message_id))
        if counted is not None and event.time - counted < DAY:
            return
        self.changed[key, event.message_id] = event.time
        for p in profiles:
            self.run_timers(p, event.time)
            for sequence in p.sequences:
                sequence.trigger = renewed(sequence.trigger, event)
            self.start(p, p.looks.of_change(self.campaigns, event, p.bought))

    # ------------------------------------------------------------------ rows

    def transition(self, profile_id: str, cart: Cart, to: str, reason: str, at: int) -> None:
        """A row of cart.transitions (ruling 21); the cart is in its new state after it."""
        self.out.transitions.append(
            {"profile_id": profile_id, **cart.row(to, reason, self.campaigns.rates, at), "at": iso(at)}
        )
        cart.state = to

    def decision(
        self, p: Profile, sequence: Sequence, waiting: Waiting, outcome: str, reason: str | None, now: int
    ) -> None:
        """A row of retargeting.decisions."""
        campaign, step = sequence.campaign, waiting.step
        self.out.decisions.append(
            {
                "decision_id": sequence.decision_id(p.id, waiting),
                "campaign_id": campaign.id,
                "step": step.id,
                "variant": None if waiting.gone else self.campaigns.variant(p.id, campaign, step),
                "profile_id": p.id,
                "arm": "treatment" if sequence.gone else self.campaigns.arm(p.id, campaign),
                "control_share": None if sequence.gone else self.campaigns.control_share(campaign),
                "outcome": outcome,
                "reason": reason,
                "message_id": sequence.message_id(p.id, step, self.campaigns.names) if outcome == "sent" else None,
                "trigger": shown_trigger(sequence),
                "decided_at": iso(now),
            }
        )
        waiting.rows += 1


def _letters(name: str) -> str:
    """A name of an event as names are compared: without case, blanks, `_` and `-`."""
    return "".join(letter for letter in name.lower() if not letter.isspace() and letter not in "_-")
