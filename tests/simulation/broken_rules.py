"""Rules of the protocol, each broken, by what histories they show; and the seed that is known to notice it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace

from schemas import identifiers
from schemas.aliases import translator
from schemas.aliases.shopping import Shopping
from streams.core import identify, journey
from streams.core.aggregates.population import Population
from streams.core.campaigns.rates import Rates
from streams.core.cart import purchases
from streams.core.contact import consent, points
from streams.core.contact.suppressions import Suppressions
from streams.core.engagement import clicks
from streams.core.handover.erasure import Erasure
from streams.core.handover.order_copies import OrderCopies
from streams.core.identity.sales import Sales
from streams.core.ingest import NOBODY, Ingest
from streams.core.messaging import awaited, caps, decision, enrollment, offers
from streams.core.messaging.enrollment import Enroller
from streams.core.messaging.experiments import ExperimentAssignment
from streams.core.orders import conversions, corrections
from streams.core.products.changes import Catalogue
from streams.core.profile.event import Sealed
from streams.core.profile.forwarding import ForwardingTable
from streams.core.protocol.link_log import Ack
from streams.core.protocol.order_key import END_OF_TIME, START_OF_TIME
from streams.core.protocol.ports import MAX_TIME
from streams.core.protocol.sequence_numbers import DuplicateFilter
from streams.core.sealing import sealer as seal
from streams.core.sealing.repeats import Repeats
from streams.core.watermark.rounds import Rounds

Break = Callable[[], AbstractContextManager[Any]]
MOST = 240


def changes_settle_at_once() -> AbstractContextManager[Any]:
    """A change of identity does not hold the watermark."""
    return patch.object(Rounds, "change", lambda *_: None)


def rounds_do_not_wait() -> AbstractContextManager[Any]:
    """The next round does not wait for acknowledgements of the last."""
    real = Rounds.next

    def next_(self: Rounds) -> Any:
        self._acknowledged = set(range(self._partitions))
        return real(self)

    return patch.object(Rounds, "next", next_)


def what_moves_holds_nothing() -> AbstractContextManager[Any]:
    """The watermark may pass what one partition has sent on to another."""
    real = Rounds.acknowledge

    def acknowledge(self: Rounds, ack: Ack) -> None:
        real(self, replace(ack, min_in_flight=None, min_forwarded=None))

    return patch.object(Rounds, "acknowledge", acknowledge)


def repeats_between_partitions_count() -> AbstractContextManager[Any]:
    """What a task sends again after a restart is taken for new."""
    return patch.object(DuplicateFilter, "is_repeat", lambda _self, _record: False)


def repeats_of_producers_count() -> AbstractContextManager[Any]:
    """An event of the same message id takes effect again."""
    return patch.object(Repeats, "is_repeat", lambda _self, _profile, _event: False)


def moved_devices_are_not_forwarded() -> AbstractContextManager[Any]:
    """A device's events stay with the profile that it has left."""
    return patch.object(ForwardingTable, "moved", lambda _self, *_: None)


def merges_have_no_time() -> AbstractContextManager[Any]:
    """Events from before a merge are taken for the survivor's."""
    real = ForwardingTable.retired

    def retired(self: ForwardingTable, profile_id: bytes) -> tuple[bytes, bytes] | None:
        mark = real(self, profile_id)
        return None if mark is None else (mark[0], bytes(len(mark[1])))

    return patch.object(ForwardingTable, "retired", retired)


def events_come_before_merges() -> AbstractContextManager[Any]:
    """At one instant, the event takes effect before the merge that it caused."""
    return patch.object(seal, "_MERGE", seal._EVENT + 1)


def consent_is_not_merged() -> AbstractContextManager[Any]:
    """A merge keeps the survivor's consent, not the strictest."""
    return patch.object(consent, "absorb", lambda _winner, _loser: None)


def consent_is_not_asked() -> AbstractContextManager[Any]:
    """Who has said no is written to."""
    return patch.object(consent, "given", lambda *_, **__: True)


def addresses_are_not_asked() -> AbstractContextManager[Any]:
    """What was said of an address does not hold for whoever has it."""
    return patch.object(Suppressions, "refuses", lambda *_, **__: False)


def every_address_is_the_customers() -> AbstractContextManager[Any]:
    """What identity says of addresses that are somebody else's is not heard."""
    return patch.object(points, "belongs", lambda *_: None)


def feedback_gives_addresses() -> AbstractContextManager[Any]:
    """Whatever names an address gives it."""
    return patch.object(points, "_is_given", lambda *_: True)


