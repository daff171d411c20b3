"""Amounts in messages: the cart's currency, the message's language."""

from __future__ import annotations

import pytest

from streams.core.campaigns import CampaignFile, Campaigns
from streams.core.messaging.render import Renderer


def written(text: str, language: str = "en", folder: str = "", channel: str = "push", **scope) -> str | None:
    """A template's text, no-break spaces as plain ones; None where there is no message."""
    renderer = Renderer(Campaigns(CampaignFile(), {(folder, "t", channel): text}))
    made = renderer.render("t", channel, {"cart": None, "trigger": {}, **scope}, language)
    return None if made is None else " ".join(made.body.split())


EUR = {"cart": {"currency": "EUR", "value": 1234.5}}


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "€1,234.50"), ("de", "1.234,50 €"), ("fr", "1 234,50 €"), ("hi", "€1,234.50"), ("xx", "€1,234.50")],
)
def test_an_amount_is_written_as_the_language_writes_it(language, text):
    """A language that nobody knows is English."""
    assert written("{{ cart.value | money }}", language, **EUR) == text


def test_a_template_of_a_language_writes_amounts_in_it():
    """Even if the customer speaks another one: the message is in one language."""
    assert written("{{ cart.value | money }}", "fr", folder="en", **EUR) == "€1,234.50"


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        ({"cart": {"currency": "USD"}}, "$5.00"),
        ({"cart": {"currency": "JPY"}}, "¥5"),
        ({"cart": {"currency": "usd"}}, "$5.00"),
        ({"cart": {"currency": None}, "trigger": {"currency": "GBP"}}, "£5.00"),
        ({"trigger": {"currency": "CHF"}}, "CHF5.00"),
        ({}, "5.00"),
        ({"cart": {"currency": "??"}}, "5.00"),
    ],
)
def test_the_currency_is_the_carts_else_the_triggers_else_none(scope, text):
    """An amount alone is better than one in a wrong currency."""
    assert written("{{ 5 | money }}", **scope) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("{{ nothing | money }}", ""), ("{{ '' | money }}", ""), ("{{ '49.90' | money: 'EUR' }}", "€49.90"),
     ("{{ -5 | money }}", "-$5.00"), ("{{ 2.675 | money }}", "$2.68"), ("{{ 0 | money }}", "$0.00"),
     ("{{ 'soon' | money }}", None), ("{{ yes | money }}", None), ("{{ list | money }}", None),
     ("{{ '1.234,50' | money }}", "$1,234.50"), ("{{ '12,5 €' | money }}", "$12.50"), ("{{ '12abc' | money }}", None),
     ("{{ '1.299 €' | money: 'EUR' }}", "€1,299.00"), ("{{ '2.675' | money }}", "$2.68"),
     ("{{ 5 | money: 'XXQ' }}", "$5.00"), ("{{ 5 | times: 2 | money | append: '!' }}", "$10.00!")],
)  # fmt: skip
def test_what_is_no_amount_makes_no_message_and_nil_prints_nothing(value, text):
    """`money` takes numbers, and text as a person reads it; a currency is one of ISO 4217."""
    assert written(value, cart={"currency": "USD"}, nothing=None, yes=True, list=[]) == text


def test_an_amount_in_a_text_message_keeps_to_its_alphabet():
    """A no-break space would make it twice as long."""
    renderer = Renderer(Campaigns(CampaignFile(), {("", "t", "sms"): "{{ cart.value | money }}"}))
    made = renderer.render("t", "sms", {**EUR, "trigger": {}}, "fr")
    assert made is not None
    assert made.body == "1 234,50 €"
