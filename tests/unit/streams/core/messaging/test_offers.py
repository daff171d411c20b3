"""Offers: one code a customer and campaign."""

from __future__ import annotations

import re

from schemas.times import iso
from tests.support.campaigning import Customer, campaign, campaigns_of, step
from tests.support.happenings import at

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
    winner.profile.offers = {"c": ["BACK-1", 1, 2]}
    loser.profile.offers = {"c": ["BACK-2", 1, 2], "d": ["D-1", 3, 4]}
    winner.absorbs(loser, 10)
    assert winner.profile.offers == {"c": ["BACK-1", 1, 2], "d": ["D-1", 3, 4]}


def test_a_template_shows_the_offer():
    """Code, discount and the time until which it is good."""
    text = "{% if offer %}{{ offer.code }} {{ offer.discount }} {{ offer.expires_at }}{% else %}nothing{% endif %}"
    for offer in (OFFER, None):
        customer = abandoned(step(), offer=offer, templates={"t": text})
        customer.upto(30)
        shown = customer.messages[0]["offer"]
        words = f"{shown['code']} 10% {shown['expires_at']}" if shown else "nothing"
        assert customer.messages[0]["body"] == words