def scanners_are_patient() -> AbstractContextManager[Any]:
    """A click right after the sending, or before the delivery, is taken for a customer's."""
    return patch.object(clicks, "is_early", lambda *_: False)


def scanners_follow_one_link() -> AbstractContextManager[Any]:
    """Many links at once are taken for many clicks."""
    return patch.object(clicks, "BURST_LINKS", 1_000)


def deliveries_come_first() -> AbstractContextManager[Any]:
    """What was clicked before a delivery stays a click."""
    return patch.object(clicks, "on_delivery", lambda *_: [])


def machines_are_customers() -> AbstractContextManager[Any]:
    """What a machine looks at is activity."""
    return patch.object(Sealed, "is_fetched", False)


def bounces_stop_nothing() -> AbstractContextManager[Any]:
    """A dead address is written to."""
    return patch.object(consent, "_dead", lambda *_: False)


def lists_are_not_taken_in() -> AbstractContextManager[Any]:
    """What an operator says of addresses is told to nobody."""
    return patch.object(identify.Identify, "_suppress", lambda *_: None)


def caps_do_not_count() -> AbstractContextManager[Any]:
    """Nobody ever has had enough."""
    return patch.object(caps, "capped", lambda *_: False)


def nights_are_not_quiet() -> AbstractContextManager[Any]:
    """It is always day."""
    return patch.object(caps, "quiet_until", lambda *_: None)


def orders_end_nothing() -> AbstractContextManager[Any]:
    """What waits goes on after an order, but for what its cart has started."""
    return patch.object(enrollment, "ended_by", lambda *_: False)


def what_is_put_off_is_dropped() -> AbstractContextManager[Any]:
    """A deferred step does not come back."""
    return patch.object(decision.Decision, "waits", False)


def everybody_is_treated() -> AbstractContextManager[Any]:
    """There is no control group, and no holdout."""
    return patch.object(ExperimentAssignment, "arm", lambda *_: "treatment")


def one_may_always_enter() -> AbstractContextManager[Any]:
    """A campaign begins again while it is under way, and however soon."""
    return patch.object(Enroller, "_refusal", lambda *_: None)


def repeats_of_orders_count() -> AbstractContextManager[Any]:
    """An order that has been counted counts again, whoever tells of it."""
    real = conversions.on_completed

    def on_completed(profile: Any, event: Any, order_id: str, rules: Any) -> Any:
        profile.orders.pop(order_id, None)
        return real(profile, event, order_id, rules)

    return patch.object(conversions, "on_completed", on_completed)


def orders_are_of_each_who_reports_them() -> AbstractContextManager[Any]:
    """An order_id is not the shop's: whoever reports an order has the sale of it."""
    return patch.multiple(Sales, _named=lambda *_: None, _settled=lambda *_: None, moved=lambda *_: None)


def nobody_gives_a_sale_back() -> AbstractContextManager[Any]:
    """Who is known better has the sale of an order, and so has who had it before."""
    return patch.object(Sales, "moved", lambda *_: None)


def orders_are_heard_of_by_who_speaks() -> AbstractContextManager[Any]:
    """What somebody else says of an order does not reach the profile that has it."""
    return patch.object(OrderCopies, "expect", lambda *_: None)


def copies_wait_for_nothing() -> AbstractContextManager[Any]:
    """An event that comes behind the word that it is to be copied is not copied."""
    return patch.object(OrderCopies, "arrived", lambda *_: None)


def refunds_know_no_end() -> AbstractContextManager[Any]:
    """More is paid back than was paid."""
    paid_back = lambda order: order.refunded  # noqa: E731
    stack = ExitStack()
    stack.enter_context(patch.object(conversions, "paid_back", paid_back))
    stack.enter_context(patch.object(corrections, "paid_back", paid_back))
    return stack


def rates_do_not_change() -> AbstractContextManager[Any]:
    """One unit of a currency is one of any other."""
    return patch.object(Rates, "between", lambda *_: 1)


QUICK = (
    changes_settle_at_once, rounds_do_not_wait, repeats_of_producers_count, moved_devices_are_not_forwarded,
    merges_have_no_time, events_come_before_merges, consent_is_not_merged, rates_do_not_change, copies_wait_for_nothing,
    orders_are_heard_of_by_who_speaks,
)  # fmt: skip


