"""v_uplift and `winback uplift` over histories that can be counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import orjson
import pytest

from deploy.errors import UnavailableError
from deploy.operate.checks import arms_told
from deploy.operate.uplift import uplift
from schemas import topics
from schemas.record import Record
from schemas.times import iso
from sinks.clickhouse.export import over, view_reads
from sinks.clickhouse.load import load
from tests.answers.uplift import compared
from tests.support import sink_rows as make
from tests.support.sink_rows import DAY, HOUR, NOON

Rows = Callable[[str], list[tuple[Any, ...]]]
EVER = date(1970, 1, 1), date(2149, 6, 6)


def decided(profile: str, arm: str, share: float | None = 0.5, at: int = NOON, **more: Any) -> Record:
    """A decision about a customer, drawn into that arm by that chance of control."""
    value = orjson.loads(make.decision(profile, f"{profile}-{at}", "suppressed", reason="no_contact").value or b"")
    value |= {"arm": arm, "control_share": share, "decided_at": iso(at), **more}
    return make.record(topics.RETARGETING_DECISIONS, value, profile)


def told(client: Any, name: str, metric: str = "conversion", currency: str = "") -> Any:
    """One column of the only campaign's row in v_uplift."""
    answer = client.query(
        f"SELECT {name} FROM {view_reads(client)['v_uplift']} WHERE metric = '{metric}' AND currency = '{currency}'"  # noqa: S608
    )
    [row] = answer.result_rows
    return row[0] if len(row) == 1 else row


def both(client: Any, metric: str = "conversion", currency: str = "") -> dict[str, Any]:
    """The row of the command, after a look at whether the view tells the same customers, means, difference, verdict."""
    [row] = [
        row for row in uplift(client, *EVER, "UTC") if row["metric"] == metric and row["currency"] == currency
    ]  # fmt: skip
    columns = ("treatment_customers", "control_customers", "contaminated", "apart", "treatment_mean", "control_mean")
    found = told(client, ", ".join((*columns, "difference", "verdict")), metric, currency)
    effect = row["difference"]
    wanted = [*(row[name] for name in columns), *([] if effect is None else [effect["estimate"]])]
    assert found[: len(wanted)] == tuple(None if value is None else pytest.approx(value) for value in wanted)
    assert found[-1] == row["verdict"]
    return row


def test_the_first_decision_counts_whatever_became_of_it(client: Any) -> None:
    """Suppressed customers are in their arm, once each; who takes a message back, or has no campaign, draws none."""
    load(client, [
        decided("t1", "treatment"), decided("t1", "treatment", at=NOON + DAY), decided("t2", "treatment"),
        decided("c1", "control"), decided("c2", "control", outcome="held_out", reason=None),
        decided("x1", "treatment", None, outcome="cancelled", reason="converted", message_id="m"),
        decided("x2", "treatment", None, outcome="cancelled", reason="exited"),
    ])  # fmt: skip
    row = both(client)
    assert (row["treatment_customers"], row["control_customers"]) == (2, 2)
    assert row["sample_ratio"]["expected"] == 2


def test_intervals_are_exact_from_one_degree_of_freedom_on(client: Any) -> None:
    """Arms of two to seven customers: 1 to 11 degrees of freedom, whole ones and not; quantiles are those of scipy."""
    arms = {
        "one": ((1, 4), (2, 2)), "near one": ((1, 9), (2.0, 2.01)), "two": ((3, 8), (1, 6)),
        "between": ((3, 8), (1, 6, 9)), "more": ((1, 2, 5), (2, 8, 9, 4)),
        "many": ((1, 2, 5, 7, 3, 6), (2, 8, 9, 4, 1, 1, 3)),
    }  # fmt: skip
    load(client, [
        row
        for campaign, sizes in arms.items()
        for arm, values in zip(("treatment", "control"), sizes, strict=True)
        for n, value in enumerate(values)
        for row in (decided(f"{campaign}-{arm}-{n}", arm, campaign_id=campaign),
                    make.conversion(f"{campaign}-{arm}-{n}", f"{campaign}-{arm}-{n}", value, at=NOON + HOUR))
    ])  # fmt: skip
    sql = f"SELECT * FROM {view_reads(client)['v_uplift']} WHERE metric = 'revenue'"  # noqa: S608
    found = {row["campaign_id"]: row for row in client.query(sql).named_results()}
    assert found.keys() == arms.keys()
    freedoms = []
    for campaign, (treated, control) in arms.items():
        wanted = compared(list(map(float, treated)), list(map(float, control)))
        freedoms.append(wanted["freedom"])
        for name in ("low", "high", "lift_low", "lift_high", "detectable"):
            assert found[campaign][name] == pytest.approx(wanted[name], rel=1e-6), (campaign, name)
    assert freedoms[0] == 1
    assert freedoms[2] == 2
    assert 2 < freedoms[3] < 3 < freedoms[4]


