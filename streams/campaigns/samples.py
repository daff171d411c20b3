"""Every message that a campaigns file can write, to a made-up customer: for a look at it, and to find faults in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from liquid.exceptions import LiquidError
from msgspec.structs import replace

from schemas.unsubscribe_links import UnsubscribeLinks
from streams.core.aggregates.population import NoStats
from streams.core.campaigns import Campaign, Campaigns, CampaignStep
from streams.core.cart.lines import shown_line
from streams.core.messaging import sms
from streams.core.messaging import template_scope as scope
from streams.core.messaging.decision import OF_CARTS
from streams.core.messaging.offers import Carried
from streams.core.messaging.render import Renderer, split
from streams.core.profile.state import Cart, Dated, Enrollment, Line, Location, Profile

AT: Final = 1_795_262_400_000
"""The moment of the samples: 2026-11-21T12:00:00Z."""
_PRODUCTS: Final = (
    Line("501", "HO-1001", "Desk Lamp <Norden>", 49_900_000, 1, "https://shop.example/p/501"),
    Line("502", "KI-1002", "Coffee Grinder & Cup", 25_000_000, 2, "https://shop.example/p/502"),
)
_LINKS: Final = UnsubscribeLinks("sample", "https://shop.example/v1/unsubscribe")
_RECOMMENDED: Final = {"name": "Wool Blanket", "url": "https://shop.example/p/503", "image_url": None, "price": 39.9}
_TRAITS: Final = {
    "first_name": "Ana", "last_name": "García", "firstName": "Ana", "lastName": "García", "name": "Ana García",
    "email": "ana@example.com", "phone": "+4915112345678", "username": "ana", "title": "Dr.", "gender": "female",
    "age": 34, "birthday": "1992-05-17", "createdAt": "2024-03-01T10:00:00.000Z", "website": "https://ana.example",
    "avatar": "https://ana.example/ana.jpg", "description": "", "company": {"name": "Norden GmbH"},
    "address": {"street": "Torstr. 1", "city": "Berlin", "postalCode": "10119", "country": "Germany"},
}  # fmt: skip
"""The traits that the Segment Spec names. Those of a shop's own are made up where the step's `if` asks for them."""
_ASKED: Final = re.compile(r"\bprofile\.([A-Za-z_][A-Za-z0-9_-]*)")
_TOLD: Final = {"message_id": "0" * 32, "campaign_id": "abandoned-cart", "step": "reminder", "channel": "email"}
_ABOUT: Final[dict[str, dict[str, Any]]] = {
    "order_completed": {"order_id": "O-1000001", "value": 99.9, "currency": "EUR"},
    "product_added": {"product_id": "501", "price": 49.9, "currency": "EUR"},
    "price_dropped": {"product_id": "501", "price": 39.9, "old_price": 49.9, "currency": "EUR"},
    "back_in_stock": {"product_id": "501", "price": 49.9, "currency": "EUR"},
    "content_viewed": {"topic": "coffee"},
    "hashtag_used": {"hashtag": "cozyhome"},
    "event": {
        "name": "Order Shipped",
        "channel": "web",
        "properties": {"order_id": "O-1000001", "tracking_url": "https://track.example/1"},
    },
    "message_clicked": _TOLD,
    "message_bounced": _TOLD,
    "segment_entered": {"segment": "big-spenders"},
}
_ALWAYS: Final = frozenset({"order_id", "value", "old_price", "topic", "hashtag", "store_id", "product_id"})
"""What a trigger that is about such a thing never lacks."""
_WHOLE: Final = frozenset({"price_dropped", "event", "message_clicked", "message_bounced", "segment_entered"})
"""Triggers that know all that they are about."""


class Fault(NamedTuple):
    """One thing that is wrong with a template or a partial (language or "", name, channel).

    `line` and `column` are counted from 1, 0 where the fault has no place.
    """

    template: tuple[str, str, str]
    partial: bool
    line: int
    column: int
    text: str


class Sample(NamedTuple):
    """One message to the made-up customer.

    `language` is the folder of the template, empty for none; `segments` those of a text message. `fault`: why there is
    no message, empty if there is one, and `faults` all of the reasons with their places. `needs`: what is missing when
    little is known of a customer, who gets none then; `bare_subject` and `bare_body` are what they get else.
    """

    campaign: str
    step: str
    channel: str
    template: tuple[str, str, str]
    variant: str | None
    offer: bool
    subject: str = ""
    body: str = ""
    segments: int | None = None
    fault: str = ""
    needs: str = ""
    bare_subject: str = ""
    bare_body: str = ""
    faults: tuple[Fault, ...] = ()

    @property
    def language(self) -> str:
        """The folder of its template."""
        return self.template[0]


class _Known(NoStats):
    """Everybody buys one thing with whatever there is."""

    def bought_with(self, product_id: str, at: int) -> list[tuple[str, int]]:
        """A blanket."""
        del product_id, at
        return [("503", 7)]

    def product(self, product_id: str, at: int) -> dict[str, Any] | None:
        """The blanket."""
        del product_id, at
        return dict(_RECOMMENDED)


def samples(campaigns: Campaigns) -> Iterator[Sample]:
    """Each step on each of its channels, in each language, variant, with its offer and without."""
    found: list[LiquidError] = []
    renderer = Renderer(campaigns, found)
    for campaign in campaigns.file.campaigns:
        for step in campaign.steps:
            for channel in step.candidates:
                for language in _languages(campaigns, step.template, channel):
                    for variant in step.variants or (None,):
                        for offered in _offers(campaign, variant):
                            named = (language, step.template, channel)
                            blank = Sample(campaign.id, step.id, channel, named, variant, offered)
                            yield _rendered(campaigns, renderer, found, campaign, step, blank)


def _languages(campaigns: Campaigns, template: str, channel: str) -> list[str]:
    """The languages a template is written in; the one without a language counts if the file's own has no template."""
    found = sorted(language for language, *name in campaigns.templates if name == [template, channel])
    return [language for language in found if language or campaigns.file.language not in found]


