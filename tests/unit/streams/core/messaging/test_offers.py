"""Offers: one code a customer and campaign."""

from __future__ import annotations

import re

import pytest

from schemas.times import iso
from streams.core.profile.state import OfferCode
from tests.support.campaigning import Customer, campaign, campaigns_of, step
from tests.support.happenings import at, happened

DAY = 1440
OFFER = {"prefix": "BACK", "discount": "10%", "valid_for": "14d"}


def abandoned(*steps, offer=OFFER, id_="p", key="one", templates=None, **more):
    """A customer whose cart has just started a campaign with an offer."""
    campaigns = campaigns_of([campaign("c", "cart_abandoned", *steps, offer=offer, **more)], templates)
    customer = Customer(campaigns, id_=id_, secret=key)
    customer.adds()
    return customer


def test_every_message_of_a_campaign_carries_one_code():
    """Made with the first message, good for so long from then, and the same in all later ones."""
    customer = abandoned(step("one"), step("two", "2d"))
    customer.upto(3 * DAY)
    offers = [message["offer"] for message in customer.messages]
    assert re.fullmatch(r"BACK-[0-9A-HJKMNP-TV-Z]{8}", offers[0]["code"])
    assert offers[0] == offers[1]
    assert offers[0] == {"code": offers[0]["code"], "discount": "10%", "expires_at": iso(at(30 + 14 * DAY))}


def test_codes_differ_by_customer_and_secret_and_nothing_else():
    """Nobody can guess one without the secret; a later abandonment has the same."""

    def code(**more):
        customer = abandoned(step(), **more)
        customer.upto(30)
        return customer.messages[0]["offer"]["code"]

    assert len({code(), code(id_="q"), code(key="two")}) == 3
    assert code() == code()


def test_a_code_stays_through_a_second_entry_until_it_expires():
    """The offer begins with the first message that carried it; once expired there is none any more."""
    customer = abandoned(step())
    for day in (0, 5, 14, 20):
        customer.adds(day * DAY + 1)
        customer.upto(day * DAY + 40)
    offers = [message["offer"] for message in customer.messages]
    assert offers[0] == offers[1]
    assert offers[2:] == [None, None]


def test_only_messages_of_its_variants_carry_it():
    """A/B: one half with, one without."""
    seen = {}
    for n in range(40):
        customer = abandoned(
            step(variants={"plain": 50, "offer": 50}), offer={**OFFER, "variants": ["offer"]}, id_=f"{n:032x}"
        )
        customer.upto(30)
        message = customer.messages[0]
        assert (message["offer"] is not None) is (message["variant"] == "offer")
        seen[message["variant"]] = bool(customer.profile.offers)
    assert seen == {"plain": False, "offer": True}


def test_a_later_step_without_variants_carries_the_code_that_was_made():
    """Who was offered something is reminded of it; who was not is not offered it now."""
    for n in range(40):
        customer = abandoned(
            step("one", variants={"plain": 50, "offer": 50}), step("two", "1d"),
            offer={**OFFER, "variants": ["offer"]}, id_=f"{n:032x}",
        )  # fmt: skip
        customer.upto(2 * DAY)
        one, two = customer.messages
        assert one["offer"] == two["offer"]


def test_without_an_offer_there_is_null():
    """The field is always there."""
    customer = abandoned(step(), offer=None)
    customer.upto(30)
    assert customer.messages[0]["offer"] is None


def test_who_is_held_out_has_no_code():
    """A code is this customer's from the first message that was sent."""
    customer = abandoned(step(), holdout="100%")
    customer.upto(30)
    assert customer.profile.offers == {}


def test_a_condition_and_a_template_that_fail_make_no_code():
    """Looking at an offer does not make it."""
    customer = abandoned(step(if_="offer.code == 'x'"), step("two", "1h"), templates={"t": "{{ nothing }}"})
    customer.upto(DAY)
    assert [outcome for _, outcome, _ in customer.outcomes] == ["suppressed", "suppressed"]
    assert customer.profile.offers == {}


