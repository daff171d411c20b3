"""Every number of every view beside what plain Python makes of the same records (tests.answers)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from math import isclose
from typing import Any

import orjson

from schemas.record import Record
from schemas.topics import DEAD_LETTERS, IDENTITY_ASSIGNMENTS
from sinks.clickhouse.export import EVER, over, view_parameters
from tests.answers import abandoned, attribution, broadcast, customers, journeys, stitching
from tests.answers.channels import campaigns, carts, consent, devices, kpis, sources
from tests.answers.channels.history import History
from tests.answers.funnel import funnel
from tests.answers.offers import offers
from tests.answers.recovery import recovery
from tests.answers.segments import segments
from tests.answers.uplift import uplift
from tests.answers.variants import variants
from tests.answers.zone import shop_zone

Row = dict[str, Any]
Answer = tuple[str, tuple[str, ...], Sequence[Row]]
"""A view, its keys, and the rows it should have."""
ALWAYS = (date.fromisoformat(EVER["from"]), date.fromisoformat(EVER["to"]))
BY_DAY: tuple[tuple[str, str, tuple[str, ...], Callable[..., list[Row]]], ...] = (
    ("v_channel_kpis", "v_channel_daily", ("channel", "currency"), kpis.channels),
    ("v_campaign_kpis", "v_campaign_daily", ("campaign_id", "step", "variant", "currency"), campaigns.campaigns),
    ("v_reach_engagement", "v_reach_engagement_daily", ("channel",), kpis.engagement),
    ("v_cart_funnel", "v_cart_funnel_daily", ("step", "currency"), carts.funnel),
    ("v_devices_hours", "v_devices_hours_daily", ("device", "hour"), devices.hours),
    ("v_match_rate", "v_match_rate_daily", ("channel",), devices.matches),
    ("v_event_names", "v_event_names_daily", ("name", "original_name"), devices.event_names),
    ("v_sources", "v_sources_daily", ("source", "medium", "campaign", "referrer", "currency"), sources.sources),
    ("v_deliverability", "v_deliverability_daily", ("domain",), sources.mailboxes),
    ("v_consent", "v_consent_daily", ("channel", "topic", "campaign_id"), consent.consent),
)
"""Total, fact view, keys of both, and the computation."""


class Told:
    """Records of the output topics, as an analyst without ClickHouse would read them.

    `topics`: their JSON values by topic; `hashes`: the keys of those of identity.assignments, in the same order.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        """Read the records, each of which is there once."""
        self.topics: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.hashes: list[str] = []
        for record in records:
            if record.value is not None and record.topic != DEAD_LETTERS:
                self.topics[record.topic].append(orjson.loads(record.value))
                if record.topic == IDENTITY_ASSIGNMENTS:
                    self.hashes.append((record.key or b"").decode())


def differences(client: Any, told: Told, first: date, last: date) -> dict[str, list[Any]]:
    """By view what differs over the days from `first` to `last`, both included; views without days as a whole.

    Raises AssertionError if the database has a view that nothing is computed for.
    """
    found: dict[str, list[Any]] = {}
    for view, keys, wanted in answers(told, first, last):
        read = over(view, str(first), str(last)) if view_parameters(client)[view] else view
        rows = list(client.query(f"SELECT * FROM {read}").named_results())  # noqa: S608 - written in tests
        if view == "v_attribution":
            rows = [row for row in rows if row["computed_by"] == "stream"]
        found[view] = apart(rows, wanted, keys)
    assert found.keys() == view_parameters(client).keys()
    return {view: one for view, one in found.items() if one}


def apart(found: Sequence[Row], wanted: Sequence[Row], keys: tuple[str, ...]) -> list[Any]:
    """What differs, row by row: keys of one side alone, and columns with both values. Columns are those of `wanted`."""
    left = {tuple(row[key] for key in keys): row for row in found}
    right = {tuple(row[key] for key in keys): row for row in wanted}
    assert (len(left), len(right)) == (len(found), len(wanted))
    found_apart: list[Any] = [("only in the view", key) for key in left.keys() - right.keys()]
    found_apart += [("only computed", key) for key in right.keys() - left.keys()]
    for key in left.keys() & right.keys():
        near = right[key].get("~", 1e-9)
        # What is the end of an interval may be next to 0: it is as near as the interval is wide.
        widest = max((abs(one) for one in right[key].values() if isinstance(one, float)), default=0) * (near > 1e-9)
        found_apart += [
            (key, name, left[key][name], value)
            for name, value in right[key].items()
            if name != "~" and not equal(left[key][name], value, near, widest)
        ]
    return found_apart