@pytest.mark.slow
def test_orders_count_from_the_first_decision_for_a_week(client: Any) -> None:
    """Not the order at that instant, nor one of eight days later, nor a cancelled one.

    A refund is taken off whenever it comes; each currency is by itself.
    """
    load(client, [
        *(decided(name, "treatment") for name in ("t1", "t2", "t3", "t4")),
        *(decided(name, "control") for name in ("c1", "c2", "c3", "c4")),
        make.conversion("t1", "at-once", 5, at=NOON),
        make.conversion("t2", "late", 7, at=NOON + 8 * DAY),
        make.conversion("t3", "o1", 40, at=NOON + HOUR),
        make.conversion("t3", "o1", -10, at=NOON + 30 * DAY, kind="refund", orders=0, changed_at=iso(NOON + 30 * DAY)),
        make.conversion("t4", "o2", 8, at=NOON + 7 * DAY, currency="USD"),
        make.conversion("c1", "o3", 20, at=NOON + HOUR),
        make.conversion("c1", "o3", -20, at=NOON + HOUR, kind="cancellation", orders=-1, changed_at=iso(NOON + DAY)),
        make.conversion("c2", "o4", 12, at=NOON + 2 * HOUR),
    ])  # fmt: skip
    assert (both(client)["treatment_mean"], both(client)["control_mean"]) == (0.5, 0.25)
    assert both(client, "revenue", "EUR")["treatment_mean"] == pytest.approx(30 / 4)
    assert both(client, "revenue", "EUR")["control_mean"] == pytest.approx(12 / 4)
    assert both(client, "revenue", "USD")["treatment_mean"] == pytest.approx(8 / 4)
    assert both(client, "revenue", "USD")["control_mean"] == 0


def test_margin_where_orders_say_it(client: Any) -> None:
    """In proportion to what was not refunded, whole if paid again; text is a number; no row where no order says it."""
    load(client, [
        *(decided(f"{arm[0]}{n}", arm) for arm in ("treatment", "control") for n in (1, 2)),
        make.event("t1", "Order Completed", NOON + HOUR, message_id="e1", margin=16),
        make.event("c1", "Order Completed", NOON + HOUR, message_id="e2", margin="6.5"),
        make.conversion("c2", "o3", 12, at=NOON + HOUR, currency="USD"),
        *(make.record(topics.CONVERSIONS, orjson.loads(make.conversion(p, o, v, at=NOON + HOUR).value or b"")
                      | {"message_id": m, "kind": k, "orders": n, "changed_at": iso(NOON + h * HOUR)}, p)
          for p, o, v, m, k, n, h in (("t1", "o2", 40, "e1", "order", 1, 1), ("t1", "o2", -10, "r", "refund", 0, 5),
                                      ("c1", "o4", -30, "e2", "cancellation", -1, 2),
                                      ("c1", "o4", 30, "e2", "order", 1, 3),
                                      ("c1", "o4", 30, "e2", "order", 1, 1))),
    ])  # fmt: skip
    assert both(client, "margin", "EUR")["treatment_mean"] == pytest.approx(16 * 0.75 / 2)
    assert both(client, "margin", "EUR")["control_mean"] == pytest.approx(6.5 / 2)
    assert {row["currency"] for row in uplift(client, *EVER, "UTC") if row["metric"] == "margin"} == {"EUR"}


def test_what_was_bought_before_moves_no_mean(client: Any) -> None:
    """The 90 days before go into CUPED alone, as they were known then: a refund since is none of them."""
    load(client, [
        *(decided(f"{arm[0]}{n}", arm) for arm in ("treatment", "control") for n in range(5)),
        *(make.conversion(f"{arm}{n}", f"{arm}{n}-before", 10 * n, at=NOON - 9 * DAY)
          for arm in "tc" for n in range(5)),
        make.conversion("t4", "t4-before", -40, at=NOON + HOUR, kind="refund", orders=0, changed_at=iso(NOON + HOUR)),
        make.conversion("c4", "long-ago", 500, at=NOON - 91 * DAY),
        *(make.conversion(f"{arm}{n}", f"{arm}{n}", 10 * n + (arm == "t") + n % 2, at=NOON + HOUR)
          for arm in "tc" for n in range(5)),
    ])  # fmt: skip
    row = both(client, "revenue", "EUR")
    assert row["difference"]["estimate"] == pytest.approx(1)
    assert row["cuped"]["estimate"] == pytest.approx(1)
    assert row["cuped"]["explained"] > 0.99
    assert row["cuped"]["standard_error"] < row["difference"]["standard_error"] / 10