def test_a_merge_keeps_the_winners_codes_and_fills_gaps():
    """Every code that somebody was sent goes on being theirs."""
    winner, loser = abandoned(step()), abandoned(step(), id_="q")
    winner.profile.offers = {"c": OfferCode("BACK-1", 1, 2)}
    loser.profile.offers = {"c": OfferCode("BACK-2", 1, 2), "d": OfferCode("D-1", 3, 4, 1, spent=True)}
    winner.absorbs(loser, 10)
    assert winner.profile.offers == {"c": OfferCode("BACK-1", 1, 2), "d": OfferCode("D-1", 3, 4, 1, spent=True)}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Order Completed", lambda code: {"order_id": 1, "coupon": code.lower()}),
        ("Order Completed", lambda code: {"order_id": 1, "coupons": ["OTHER", code]}),
        ("Order Completed", lambda code: {"order_id": 1, "coupons": [{"code": code}]}),
        ("Order Completed", lambda code: {"order_id": 1, "coupon": f"FREESHIP, {code}"}),
        ("Order Completed", lambda code: {"order_id": 1, "products": [{"sku": "A", "coupon": code}]}),
        ("Coupon Applied", lambda code: {"coupon_id": code}),
        ("Coupon Applied", lambda code: {"code": f" {code} "}),
        ("Coupon Denied", lambda code: {"coupon_name": code, "reason": "used"}),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_a_code_that_was_redeemed_or_refused_is_not_given_again(name, said, late):
    """Wherever the event names it, in any case, and also when it comes late."""
    customer = abandoned(step())
    customer.upto(30)
    code = customer.messages[0]["offer"]["code"]
    event = happened(name, 60, late=late, **said(code))
    customer.upto(60)
    customer.logic.on_event(customer.profile, event, customer.effects)
    customer.adds(DAY)
    customer.upto(DAY + 30)
    assert customer.messages[-1]["decided_at"] == iso(at(DAY + 30))
    assert customer.messages[-1]["offer"] is None


@pytest.mark.parametrize(
    ("name", "said"),
    [("Order Completed", {"order_id": 1}), ("Order Completed", {"coupon": "BACK-00000000"}),
     ("Coupon Entered", None), ("Coupon Removed", None)],
)  # fmt: skip
def test_another_code_or_a_code_that_was_only_typed_spends_none(name, said):
    """The same code goes on."""
    customer = abandoned(step())
    customer.upto(30)
    code = customer.messages[0]["offer"]["code"]
    customer.does(name, 60, **(said or {"coupon_id": code}))
    customer.adds(DAY)
    customer.upto(DAY + 30)
    assert customer.messages[-1]["offer"]["code"] == code


def test_a_campaign_that_reissues_makes_a_new_code_for_a_spent_one():
    """Good for as long as the first was, and spent in its turn; each code differs."""
    customer = abandoned(step(), offer={**OFFER, "reissue": True})
    codes = []
    for day in range(3):
        customer.adds(day * DAY + 1)
        customer.upto(day * DAY + 40)
        offer = customer.messages[-1]["offer"]
        codes.append(offer["code"])
        assert offer["expires_at"] == iso(at(day * DAY + 31 + 14 * DAY))
        customer.does("Order Completed", day * DAY + 60, order_id=day, coupon=offer["code"])
    assert len(set(codes)) == 3


@pytest.mark.parametrize(("valid_for", "ttl", "minutes"), [("2h", "24h", 120), ("3d", "24h", 1440), ("2h", "1h", 60)])
def test_a_message_expires_with_its_offer_at_the_latest(valid_for, ttl, minutes):
    """Nobody gets a code that is no good any more."""
    campaigns = campaigns_of([campaign("c", offer={**OFFER, "valid_for": valid_for})], message_ttl=ttl)
    customer = Customer(campaigns)
    customer.adds()
    customer.upto(30)
    assert customer.messages[0]["expires_at"] == iso(at(30 + minutes))


def test_a_template_shows_the_offer():
    """Code, discount and the time until which it is good."""
    text = "{% if offer %}{{ offer.code }} {{ offer.discount }} {{ offer.expires_at }}{% else %}nothing{% endif %}"
    for offer in (OFFER, None):
        customer = abandoned(step(), offer=offer, templates={"t": text})
        customer.upto(30)
        shown = customer.messages[0]["offer"]
        words = f"{shown['code']} 10% {shown['expires_at']}" if shown else "nothing"
        assert customer.messages[0]["body"] == words
