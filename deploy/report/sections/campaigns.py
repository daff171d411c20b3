"""Sections about carts and campaigns: what came back, and what of it the messages did, by a control group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from deploy.report import charts
from deploy.report.charts import Mark
from deploy.report.drawing import by_day, counted, earned
from deploy.report.model import Figure, Row, Section, Table
from deploy.report.pictures import recovery, uplift
from sinks.clickhouse.view_rows import Asked

CAMPAIGN: Final = ("campaign_id",)
ARMS: Final = ("treatment_customers", "control_customers", "contaminated")
MEANS: Final = ("treatment_mean", "control_mean", "difference", "always_low", "always_high")
EFFECT: Final = (*MEANS, "lift", "always_p_value", "verdict")
AS_RATES: Final = tuple((name, "rate") for name in (*MEANS, "lift"))
AS_MONEY: Final = (*((name, "money") for name in MEANS), ("lift", "rate"))
PROVEN: Final = (
    "Customers as they were drawn, whatever became of the message. Always low and high are a 95 % interval that holds "
    "however often one looks."
)
VARIANT_MEANS: Final = ("mean", "difference", "always_low", "always_high")
VARIANT: Final = ("customers", "mean", "baseline", "difference", "always_low", "always_high", "chance_to_beat")
ARM_NAMES: Final = ("messaged", "unmessaged", "treated", "control")
RETURNED: Final = ", ".join(
    ["sum(abandoned) AS abandoned"]
    + [f"sum({arm}) AS {arm}" for arm in ARM_NAMES]
    + [f"sum(returned_{name}) AS returned_{name}" for name in ("messaged", "alone", "treated", "control")]
    + ["returned_messaged / nullIf(messaged, 0) AS messaged_return_rate",
       "returned_alone / nullIf(unmessaged, 0) AS alone_return_rate",
       "returned_treated / nullIf(treated, 0) AS treated_return_rate",
       "returned_control / nullIf(control, 0) AS control_return_rate"]
)  # fmt: skip
"""Carts of the whole month: each is in the row of one day and one currency."""
BY_LOT: Final = (
    "abandoned", "treated", "returned_treated", "treated_return_rate", "control", "returned_control",
    "control_return_rate",
)  # fmt: skip
WITH_AND_WITHOUT: Final = (
    "abandoned", "messaged", "returned_messaged", "messaged_return_rate", "unmessaged", "returned_alone",
    "alone_return_rate",
)  # fmt: skip
STEP: Final = ("campaign_id", "step", "variant")


def _funnel(rows: Sequence[Row], currency: str) -> Figure | None:
    """Carts of all currencies by step: a cart is of one currency, so counts add up."""
    del currency
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["step"]] = counts.get(row["step"], 0) + row["carts"]
    if not any(counts.values()):
        return None
    marks = [Mark(step, float(carts), f"{carts:,}") for step, carts in counts.items()]
    return Figure(charts.bars(marks), "Carts by step, all currencies: what they went through, and where they ended.")


CARTS: Final = Section(
    "carts", "Carts and recovery", "What became of carts, and of those left behind how many came back: with a message, "
    "without one, and in the control group, which got none on purpose.",
    (
        Table(Asked("v_cart_funnel"), "Carts by step", ("step",), (), ("carts", "share", "times", "value"), most=11,
              draw=_funnel),
        Table(Asked("v_recovery", RETURNED), "Abandoned carts that were bought, by lot", (), BY_LOT,
              keep=lambda row: bool(row["abandoned"]), draw=recovery,
              note="Treatment and control were drawn by chance, so these two can be compared; how sure the difference "
                   "is stands under Campaigns. Carts with a message and without one are of different people."),
        Table(Asked("v_recovery", RETURNED), "Abandoned carts that were bought, with a message and without", (),
              WITH_AND_WITHOUT, keep=lambda row: bool(row["abandoned"])),
        Table(Asked("v_recovery"), "Abandoned carts by day", ("day",), (),
              ("abandoned", "abandoned_value", "messaged", "recovered", "recovered_value", "recovery_rate"), most=31,
              folded=True, draw=by_day("abandoned", "Carts abandoned by day"),
              note="Recovered is credited to a message, not caused by it."),
        Table(Asked("v_products"), "Products most left behind", ("name", "sku"), (),
              ("abandoned", "bought", "purchase_rate", "recovered", "recovery_rate", "abandoned_value"), by="abandoned",
              most=15, draw=earned("abandoned", ("name",), "Carts left behind by product", "count"),
              note="Recovered is credited to a message, not caused by it."),
    ),
)  # fmt: skip
CAMPAIGNS: Final = Section(
    "campaigns", "Campaigns", "What each campaign decided and sent, and its uplift: the difference between customers "
    "who could get it and a control group drawn by chance. An interval that crosses nothing proves nothing.",
    (
        Table(Asked("v_uplift"), "Uplift in customers who order", CAMPAIGN, (*ARMS, *EFFECT),
              keep=lambda row: row["metric"] == "conversion", draw=uplift("conversion"), note=PROVEN,
              forms=AS_RATES),
        Table(Asked("v_uplift"), "Uplift in net revenue a customer", CAMPAIGN, (), EFFECT,
              keep=lambda row: row["metric"] == "revenue", draw=uplift("revenue"), note=PROVEN,
              forms=AS_MONEY),
        Table(Asked("v_uplift"), "Uplift in margin a customer", CAMPAIGN, (), EFFECT,
              keep=lambda row: row["metric"] == "margin", note=PROVEN, forms=AS_MONEY),
        Table(Asked("v_variants", where="metric = 'conversion'"), "Variants by customers who order", STEP, VARIANT,
              forms=tuple((name, "rate") for name in VARIANT_MEANS)),
        Table(Asked("v_variants", where="metric = 'revenue'"), "Variants by net revenue a customer", STEP, (), VARIANT,
              forms=tuple((name, "money") for name in VARIANT_MEANS)),
        Table(Asked("v_campaign_kpis"), "Decisions", STEP,
              ("triggered", "sent", "held_out", "suppressed", "deferred", "cancelled", "retracted"), (), by="triggered",
              draw=counted("sent", STEP, "Messages by campaign, step and variant")),
        Table(Asked("v_campaign_kpis"), "Responses", STEP,
              ("delivered", "opens", "clicks", "bounces", "unsubscribes", "open_rate", "ctr", "unsubscribe_rate"), (),
              by="delivered"),
        Table(Asked("v_campaign_kpis"), "Orders credited to messages", STEP, ("sent",),
              ("conversions", "conversion_rate", "revenue", "revenue_per_message"),
              keep=lambda row: bool(row["conversions"]), by="conversions"),
    ),
)  # fmt: skip
JOURNEYS: Final = Section(
    "journeys", "Journeys", "The channels that customers passed through before an order, in their order.",
    (
        Table(Asked("v_journeys"), "Paths that end in an order", ("path",), ("steps",),
              ("orders", "order_share", "touches_per_order", "revenue"), by="orders", most=25,
              draw=earned("orders", ("path",), "Orders by path", "count")),
    ),
)  # fmt: skip
