"""Sections about customers: which channels bring most, personas, devices and hours, sources."""

from __future__ import annotations

from typing import Final

from deploy.report.drawing import counted, earned
from deploy.report.model import Section, Table
from deploy.report.pictures import few, hours, personas, retention
from sinks.clickhouse.view_rows import Asked

YEAR: Final = 365
DEVICE: Final = ("device",)
ACTIVITY: Final = "sum(activity) AS activity, sum(engagement) AS engagement, sum(orders) AS orders"
DEVICES_HOURS: Final = "v_devices_hours"

PARETO: Final = Section(
    "pareto", "The few that bring most", "Channels by their share of revenue, the largest first: often a fifth of them "
    "brings four fifths.",
    (
        Table(Asked("v_pareto"), "Channels by the revenue placed on them", ("channel",), (),
              ("orders", "revenue", "share", "cumulative_share"), by="share",
              draw=few("share", "placed on them")),
        Table(Asked("v_pareto"), "Channels by the revenue that they led to", ("channel",), (),
              ("credited_revenue", "credited_share", "credited_cumulative_share"), by="credited_share",
              draw=few("credited_share", "that they led to"),
              note="By the last touch before the order that was not a direct visit."),
    ),
)  # fmt: skip
PERSONAS: Final = Section(
    "personas", "Personas", "Customers of the last year by how recently, how often and for how much they buy (RFM), "
    "the segments of the campaigns file, and how many of each month's new customers come back.",
    (
        Table(Asked("v_rfm", "segment, uniqExact(profile_id) AS customers", group="segment", days=YEAR),
              "Customers by segment", ("segment",), ("customers",), by="customers",
              draw=counted("customers", ("segment",), "Customers by segment of RFM")),
        Table(Asked("v_rfm", "r, f, uniqExact(profile_id) AS customers", group="r, f", days=YEAR),
              "Customers by score of recency (r) and frequency (f), 5 is the best", ("r", "f"), ("customers",), most=25,
              folded=True, draw=personas),
        Table(Asked("v_rfm", "segment, currency, uniqExact(profile_id) AS customers, sum(monetary) AS monetary",
                    group="segment, currency", days=YEAR),
              "What each segment has spent", ("segment",), (), ("customers", "monetary"), by="monetary",
              draw=earned("monetary", ("segment",), "Spent by segment")),
        Table(Asked("v_segments", "segment, argMax(members, day) AS members", group="segment", days=10 * YEAR),
              "Members of each segment at the end of the month", ("segment",), ("members",), by="members",
              draw=counted("members", ("segment",), "Members by segment of the campaigns file")),
        Table(Asked("v_segments", "segment, sum(entered) AS entered, sum(left) AS left", group="segment"),
              "Who came into a segment and left it", ("segment",), ("entered", "left"), by="entered"),
        Table(Asked("v_cohort_retention", where="period = 'month'"), "Customers who order again, by first month",
              ("cohort", "age"), ("customers", "ordered", "retention"), most=36, folded=True,
              draw=retention,
              note="Age is in months since the first order. The newest month may not be over yet."),
        Table(Asked("v_lifetime_value"), "What customers have spent so far, by month of first order",
              ("cohort", "age_months"), (), ("customers", "revenue_to_date", "lifetime_value", "orders_per_customer"),
              most=24, note="What was earned, not a forecast."),
    ),
)  # fmt: skip
DEVICES: Final = Section(
    "devices", "Devices and hours", "With what, and at which hours of the shop's day, customers are active and buy.",
    (
        Table(Asked(DEVICES_HOURS, f"device, {ACTIVITY}", group="device"), "Activity by device", DEVICE,
              ("activity", "engagement", "orders"), by="activity",
              draw=counted("activity", DEVICE, "Activity by device")),
        Table(Asked(DEVICES_HOURS, f"hour, {ACTIVITY}", group="hour"), "Activity by hour", ("hour",),
              ("activity", "engagement", "orders"), most=24, folded=True, draw=hours),
    ),
)  # fmt: skip
SOURCES: Final = Section(
    "sources", "Sources", "Where visitors come from: utm parameters of the page they landed on, or the referring site.",
    (
        Table(Asked("v_sources"), "Visitors, carts, orders and revenue by source",
              ("source", "medium", "campaign", "referrer"), ("visitors", "carts"), ("orders", "revenue"),
              by="visitors", most=25, note="A line without any name is direct: nothing says where they came from.",
              draw=counted("visitors", ("source", "medium", "campaign", "referrer"), "Visitors by source")),
    ),
)  # fmt: skip
