"""Made-up segments for made-up campaigns files, and what customers do that segments ask for."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.oracle.histories import DAY, HOUR, MINUTE, Choose, Step, track

WITHIN = ("", ", within: 30m", ", within: 1h", ", within: 1d", ", within: 2d", ", within: 8d")
AGES = (
    "older_than: 1h", "younger_than: 1h", "older_than: 1d", "younger_than: 2d", "older_than: 2h, younger_than: 1d",
    "younger_than: 8d",
)  # fmt: skip
BOUNDS = ("at_least: 1", "at_least: 2", "at_most: 0", "at_most: 1", "at_least: 1, at_most: 2")
COUNTRIES = ("country: [DE, at]", "country: [Germany]", "country: ['NO', Norway]")
SUMS = ("at_least: 20", "at_least: 99.9", "at_most: 50")
TRAITS = (
    "name: plan, is: pro", "name: plan, is: true", "name: plan, is: 1", 'name: plan, in: ["1", basic, 2.5]',
    "name: plan, exists: true", "name: first_name, exists: false", "name: plan, at_least: 2",
    "name: plan, at_least: 0, at_most: 2.5", "name: first_name, is: Zoe",
)  # fmt: skip
THINGS = ("product: lamp", "product: CUP", "product: bed", "category: Lights", "category: garden")
CATEGORIES = ({"category": "lights"}, {"category": " Garden "}, {"category": "Lights > Desk"}, {})
PLANS = ("pro", True, False, 1, 2, 2.5, "1", None, "basic")


def condition(choose: Choose) -> str:
    """One condition, as YAML in one line."""
    within = choose(WITHIN)
    return choose((
        f"orders: {{{choose(BOUNDS)}{within}}}",
        f"orders: {{{choose(BOUNDS)}{within}}}",
        f"revenue: {{currency: {choose(('EUR', 'USD'))}, {choose(SUMS)}{within}}}",
        f"last_order: {{{choose(AGES)}}}",
        f"last_activity: {{{choose(AGES)}}}",
        f"first_seen: {{{choose(AGES)}}}",
        f"seen_on: {{channel: {choose(('web', 'app', 'store', 'email', 'social'))}{within}}}",
        f"carts_abandoned: {{{choose(BOUNDS)}{within}}}",
        f"viewed: {{{choose(THINGS)}, {choose(BOUNDS)}{within}}}",
        f"bought: {{{choose(THINGS)}, {choose(BOUNDS)}{within}}}",
        f"trait: {{{choose(TRAITS)}}}",
        choose(COUNTRIES),
        f"language: {choose(('[de, fr]', '[en]', '[zh-Hant]'))}",
        f"zone: {choose(('[Europe/Berlin]', '[America/New_York, UTC]'))}",
        f"consent: {{channel: {choose(('email', 'sms', 'push', 'ads'))}{choose(('', '', ', topic: offers'))}}}",
        f"contact: {choose(('email', 'sms', 'push', 'messenger', 'ads'))}",
        f"known: {choose(('true', 'false'))}",
    ))  # fmt: skip


def rule(choose: Choose, deep: int = 0) -> str:
    """A rule, as YAML in one line."""
    how = choose(("one", "one", "all", "any", "not")) if deep < 2 else "one"
    if how == "one":
        return f"{{{condition(choose)}}}"
    if how == "not":
        return f"{{not: {rule(choose, deep + 1)}}}"
    return f"{{{how}: [{', '.join(rule(choose, deep + 1) for _ in range(choose((1, 2, 2, 3))))}]}}"


def audience(choose: Choose) -> str:
    """Who is told of a segment's members, if anybody."""
    if choose((True, True, False)):
        return ""
    kinds = choose(("", "[email]", "[phone_digits, email_untagged]", "[email_gmail, phone]"))
    more = (f", identifiers: {kinds}" if kinds else "") + choose(("", "", ", topic: offers"))
    return f", audience: {{webhook: {choose(('meta', 'google'))}{more}}}"


