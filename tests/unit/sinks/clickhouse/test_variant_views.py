"""v_variants, and the control group in v_recovery, over histories that can be counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from schemas import topics
from schemas.record import Record
from schemas.times import iso
from sinks.clickhouse.export import view_reads
from sinks.clickhouse.load import load
from tests.answers.uplift import compared
from tests.support import sink_rows as make
from tests.support.sink_rows import DAY, HOUR, NOON

Rows = Callable[[str], list[tuple[Any, ...]]]


def drawn(profile: str, variant: str, at: int = NOON, **more: Any) -> Record:
    """A decision about a step with variants."""
    value = orjson.loads(make.decision(profile, f"{profile}-{at}", "sent", variant=variant).value or b"")
    value |= {"control_share": 0.1, "decided_at": iso(at), **more}
    return make.record(topics.RETARGETING_DECISIONS, value, profile)


def variants(client: Any, metric: str = "conversion") -> dict[str, dict[str, Any]]:
    """The rows of one metric, by variant."""
    sql = f"SELECT * FROM {view_reads(client)['v_variants']} WHERE metric = '{metric}'"  # noqa: S608
    return {row["variant"]: row for row in client.query(sql).named_results()}


def test_variants_are_compared_with_the_first(client: Any) -> None:
    """60 customers each of two variants: means with intervals, and the difference as plain Python has it."""
    spent = {"offer": [10.0 + n % 5 if n % 3 == 0 else 0.0 for n in range(60)],
             "plain": [12.0 + n % 4 if n % 6 == 0 else 0.0 for n in range(60)]}  # fmt: skip
    load(client, [
        *(drawn(f"{name}{n}", name) for name in spent for n in range(60)),
        *(make.conversion(f"{name}{n}", f"{name}{n}", value, at=NOON + HOUR)
          for name, values in spent.items() for n, value in enumerate(values) if value),
        drawn("held", "plain", arm="control", outcome="held_out"),
        drawn("none", ""),
    ])  # fmt: skip
    for metric, of in (("revenue", float), ("conversion", lambda value: float(value > 0))):
        found = variants(client, metric)
        values = {name: [of(value) for value in spent[name]] for name in spent}
        wanted = compared(values["plain"], values["offer"])
        assert (found["plain"]["customers"], found["offer"]["customers"]) == (60, 60)
        assert found["plain"]["baseline"] == found["offer"]["baseline"] == "offer"
        for name in ("difference", "low", "high", "p_value", "always_low", "always_high", "chance_to_beat"):
            assert found["plain"][name] == pytest.approx(wanted[name], rel=1e-6), name
            assert found["offer"][name] is None
        for name, numbers in values.items():
            mean = sum(numbers) / 60
            reach = 2.0009954 * (sum((x - mean) ** 2 for x in numbers) / 59 / 60) ** 0.5
            assert (found[name]["mean"], found[name]["mean_low"], found[name]["mean_high"]) == pytest.approx(
                (mean, mean - reach, mean + reach), rel=1e-6
            )


def test_orders_count_from_the_step_and_customers_of_two_variants_do_not(client: Any) -> None:
    """An order between two steps is none of the second; a merge of two variants is in neither, of one variant in it."""
    load(client, [
        drawn("a", "x"), drawn("a", "y", NOON + DAY, step="second"), make.conversion("a", "o1", 5, at=NOON + HOUR),
        drawn("b", "x"), drawn("c", "z"), make.merge("c", "b"),
        drawn("d", "x"), drawn("e", "x"), make.merge("e", "d"),
    ])  # fmt: skip
    read = view_reads(client)["v_variants"]
    sql = f"SELECT step, variant, customers, mean, mean_low FROM {read} WHERE metric = 'conversion'"  # noqa: S608
    assert sorted(tuple(row) for row in client.query(sql).result_rows) == [
        ("reminder", "x", 2, 0.5, pytest.approx(0.5 - 12.706 * 0.5, rel=0.2)), ("second", "y", 1, 0, None),
    ]  # fmt: skip


def test_recovery_tells_of_the_control_group(client: Any, rows: Rows) -> None:
    """Carts with a message, without one, and in control: how many were bought of each.

    A cart in two campaigns is in control if it is in both.
    """
    histories: list[Record] = []
    for n, (arm, sent, bought) in enumerate([
        ("treatment", True, True), ("treatment", True, False), ("treatment", False, True),
        ("control", False, True), ("control", False, False), ("control", False, False),
    ]):  # fmt: skip
        cart, profile = f"cart{n}", f"p{n}"
        histories += [
            make.transition(profile, cart, "none>open", NOON),
            make.transition(profile, cart, "open>abandoned", NOON + HOUR, no=1),
            drawn(profile, "", NOON + HOUR, arm=arm, trigger=make.trigger(cart)),
        ]
        if sent:
            histories.append(make.message(profile, f"m{n}", cart=cart, at=NOON + HOUR))
        if bought:
            histories.append(make.transition(profile, cart, "abandoned>converted", NOON + 2 * HOUR, no=1))
    both = drawn("p3", "", NOON + 2 * HOUR, arm="treatment", trigger=make.trigger("cart3"), campaign_id="other")
    load(client, histories)
    columns = (
        "abandoned, messaged, returned_messaged, unmessaged, returned_alone, treated, returned_treated, "
        "control, returned_control, control_return_rate"
    )
    assert rows(f"SELECT {columns} FROM v_recovery") == [(6, 2, 1, 4, 2, 3, 2, 3, 1, pytest.approx(1 / 3))]  # noqa: S608
    load(client, [both])
    assert rows("SELECT treated, control, returned_control FROM v_recovery") == [(4, 2, 0)]
