"""What a template sees, in which language, and how long it may be."""

from __future__ import annotations

import pytest

from schemas.message_ids import MessageIds
from schemas.times import iso
from streams.core.aggregates.population import NoStats
from streams.core.campaigns import CampaignFile, Campaigns
from streams.core.messaging.decide import Decider
from streams.core.messaging.experiments import ExperimentAssignment
from streams.core.profile.machine import Moment
from streams.core.profile.state import Dated, Enrollment, ScheduledStep
from tests.support.campaigning import Customer, campaign, campaigns_of, step
from tests.support.happenings import STORES, at

DAY = 1440


def said(template, *events, on="cart_abandoned", channel="email", known=None, templates=None, stores=STORES, **file):
    """The body of the only message after these events; None where there was none."""
    texts = templates or {"t": template}
    campaigns = campaigns_of([campaign("c", on, step(channel=channel), topic="x")], texts, stores, **file)
    customer = Customer(campaigns, known=known)
    for n, event in enumerate(events or ("Product Added",)):
        name, more = event if isinstance(event, tuple) else (event, {"sku": "A", "price": 10, "name": "Thing",
                                                                     "url": "https://shop.example/a?b=c"})  # fmt: skip
        customer.does(name, n, **more)
    customer.upto(DAY)
    assert len(customer.decisions) == 1
    return customer.messages[0]["body"] if customer.messages else None


def test_a_cart_is_the_one_of_the_moment():
    """Its lines and worth when the message is made, not when it was abandoned."""
    text = "{{ cart.stage }} {{ cart.value }} {{ cart.currency }} {% for p in products %}{{ p.name }}{% endfor %}"
    first = ("Product Added", {"sku": "A", "price": 10, "name": "Thing", "currency": "EUR"})
    second = ("Product Added", {"sku": "B", "price": 5, "name": "Other", "currency": "EUR"})
    assert said(text, first, second) == "cart 15 EUR ThingOther"


def test_other_triggers_have_products_of_their_own_and_no_cart():
    """`cart` is null then; what the trigger is about is in `trigger`."""
    page = ("", {"type_": "page", "topic": "Wine"})
    text = "{% if cart %}cart{% else %}none{% endif %} {{ products.size }} {{ trigger.type }} {{ trigger.topic }}"
    assert said(text, page, on="content_viewed") == "none 0 content_viewed wine"
    order = ("Order Completed", {"order_id": "o1", "total": 12.5, "currency": "EUR",
                                 "products": [{"sku": "A", "name": "Thing"}]})  # fmt: skip
    text = "{{ trigger.order_id }} {{ trigger.value }} {{ trigger.currency }} {{ products[0].name }}"
    assert said(text, order, on="order_completed") == "o1 12.5 EUR Thing"


def test_every_url_carries_the_message():
    """Products, the message's own link, the store and what is recommended."""

    class Bought(NoStats):
        def bought_with(self, product_id, at):
            return [("B", 2)] if product_id == "A" else []

        def product(self, product_id, at):
            return {"name": "Other", "url": "https://shop.example/b"}

    stores = [STORES[0].model_copy(update={"url": "https://shop.example/mitte#map"})]
    text = "{{ products[0].url }} {{ url }} {{ store.url }} {{ recommendations[0].url }} {{ message_id }}"
    event = ("Product Added", {"sku": "A", "url": "https://shop.example/a?b=c", "latitude": 52.5, "longitude": 13.4})
    product, url, store, other, message_id = said(text, event, known=Bought(), stores=stores, channel="push").split()
    assert product == url == f"https://shop.example/a?b=c&wb_mid={message_id}"
    assert store == f"https://shop.example/mitte?wb_mid={message_id}#map"
    assert other == f"https://shop.example/b?wb_mid={message_id}"


def test_without_a_product_the_link_is_the_stores():
    """And without either there is none; an address that is none counts as none."""
    stores = [STORES[0].model_copy(update={"url": "https://shop.example/mitte"})]
    near = ("Store Visited", {"store_id": "mitte"})
    tagged = ("Hashtag Used", {"hashtag": "sale"})
    text = "{% if url %}{{ url }}{% else %}nowhere{% endif %}"
    assert said(text, near, tagged, on="hashtag_used", stores=stores).startswith("https://shop.example/mitte?wb_mid=")
    assert said(text, tagged, on="hashtag_used", stores=stores) == "nowhere"
    assert said(text, ("Product Added", {"sku": "A", "url": "http://[bad"})) == "nowhere"


def test_the_store_is_the_nearest_to_where_the_customer_was_last():
    """With how far it is; null as long as nobody knows where that is."""
    text = "{% if store %}{{ store.id }} {{ store.name }} {{ store.distance_km | round }}{% else %}none{% endif %}"
    tagged = ("Hashtag Used", {"hashtag": "sale", "latitude": 52.61, "longitude": 13.405})
    assert said(text, tagged, on="hashtag_used") == "nord Nord 1"
    assert said(text, ("Hashtag Used", {"hashtag": "sale"}), on="hashtag_used") == "none"


