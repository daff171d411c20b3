"""Sections about channels: all of them, goals, search, paid, e-mail, social."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from deploy.report.drawing import counted, earned
from deploy.report.model import Row, Section, Table
from deploy.report.pictures import spots
from sinks.clickhouse.view_rows import Asked

KPIS: Final = Asked("v_channel_kpis")
CHANNEL: Final = ("channel",)
TRAFFIC: Final = ("events", "reach", "sends", "delivered", "opens", "clicks", "open_rate", "ctr")
ORDERS: Final = ("conversions", "revenue", "refunds", "net_revenue")
COSTS: Final = ("cost", "attributed_conversions", "attributed_revenue", "cpa", "roas")
SPOT: Final = ("aired_at", "region", "campaign_id", "medium")
SOURCE: Final = ("source", "medium", "campaign", "referrer")
FOUND_BY: Final = ("visitors", "carts")
CREDITED: Final = "Credited by the model last_non_direct: the last touch before the order that was not a direct visit."


def only(*channels: str) -> Callable[[Row], bool]:
    """Returns what keeps the rows of these channels."""
    return lambda row: row["channel"] in channels


def _of_all_orders(row: Row) -> bool:
    """The six rules as orders come in, and the models that were computed; no rule with a lookback of its own."""
    return row.get("computed_by", "stream") == "stream" or str(row["model"]).startswith(("markov", "shapley"))


def _searched(row: Row) -> bool:
    return row["medium"] in {"organic", "cpc", "ppc", "paid", "search"} or "google." in row["referrer"]


CHANNELS: Final = Section(
    "channels", "All channels", "What happened on each channel, and what was ordered on it.",
    (
        Table(KPIS, "Traffic and messages by channel", CHANNEL, TRAFFIC, by="events",
              draw=counted("events", CHANNEL, "Events by channel")),
        Table(Asked("v_reach_engagement"), "Reach and engagement", CHANNEL,
              ("reach", "engaged", "engagement_rate", "engagements", "engagements_per_customer"), by="reach",
              draw=counted("reach", CHANNEL, "Customers reached by channel"),
              note="A customer who is seen on two channels is in the reach of both: reach is not to be added."),
        Table(KPIS, "Orders placed on each channel", CHANNEL, ("buyers", "conversion_rate"), ORDERS,
              keep=lambda row: bool(row["conversions"] or row["net_revenue"]), by="net_revenue",
              draw=earned("net_revenue", CHANNEL, "Net revenue by channel that the order was placed on")),
        Table(Asked("v_match_rate"), "How many of a channel's events come from a person we know", CHANNEL,
              ("events", "known_events", "match_rate", "customers", "known_customers"), by="events"),
        Table(Asked("v_broadcast_lift"), "Spots: events in the half hour before and after", SPOT,
              ("before", "after", "ratio", "ratio_low", "ratio_high", "ratio_to_elsewhere"), most=12, draw=spots,
              note="The hour of the day changes what people do as well: no proof of a cause. Times are UTC."),
    ),
)  # fmt: skip
GOALS: Final = Section(
    "goals", "Goals", "How far visitors come, what new and returning customers bring, and how long the way from a cart "
    "left behind to an order is.",
    (
        Table(Asked("v_funnel"), "Steps from a visit to an order", ("step",),
              ("customers", "share_of_visits", "share_of_previous"),
              draw=counted("customers", ("step",), "Customers by step")),
        Table(Asked("v_new_returning"), "New and returning customers", ("customer_type",), (),
              ("customers", "orders", "order_share", "revenue")),
        Table(Asked("v_time_to_purchase"), "Time from abandonment to the order", ("stage",),
              ("abandoned", "bought", "purchase_rate", "within_hour", "within_day", "within_week", "hours_p50",
               "hours_p90"),
              note="With or without a message. Carts of the last days of a month may still be bought."),
    ),
)  # fmt: skip
SEARCH: Final = Section(
    "search", "Search", "Visits and orders that search engines brought, paid and unpaid.",
    (
        Table(KPIS, "The channel search", CHANNEL, ("events", "reach", "impressions", "clicks", "ctr"), COSTS,
              keep=only("search"), note=CREDITED),
        Table(Asked("v_sources"), "Visits from search engines", SOURCE, FOUND_BY, ("orders", "revenue"), keep=_searched,
              by="visitors", most=10),
    ),
)  # fmt: skip
PAID: Final = Section(
    "paid", "Paid", "What adverts cost, and the orders that each attribution model gives them. A model shares credit "
    "out; it does not prove that an advert was the cause.",
    (
        Table(KPIS, "Channels with adverts or costs", CHANNEL, ("impressions", "clicks", "ctr"), COSTS,
              keep=lambda row: bool(row["cost"] or row["impressions"]), by="cost", note=CREDITED,
              draw=earned("cost", CHANNEL, "Cost by channel")),
        Table(Asked("v_budget", where="model = 'last_non_direct'"), "Costs and credited orders by campaign",
              ("campaign",), (), ("cost", "conversions", "cpa", "revenue", "roas"), by="cost", note=CREDITED),
        Table(Asked("v_attribution"), "Net revenue by channel and attribution model", ("channel",), (), ("revenue",),
              across="model", keep=_of_all_orders),
    ),
)  # fmt: skip
EMAIL: Final = Section(
    "email", "E-mail", "What was sent by e-mail, what reached people, and who asked for no more.",
    (
        Table(KPIS, "The channel e-mail", CHANNEL,
              ("sends", "delivered", "opens", "clicks", "open_rate", "ctr", "machine_opens", "machine_clicks"),
              keep=only("email")),
        Table(Asked("v_deliverability"), "Delivery by the recipients' domain", ("domain",),
              ("messages", "delivered", "bounces", "complaints", "bounce_rate", "open_rate", "ctr", "complaint_rate"),
              by="messages", most=15, draw=counted("messages", ("domain",), "E-mails by the recipients' domain")),
        Table(Asked("v_consent"), "Who said no, and after which campaign", ("channel", "topic", "campaign_id"),
              ("withdrawals", "complaints", "grants", "customers"), by="withdrawals",
              note="That a message was the last one before a no does not say that it was the reason."),
    ),
)  # fmt: skip
SOCIAL: Final = Section(
    "social", "Social", "What people did with posts, and the orders that are credited to the channel.",
    (
        Table(KPIS, "The channel social", CHANNEL, ("reach", "views", "likes", "shares", "comments", "clicks"),
              ("attributed_conversions", "attributed_revenue"), keep=only("social"), note=CREDITED),
    ),
)  # fmt: skip