def equal(found: Any, value: Any, near: float, widest: float = 0) -> bool:
    """Equal; numbers with a fraction but for rounding, `near` (relative, also to `widest`), or so many millionths."""
    if isinstance(value, Decimal) and near > 1 and found is not None:
        return bool(abs(Decimal(found) - value) <= Decimal(near) / 1_000_000)
    if isinstance(found, float) and isinstance(value, (float, int)):
        exact = near >= 1
        return isclose(
            found, value, rel_tol=1e-9 if exact else near, abs_tol=1e-9 if exact else max(1e-9, near * widest)
        )
    return bool(found == value)


def answers(told: Told, first: date, last: date) -> Iterator[Answer]:
    """Each view, with its rows."""
    topics, history = told.topics, History(told.topics)
    for total, daily, keys, answer in BY_DAY:
        yield total, keys, answer(history, lambda day: first <= day <= last, daily=False)
        yield daily, ("day", *keys), answer(history, lambda _: True, daily=True)
    yield "v_decisions", ("day", "campaign_id", "step", "arm", "outcome", "reason"), campaigns.decisions(history)
    yield "v_identity_health_daily", ("day", "measure", "label"), devices.stitching(history)
    yield "v_identity_health", ("measure", "label"), stitching.health(topics, told.hashes)
    yield "v_offers", ("code", "currency"), offers(topics)
    yield "v_products", ("product_id", "sku", "currency"), abandoned.products(topics, first, last, daily=False)
    yield (
        "v_products_daily", ("day", "product_id", "sku", "currency"), abandoned.products(topics, *ALWAYS, daily=True)
    )  # fmt: skip
    yield "v_time_to_purchase", ("stage",), abandoned.time_to_purchase(topics, first, last)
    yield "v_funnel", ("step",), funnel(topics, first, last)
    yield "v_broadcast_lift", ("aired_at", "spot_id", "region"), broadcast.lift(topics)
    yield from _people(told, first, last)
    yield from _credits(told, first, last)
    yield from _causes(told, first, last)
    names = ("segment", "day", "members", "entered", "left", "left_by_time", "left_by_merge")
    told_of = segments(topics.get("segments.membership", []))
    yield "v_segments", names[:2], [dict(zip(names, row, strict=True)) for row in told_of]


def _people(told: Told, first: date, last: date) -> Iterator[Answer]:
    topics = told.topics
    news = "customer_type", "currency"
    yield "v_new_returning", news, customers.new_returning(topics, first, last, daily=False)
    yield "v_new_returning_daily", ("day", *news), customers.new_returning(topics, *ALWAYS, daily=True)
    yield "v_rfm", ("profile_id", "currency"), customers.rfm(topics, first, last)
    yield "v_cohort_retention", ("period", "cohort", "age"), customers.retention(topics)
    yield "v_lifetime_value", ("cohort", "age_months", "currency"), customers.lifetime_value(topics)
    yield "v_journeys", ("path", "currency"), journeys.journeys(topics, first, last, daily=False)
    yield "v_journeys_daily", ("day", "path", "currency"), journeys.journeys(topics, *ALWAYS, daily=True)
    yield "v_pareto", ("channel", "currency"), journeys.pareto(topics, first, last)