def test_contaminated_customers_are_in_neither_arm(client: Any) -> None:
    """Two profiles of both arms became one; a decision says so; one was in both by one chance. Others merge well."""
    load(client, [
        decided("a", "treatment"), decided("b", "control"), make.merge("b", "a"),
        decided("d", "treatment", reason="contaminated"),
        decided("e", "treatment"), decided("e", "control", at=NOON + DAY),
        decided("f", "treatment"), decided("g", "treatment"), make.merge("g", "f"),
        decided("h", "control"),
    ])  # fmt: skip
    row = both(client)
    assert (row["treatment_customers"], row["control_customers"], row["contaminated"]) == (1, 1, 3)


def test_a_holdout_that_changes_is_two_strata(client: Any, rows: Rows) -> None:
    """Each is compared with itself; who changes arms by it stays in the first one; the lot expects what each drew."""
    load(client, [
        *(decided(f"a{n}", "control" if n < 2 else "treatment", 0.2) for n in range(10)),
        *(decided(f"b{n}", "control" if n < 8 else "treatment", 0.8, NOON + 9 * DAY) for n in range(10)),
        decided("a2", "control", 0.8, NOON + 9 * DAY),
        *(decided(f"z{n}", "treatment", 0.0, NOON - 9 * DAY) for n in range(3)),
        *(make.conversion(f"b{n}", f"b{n}", 10, at=NOON + 9 * DAY + HOUR) for n in range(10)),
        make.conversion("a2", "a2", 10, at=NOON + HOUR),
    ])  # fmt: skip
    row = both(client)
    assert (row["treatment_customers"], row["control_customers"], row["contaminated"], row["apart"]) == (10, 10, 0, 3)
    assert row["difference"]["estimate"] == pytest.approx(1 / 8 / 2)
    assert row["sample_ratio"]["expected"] == pytest.approx(10)
    assert row["sample_ratio"]["p_value"] == pytest.approx(1)
    since = over("v_uplift", "2026-11-30", "2026-11-30")
    sql = f"SELECT treatment_customers, control_customers FROM {since} WHERE metric = 'conversion'"  # noqa: S608
    assert rows(sql) == [(2, 8)]


def test_a_campaign_of_one_arm_claims_nothing(client: Any) -> None:
    """Its own numbers are told; what compares is NULL, and the verdict says why. Without decisions there is no row."""
    assert uplift(client, *EVER, "UTC") == []
    load(
        client, [decided(f"t{n}", "treatment", 0.0) for n in range(4)] + [make.conversion("t1", "o", 9, at=NOON + HOUR)]
    )
    row = both(client)
    assert (row["treatment_mean"], row["control_mean"], row["verdict"]) == (0.25, None, "one arm")
    assert told(
        client, "difference, low, p_value, lift, always_low, chance_to_beat, detectable, sample_ratio_p_value"
    ) == ((None,) * 8)


def test_arms_that_chance_does_not_explain_are_an_alarm(client: Any) -> None:
    """60 of 80 in control where half was drawn: p 7.7e-6, and no verdict but that."""
    load(client, [decided(f"p{n}", "control" if n < 60 else "treatment") for n in range(80)])
    row = both(client)
    assert row["verdict"] == "sample ratio"
    assert row["sample_ratio"]["p_value"] == pytest.approx(7.744e-6, rel=1e-3)
    found = told(client, "sample_ratio_alarm, sample_ratio_expected, sample_ratio_p_value")
    assert found == (1, 40, pytest.approx(7.744e-6, rel=1e-3))
    with pytest.raises(UnavailableError, match=r"abandoned-cart has 60 in control, not 40 \(p 8e-06\)"):
        arms_told(client)
    load(client, [decided(f"q{n}", "treatment") for n in range(40)])
    assert arms_told(client) == "as drawn, in 1 campaigns with a control group"


def test_an_effect_is_proven_in_both(client: Any) -> None:
    """400 customers, 60 % and 20 % buy: more, by the interval that holds at every look; the same numbers in both."""
    load(client, [
        *(decided(f"p{n}", "control" if n % 2 else "treatment") for n in range(400)),
        *(make.conversion(f"p{n}", f"o{n}", 10 + n % 7, at=NOON + HOUR)
          for n in range(400) if n // 2 % 10 < (2 if n % 2 else 6)),
    ])  # fmt: skip
    row = both(client)
    assert row["verdict"] == "more"
    found = told(
        client, "low, high, p_value, always_low, always_high, always_p_value, chance_to_beat, lift, lift_low, lift_high"
    )
    effect, lift = row["difference"], row["lift"]
    assert found == pytest.approx(
        (*(effect[name] for name in ("low", "high", "p_value", "always_low", "always_high", "always_p_value",
                                     "chance_to_beat")), lift["estimate"], lift["low"], lift["high"]), rel=1e-6,
    )  # fmt: skip
    assert found[3] > 0
    assert told(client, "detectable") == pytest.approx(row["detectable"], rel=1e-6)
    assert both(client, "revenue", "EUR")["verdict"] == "more"