def test_recommendations_are_what_was_bought_with_these_products():
    """Counts of all products together, most first, of equals by id, at most four, none of the products themselves."""

    class Bought(NoStats):
        def bought_with(self, product_id, at):
            return {"A": [("F", 9), ("B", 3), ("C", 2), ("D", 2), ("E", 1)], "B": [("C", 2), ("A", 3)]}[product_id]

        def product(self, product_id, at):
            return {"name": product_id.lower(), "price": 1} if product_id != "D" else None

    text = "{% for r in recommendations %}{{ r.product_id }}{{ r.name }}{{ r.price }} {% endfor %}"
    products = [("Product Added", {"product_id": "A"}), ("Product Added", {"product_id": "B"})]
    assert said(text, *products, known=Bought()) == "Ff1 Cc1 D Ee1"


def test_a_profile_has_its_traits_and_a_language():
    """The language is the customer's own, else the file's."""
    cart = ("Product Added", {"sku": "A"})
    identify = ("", {"type_": "identify", "traits": {"first_name": "Ann", "id": "mine"}})
    assert said("{{ profile.first_name }} {{ profile.language }}", identify, cart, language="de") == "Ann de"
    assert said("{{ profile.traits.first_name }} {{ profile.traits.id }}", identify, cart) == "Ann mine"
    assert said("{{ profile.traits.nickname | default: 'you' }}", identify, cart) == "you"
    identify = ("", {"type_": "identify", "traits": {"first_name": "Ann"}, "context": {"locale": "fr-CA"}})
    assert said("{{ profile.language }}", identify, cart, language="de") == "fr"


def test_what_the_message_is():
    """Channel, campaign, step, variant and the time of the trigger."""
    text = "{{ channel }} {{ campaign }} {{ step }} {{ variant }} {{ trigger.at }}"
    assert said(text) == f"email c s  {iso(at(30))}"


@pytest.mark.parametrize("text", ["{{ cart.nothing }}", "{{ offer.code }}", "{{ store.name }}", "{{ trigger.topic }}"])
def test_what_is_missing_is_an_invalid_template(text):
    """Nothing is sent with a hole in it, also where a whole part is null."""
    assert said(text) is None


def test_languages_in_their_order():
    """The customer's, the file's, none; a template of the right name on another channel is none."""
    texts = {
        ("fr", "t", "email"): "fr",
        ("de", "t", "email"): "de",
        ("", "t", "email"): "none",
        ("it", "t", "sms"): "it",
    }
    for own, wanted in (("fr", "fr"), ("de", "de"), ("it", "de"), (None, "de")):
        file = CampaignFile.model_validate({"language": "de", "campaigns": [campaign("c")]})
        customer = Customer(Campaigns(file, texts))
        customer.profile.locale = own and Dated(own, 0)
        customer.adds()
        customer.upto(30)
        assert customer.messages[0]["body"] == wanted
    file = CampaignFile.model_validate({"language": "es", "campaigns": [campaign("c")]})
    customer = Customer(Campaigns(file, texts))
    customer.adds()
    customer.upto(30)
    assert customer.messages[0]["body"] == "none"


def test_a_text_message_is_one_line_and_of_so_many_segments():
    """Whitespace is folded; a text longer than `sms_segments` is an invalid template."""
    assert said("a\n  b\n\nc", channel="sms") == "a b c"
    assert said("x" * 160, channel="sms", sms_segments=1) == "x" * 160
    assert said("x" * 161, channel="sms", sms_segments=1) is None
    assert said("x" * 161, channel="sms", sms_segments=2) == "x" * 161
    assert said("x" * 4000, channel="push", sms_segments=1) == "x" * 4000


def test_values_are_escaped_for_mail_alone():
    """A name with markup in it does not become markup."""
    event = ("Product Added", {"sku": "A", "name": "<b>&"})
    assert said("{{ products[0].name }}", event) == "&lt;b&gt;&amp;"
    assert said("{{ products[0].name }}", event, channel="push") == "<b>&"


@pytest.mark.parametrize(
    "text", ["{{ 1 | divided_by: 0 }}", "{{ profile | minus: 1 }}", "{% for i in cart %}{% endfor %}"]
)
def test_whatever_a_template_does_with_a_value_it_stops_nothing(text):
    """Invalid, or something harmless; never an error of the worker."""
    said(text)


def test_a_cart_that_is_gone_is_no_message():
    """A step of a cart without one cannot be made."""
    campaigns = campaigns_of([campaign("c")])
    customer = Customer(campaigns)
    enrollment = Enrollment("c", "cart_abandoned", at(0), at(0), "gone", "gone", 1, steps=[ScheduledStep("s", at(5))])
    decider = Decider(campaigns, ExperimentAssignment(campaigns.file, "s"), MessageIds("s"))
    decision = decider.decide(customer.profile, enrollment, enrollment.steps[0], Moment(None, NoStats()))
    assert decision is not None
    assert decision.row["reason"] == "invalid_template"