def _offers(campaign: Campaign, variant: str | None) -> tuple[bool, ...]:
    """With and without: an offer runs out. A variant that has none goes without."""
    offer = campaign.offer
    carries = offer is not None and (not offer.variants or variant is None or variant in offer.variants)
    return (True, False) if carries else (False,)


def _rendered(
    campaigns: Campaigns, renderer: Renderer, found: list[LiquidError], campaign: Campaign, step: CampaignStep,
    sample: Sample,
) -> Sample:  # fmt: skip
    language = sample.language or campaigns.file.language
    found[:] = renderer.unread.get(sample.template, ())
    made = None
    try:
        made = renderer.rendered(
            step.template, sample.channel, _scope(campaigns, campaign, step, sample), sample.language
        )
    except Exception as problem:  # noqa: BLE001 - whatever a template does with a value
        if not isinstance(problem, KeyError) or not found:
            found.append(problem if isinstance(problem, LiquidError) else LiquidError(_told(problem), token=None))
    if found or made is None:
        faults = tuple(sorted({fault_of(campaigns, sample.template, problem) for problem in found}))
        return sample._replace(fault=faults[0].text, faults=faults)
    segments = sms.segments(made.body) if sample.channel == "sms" else None
    sample = sample._replace(subject=made.subject, body=made.body, segments=segments)
    try:
        bare = _scope(campaigns, campaign, step, sample._replace(offer=False), bare=True)
        made = renderer.rendered(step.template, sample.channel, bare, language)
    except Exception as problem:  # noqa: BLE001 - as above
        found.append(problem if isinstance(problem, LiquidError) else LiquidError(_told(problem), token=None))
    if found:
        return sample._replace(needs=_told(found[0]))
    return sample._replace(bare_subject=made.subject, bare_body=made.body)