def what_everybody_does_is_known_at_once() -> AbstractContextManager[Any]:
    """A partition tells what it has learned with every round, and decides by it the same day."""
    stack = ExitStack()
    stack.enter_context(patch.object(journey, "is_midnight", lambda _reach: True))
    known = lambda self, _at: [self._total, *self._days.days.values()]  # noqa: E731
    stack.enter_context(patch.object(Population, "_known", known))
    real = Population._of
    stack.enter_context(patch.object(Population, "_of", lambda self, product, _at: real(self, product, MAX_TIME)))
    return stack


def midnights_are_passed() -> AbstractContextManager[Any]:
    """Rounds do not stop where a day ends."""
    return patch.object(Rounds, "_next_barrier", lambda _self: END_OF_TIME)


def changes_of_products_happen_again() -> AbstractContextManager[Any]:
    """Whenever a profile is sealed, all that has happened to products takes effect once more."""
    return patch.object(Catalogue, "since", lambda _self, _profile: START_OF_TIME)


def tills_are_taken_for_customers() -> AbstractContextManager[Any]:
    """What a till's or an agent's machine sends of itself links, as a customer's device does."""
    return patch.object(identifiers, "without_devices", lambda given: given)


def spent_codes_are_given() -> AbstractContextManager[Any]:
    """Nobody remembers which codes were used."""
    return patch.object(offers, "spend", lambda *_: None)


def names_of_others_are_read_without_their_properties() -> AbstractContextManager[Any]:
    """`add_to_cart` is an addition, but nobody looks into its `items`."""
    return patch.object(Shopping, "read", lambda _self, alias, properties, _paths=None: (alias.name, properties))


def names_of_others_mean_nothing() -> AbstractContextManager[Any]:
    """An event counts only under our own name, as we write it."""
    return patch.object(translator.Translator, "name", lambda _self, given: (" ".join(given.split()), None, None))


OF_NAMES = (names_of_others_are_read_without_their_properties, names_of_others_mean_nothing)
OF_LINKS = (tills_are_taken_for_customers,)


def orders_are_forgotten_at_once() -> AbstractContextManager[Any]:
    """What a shop reports of a cart after the order is taken for another cart."""
    return patch.object(purchases, "holds_back", lambda *_: False)


def what_was_bought_is_named() -> AbstractContextManager[Any]:
    """Visits, prices and stock remind of a thing that the customer has bought."""
    return patch.object(purchases, "bought", lambda *_: False)


def feedback_goes_by_the_address() -> AbstractContextManager[Any]:
    """What became of a message is told of whoever has the address it names."""
    return patch.object(Ingest, "_recipient", lambda *_: None)


def erasures_have_no_end() -> AbstractContextManager[Any]:
    """What an erased person does later is dropped where they were, too."""
    return patch.object(ForwardingTable, "anew", lambda *_: None)


def erasures_take_back_where_they_end() -> AbstractContextManager[Any]:
    """What was written under a former id is void once, where its profile is, not where it was written."""
    return patch.object(Erasure, "_was_here", lambda *_: False)


def erasures_take_what_they_are_near_to() -> AbstractContextManager[Any]:
    """What names an erased person is dropped whenever it happened."""
    real = Ingest.process

    def process(self: Ingest, records: Any) -> None:
        self._erased = dict.fromkeys(self._erased, MAX_TIME)
        real(self, records)

    return patch.object(Ingest, "process", process)


def messages_outlive_their_customer() -> AbstractContextManager[Any]:
    """Feedback of a message of an erased profile goes to whoever it names."""
    real = Ingest._recipient

    def recipient(self: Ingest, event: Any) -> bytes | None:
        to = real(self, event)
        gone = to is not None and self._erased.get(to[:16].hex()) is not None
        return None if gone and event.identifiers else to

    return patch.object(Ingest, "_recipient", recipient)


def forged_ids_are_dropped() -> AbstractContextManager[Any]:
    """What names a message that is none of ours, and nobody else, is no dead letter."""
    real = Ingest._let_go
    drop = lambda self, event, record, to: None if to == NOBODY else real(self, event, record, to)  # noqa: E731
    return patch.object(Ingest, "_let_go", drop)


def prices_stand_still() -> AbstractContextManager[Any]:
    """What waits to tell of a price tells the one it began with."""
    return patch.object(awaited, "on_product", lambda *_: None)


def what_a_machine_has_set_off_goes_on() -> AbstractContextManager[Any]:
    """A click is taken back, what it has set off is not."""
    return patch.object(enrollment.Enroller, "on_unclicked", lambda *_: ())