def with_segments(file: str, seed: object) -> str:
    """A campaigns file as it is, or with segments that its campaigns ask for."""
    rng = random.Random(f"segments {seed}")
    choose = rng.choice
    if choose((True, True, False)):
        return file
    names = [f"s{nth}" for nth in range(choose((1, 2, 4, 6)))]
    ads = random.Random(f"audiences {seed}").choice
    lines = ["segments:", *(f"  - {{id: {name}, rule: {rule(choose)}{audience(ads)}}}" for name in names)]
    for line in file.splitlines():
        if line.startswith("    trigger:") and choose((True, False, False, False, False)):
            line = f"    trigger: {{on: segment_entered, segment: {choose(names)}}}"  # noqa: PLW2901
        lines.append(line)
        if line.startswith("    trigger:") and choose((True, False, False)):
            whom = (f"in: [{choose(names)}]", f"not_in: [{choose(names)}]", f"in: {names}, not_in: [{names[0]}]")
            lines.append(f"    audience: {{{choose(whom)}}}")
    return "\n".join(lines) + "\n"


def doings(seed: object, people: int, last: int, start: int) -> list[tuple[int, Step]]:
    """What segments ask for, done by these customers at some time between `start` and a while after `last` (ms)."""
    rng = random.Random(f"doings {seed}")
    choose = rng.choice
    timed = []
    for nth in range(choose((3, 8, 15))):
        n = rng.randrange(people)
        ids: dict[str, Any] = choose(({"userId": f"u{n}"}, {"userId": f"u{n}"}, {"anonymousId": f"a{n}"}))
        channel, message = doing(choose, n)
        at = rng.randrange(start, last + 1) if choose((True, True, False)) else last + choose((HOUR, DAY, 8 * DAY))
        step = {"messageId": f"seg{nth}", **message, **ids, "context": {}}
        timed.append((at, Step(0, channel, choose((0, 1)), step, choose((0, 0, MINUTE)))))
        if choose((True, False, False)):
            # At the very moment at which a window has passed.
            at += choose((HOUR, DAY, 2 * DAY, 8 * DAY)) + choose((-1, 0, 1))
            channel, message = doing(choose, n)
            timed.append((at, Step(0, channel, 0, {"messageId": f"seg{nth}b", **message, **ids, "context": {}}, 0)))
    return timed


def doing(choose: Choose, n: int) -> tuple[str, dict[str, Any]]:
    """A channel and a message of customer `n`, without its identifiers."""
    product = {**choose(({"product_id": "lamp"}, {"sku": "cup", "price": 4.5}, {"product_id": "bed", "price": 300}))}
    product |= choose(CATEGORIES)
    kind = choose(("view", "list", "order", "order", "order", "after", "after", "identify", "add"))
    shop = choose(("web", "app", "store", "marketplace"))
    if kind == "view":
        return shop, track("Product Viewed", {**product, **choose(({}, {}, {"machine": True}))})
    if kind == "list":
        return shop, track("Product List Viewed", {**choose(CATEGORIES), "products": [product]})
    if kind == "add":
        return shop, track("Product Added", product)
    number = {"order_id": f"s{n}{choose('abcde')}"}
    money = {"currency": choose(("EUR", "eur", "USD")), "revenue": choose((10, 49.9, "50", 120))}
    if kind == "order":
        more = choose(({}, {}, {"subscription_renewal": True}))
        return shop, track("Order Completed", {**number, **money, **more, "products": [product]})
    if kind == "after":
        name = choose(("Order Cancelled", "Order Refunded", "Order Updated", "Order Refunded"))
        return shop, track(name, {**number, **choose((money, {}, {"revenue": 10, "currency": "EUR"}))})
    traits = choose((
        {"plan": choose(PLANS)}, {"plan": choose(PLANS)}, {"country": choose(("DE", " at ", "Norway", 7))},
        {"address": choose(({"country": "Germany"}, {"country": "DE"}, {"city": "Oslo"}))},
    ))  # fmt: skip
    return shop, {"type": "identify", "traits": json.loads(json.dumps(traits))}