def fault_of(campaigns: Campaigns, template: tuple[str, str, str], problem: LiquidError) -> Fault:
    """What is wrong, and where: in a `template` of the `campaigns`, or in a partial that it shows."""
    told, token = _told(problem), problem.token
    if token is None or token.start_index < 0:
        return Fault(template, False, 0, 0, told)
    before = token.source[: token.start_index]
    line, column = before.count("\n") + 1, token.start_index - before.rfind("\n")
    text = campaigns.templates[template]
    subject, body = split(text)
    if token.source == body:
        return Fault(template, False, line + text.count("\n") - body.count("\n"), column, told)
    if token.source == subject:
        return Fault(template, False, 1, column + text.index(subject), told)
    partial = next((name for name, shown in campaigns.partials.items() if shown == token.source), None)
    return Fault(partial or template, partial is not None, line, column, told)


def _told(problem: Exception) -> str:
    """In one line, without the picture of the place that Liquid draws."""
    told = str(problem.args[0] if problem.args else problem).split("\n")[0]
    if trait := _ASKED.match(told):
        told += (
            f' (if it is a trait of yours, ask for it: {{% if profile contains "{trait[1]}" %}}, or the step\'s `if`)'
        )
    return told


def _scope(
    campaigns: Campaigns, campaign: Campaign, step: CampaignStep, sample: Sample, *, bare: bool = False
) -> dict[str, Any]:
    """What the template sees; `bare`: as little as there may be for this step to come to a message."""
    on = campaign.trigger.on
    lines = [replace(line, name=None, url=None, price=None) if bare else line for line in _PRODUCTS[: 1 if bare else 2]]
    located = not bare or on in ("store_nearby", "hashtag_used") or "store" in (step.condition or "")
    asked = {name: _TRAITS.get(name, name) for name in _ASKED.findall(step.condition or "")}
    store = campaigns.stores.all[0] if campaigns.stores.all else None
    profile = Profile(
        "0" * 32,
        cart=Cart("0" * 32, AT, AT, AT, {line.sku or "": line for line in lines}, currency=None if bare else "EUR",
                  checkout=on == "checkout_abandoned", abandoned=True, abandonment_no=1),
        traits={name: Dated(value, AT) for name, value in ({**asked, **({} if bare else _TRAITS)}).items()},
        locale=Dated(sample.language or campaigns.file.language, AT),
        location=Location(store.latitude + 0.005, store.longitude, AT) if store is not None and located else None,
    )  # fmt: skip
    about = {**_ABOUT.get(on, {}), **({"store_id": store.id} if on == "store_nearby" and store is not None else {})}
    enrollment = Enrollment(
        campaign.id, on, AT, AT, "sample", cart_id="0" * 32 if on in OF_CARTS else None,
        products=[] if on in OF_CARTS else _products(on, lines),
        about={name: value for name, value in about.items() if not bare or name in _ALWAYS or on in _WHOLE},
    )  # fmt: skip
    offer = None
    if sample.offer and campaign.offer is not None:
        valid = campaign.offer.valid_for
        offer = Carried(f"{campaign.offer.prefix}-7K2M9Q4T", campaign.offer.discount, AT, AT + valid)
    what = scope.About("0" * 32, step.id, sample.variant, sample.channel, offer, AT)
    wanted = "recommendations" in (step.condition or "")
    return scope.build(profile, enrollment, what, campaigns, NoStats() if bare and not wanted else _Known(), _LINKS)


def _products(on: str, lines: list[Line]) -> list[dict[str, Any]]:
    """As many as such a trigger brings."""
    few = {"lapsed": 0, "content_viewed": 0, "hashtag_used": 0, "store_nearby": 0, "segment_entered": 0,
           "product_added": 1, "price_dropped": 1, "back_in_stock": 1}  # fmt: skip
    return [shown_line(line) for line in lines[: few.get(on, len(lines))]]