OF_CAMPAIGNS = (
    consent_is_not_asked, caps_do_not_count, nights_are_not_quiet, orders_end_nothing, what_is_put_off_is_dropped,
    everybody_is_treated, one_may_always_enter, what_everybody_does_is_known_at_once, midnights_are_passed,
    changes_of_products_happen_again, addresses_are_not_asked,
    every_address_is_the_customers, feedback_gives_addresses, bounces_stop_nothing,
    scanners_are_patient, scanners_follow_one_link, deliveries_come_first, machines_are_customers,
    orders_are_forgotten_at_once, what_was_bought_is_named, spent_codes_are_given, feedback_goes_by_the_address,
    lists_are_not_taken_in, prices_stand_still,
)  # fmt: skip
PROMISED = (
    every_address_is_the_customers, addresses_are_not_asked,
    consent_is_not_asked, caps_do_not_count, nights_are_not_quiet, orders_end_nothing, what_is_put_off_is_dropped,
    orders_are_forgotten_at_once, what_was_bought_is_named, spent_codes_are_given,
    feedback_goes_by_the_address,
)  # fmt: skip
"""Rules whose breach the written records show by themselves."""
RARE_OF_CAMPAIGNS = (what_a_machine_has_set_off_goes_on,)
OF_REQUESTS = (
    erasures_have_no_end, erasures_take_what_they_are_near_to, messages_outlive_their_customer, forged_ids_are_dropped,
)  # fmt: skip
OF_MONEY = (repeats_of_orders_count, refunds_know_no_end, orders_are_of_each_who_reports_them, nobody_gives_a_sale_back)
RARE = (what_moves_holds_nothing, repeats_between_partitions_count)


NOTICED_BY = {
    "copies_wait_for_nothing": 3, "nobody_gives_a_sale_back alone": 87, "another_address_is_one_more alone": 26,
    "what_was_replaced_is_written_to alone": 85, "what_a_machine_has_set_off_goes_on": 69,
    "what_was_replaced_is_written_to": 18, "repeats_between_partitions_count": 19, "what_moves_holds_nothing": 9,
    "links_written_again_type_again": 55, "orders_confirm_nothing": 3, "every_address_is_the_customers alone": 74,
    "addresses_are_not_asked alone": 29, "consent_is_not_asked alone": 1, "caps_do_not_count alone": 13,
    "nights_are_not_quiet alone": 20, "orders_end_nothing alone": 21, "what_is_put_off_is_dropped alone": 2,
    "orders_are_forgotten_at_once alone": 79, "what_was_bought_is_named alone": 15, "spent_codes_are_given alone": 56,
    "feedback_goes_by_the_address alone": 2, "consent_is_not_asked": 1, "caps_do_not_count": 13,
    "nights_are_not_quiet": 9, "orders_end_nothing": 2, "what_is_put_off_is_dropped": 2, "everybody_is_treated": 2,
    "one_may_always_enter": 2, "what_everybody_does_is_known_at_once": 135, "midnights_are_passed": 2,
    "changes_of_products_happen_again": 1, "addresses_are_not_asked": 29, "feedback_gives_addresses": 66,
    "bounces_stop_nothing": 27, "scanners_are_patient": 60, "scanners_follow_one_link": 49,
    "deliveries_come_first": 26, "machines_are_customers": 6, "what_was_bought_is_named": 1,
    "spent_codes_are_given": 54, "feedback_goes_by_the_address": 1, "lists_are_not_taken_in": 75,
    "prices_stand_still": 62, "refunds_know_no_end alone": 28, "changes_settle_at_once": 9,
    "moved_devices_are_not_forwarded": 0, "events_come_before_merges": 1, "consent_is_not_merged": 18,
    "rates_do_not_change": 110, "names_of_others_are_read_without_their_properties": 1,
    "names_of_others_mean_nothing": 1, "erasures_take_what_they_are_near_to": 1, "messages_outlive_their_customer": 1,
    "forged_ids_are_dropped": 28, "erasures_take_back_where_they_end": 4,
    "windows_do_not_pass": 25, "members_outlive_their_merge": 25, "segments_wait_for_the_next_event": 8,
    "memberships_are_handed_over": 25, "memberships_are_handed_over alone": 25,
    "who_says_no_stays_in_audiences": 25, "merged_stay_in_audiences": 25,
    "claims_come_after_timers": 1, "addresses_link_as_they_are_typed alone": 1,
}  # fmt: skip
"""A seed that notices, by the rule's name, and ` alone` where there is no oracle. The others by seed 0."""