def _credits(told: Told, first: date, last: date) -> Iterator[Answer]:
    """Attribution and budgets: to a millionth an order, as the weight of a touch of long ago is known to 12 digits."""
    topics = told.topics
    near = 1 + 2 * len(topics.get("conversions", ()))
    channels, by_campaign = (attribution.attribution_daily(topics, by) for by in ("channel", "campaign"))
    spent = attribution.spending(topics)
    named = {campaign for _, _, campaign in attribution.touches(topics).values()}
    yield "v_attribution_daily", ("day", "model", "channel", "currency"), [
        {"day": date.fromisoformat(day), "model": model, "channel": channel, "currency": coin, "conversions": orders,
         "revenue": money, "~": near}
        for (day, model, channel, coin), (orders, money) in channels.items()
    ]  # fmt: skip
    sums: dict[tuple[str, str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for (day, model, channel, coin), (orders, money) in channels.items():
        if str(first) <= day <= str(last):
            sums[model, channel, coin] = [sums[model, channel, coin][0] + orders, sums[model, channel, coin][1] + money]
    yield "v_attribution", ("model", "channel", "currency"), [
        {"model": model, "channel": channel, "currency": coin, "conversions": orders, "revenue": money, "~": near}
        for (model, channel, coin), (orders, money) in sums.items() if orders or money
    ]  # fmt: skip
    days: dict[Any, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for (day, model, campaign, coin), (orders, money) in by_campaign.items():
        days[day, campaign, model, coin] = [Decimal(0), orders, money]
    for (day, campaign, coin), cost in spent.items():
        for model in attribution.MODELS:
            days[day, campaign, model, coin] = [cost, *days[day, campaign, model, coin][1:]]
    names = ("day", "campaign", "model", "currency")
    yield "v_budget_daily", names, [_budget(names, at, sums, near, named) for at, sums in days.items()]
    total: dict[Any, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for (day, *at), three in days.items():
        if str(first) <= day <= str(last):
            total[tuple(at)] = [one + more for one, more in zip(total[tuple(at)], three, strict=True)]
    yield "v_budget", names[1:], [_budget(names[1:], at, one, near, named) for at, one in total.items() if any(one)]


def _budget(names: Sequence[str], at: Any, sums: list[Decimal], near: float, named: set[str | None]) -> Row:
    cost, orders, money = sums
    row = dict(zip(names, at, strict=True))
    if "day" in row:
        row["day"] = date.fromisoformat(row["day"])
    return row | {"cost": cost, "conversions": orders, "revenue": money, "~": near} | {
        "roas": float(money / cost) if row["campaign"] and cost and (money or row["campaign"] in named) else None,
        "cpa": float(cost / orders) if row["campaign"] and cost and orders > 0 else None,
    }  # fmt: skip


def _causes(told: Told, first: date, last: date) -> Iterator[Answer]:
    """Recovery, uplift, variants; quantiles of few degrees of freedom are series, to 0.3 %, under 3 to 15 %."""
    topics, zone = told.topics, shop_zone()

    def within(at: datetime) -> bool:
        return first <= at.astimezone(zone).date() <= last

    rates = (
        ("messaged_return_rate", "returned_messaged", "messaged"),
        ("alone_return_rate", "returned_alone", "unmessaged"),
        ("treated_return_rate", "returned_treated", "treated"), ("recovery_rate", "won", "messaged"),
        ("control_return_rate", "returned_control", "control"),
    )  # fmt: skip
    rows: list[Row] = []
    for (day, currency), cell in recovery(topics).items():
        cell["returned_alone"] = cell.pop("returned_unmessaged", 0)
        for rate, part, whole in rates:
            cell[rate] = cell[part] / cell[whole] if cell[whole] else None
        rows.append({"day": day, "currency": currency, **{name: cell[name] for name in cell if name != "won"}})
    yield "v_recovery", ("day", "currency"), rows
    names = ("campaign_id", "metric", "currency")
    yield "v_uplift", names, [
        dict(zip(names, at, strict=True)) | _interval(row) for at, row in uplift(topics, within=within).items()
    ]  # fmt: skip
    keys = ("campaign_id", "step", "variant", "metric", "currency")
    yield "v_variants", keys, [_interval(row) for row in variants(topics, within)]


def _interval(row: Row) -> Row:
    row = dict.fromkeys(("difference", "low", "p_value", "always_low"), None) | row
    freedom = row.pop("freedom", 99)
    return row | {"~": 1e-6 if freedom >= 30 else 3e-3 if freedom >= 3 else 0.15}
