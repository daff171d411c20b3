"""Credits, budgets, touches and journeys of the simulated shop are those that plain Python finds in the topics."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from analysis.attribution.journeys import Journey
from analysis.attribution.models import MICRO, credits_of
from sinks.clickhouse.attribution import Asked, Result, journeys, store
from tests.answers import attribution as answers
from tests.support.shop_topics import shop_topics

EVER = (date(1970, 1, 1), date(2149, 6, 6))
DAYS = "(from = '1970-01-01', to = '2149-06-06')"
ASKED = Asked(*EVER, "UTC", 30, own_touches=True)


def rows(client: Any, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    return [tuple(row) for row in client.query(sql).result_rows]


def nearly(found: dict[Any, tuple[Decimal, Decimal]], wanted: dict[Any, tuple[Decimal, Decimal]]) -> bool:
    """Equal to a millionth an order: the weight of a touch of long ago is known to 12 digits."""
    assert found.keys() == wanted.keys()
    return all(
        abs(found[key][n] - wanted[key][n]) <= Decimal("0.000002") for key in wanted for n in (0, 1)
    )  # fmt: skip


def test_credits_of_channels_by_day(shop: Any) -> None:
    """Each day, model, channel and currency; of each model the days add up to all orders, to the last digit."""
    found = {
        (str(day), model, channel, currency): (conversions, revenue)
        for day, model, channel, conversions, revenue, currency in rows(shop, "SELECT * FROM v_attribution_daily")
    }
    topics = shop_topics()
    wanted = answers.attribution_daily(topics)
    assert len(wanted) > 100
    assert nearly(found, wanted)
    exactly = {key: found[key] for key in found if key[1] != "time_decay"}
    assert exactly == {key: value for key, value in wanted.items() if key[1] != "time_decay"}
    counted = [row for row in topics["conversions"] if row["counts"] and row["credits"]]
    for model in answers.MODELS:
        credited = [value for key, value in found.items() if key[1] == model]
        assert sum(orders for orders, _ in credited) == sum(row["orders"] for row in counted)
        assert sum(money for _, money in credited) == sum(answers.exact(row["value"]) for row in counted)


def test_credits_over_days_are_those_of_the_days(shop: Any) -> None:
    """All days together, and one alone."""
    day = rows(shop, "SELECT min(day) FROM v_attribution_daily")[0][0]
    for read, where in ((DAYS, ""), (f"(from = '{day}', to = '{day}')", f"WHERE day = '{day}'")):
        total = rows(shop, f"""
            SELECT model, channel, sum(conversions) AS n, sum(revenue) AS money, currency
            FROM v_attribution_daily {where}
            GROUP BY model, channel, currency HAVING n != 0 OR money != 0 ORDER BY ALL
        """)  # fmt: skip # noqa: S608
        of_view = "SELECT model, channel, conversions, revenue, currency FROM v_attribution"
        assert rows(shop, f"{of_view}{read} WHERE computed_by = 'stream' ORDER BY ALL") == total


def test_budgets_of_campaigns(shop: Any) -> None:
    """Cost once under each model, credits of the campaigns of touches, and what both come to."""
    topics = shop_topics()
    credited, spent = answers.attribution_daily(topics, "campaign"), answers.spending(topics)
    keys = {*credited, *((day, model, name, coin) for day, name, coin in spent for model in answers.MODELS)}
    wanted = {}
    for day, model, name, coin in keys:
        orders, money = credited.get((day, model, name, coin), (Decimal(0), Decimal(0)))
        wanted[day, model, name, coin] = (spent.get((day, name, coin), Decimal(0)), orders, money)
    read = rows(shop, "SELECT * FROM v_budget_daily")
    found = {(str(row[0]), row[2], row[1], row[8]): row[3:6] for row in read}
    assert {key: value[0] for key, value in found.items()} == {key: value[0] for key, value in wanted.items()}
    assert sum(spent.values()) > 0
    assert nearly({key: value[1:] for key, value in found.items()}, {key: value[1:] for key, value in wanted.items()})
    named = {campaign for _, _, campaign in answers.touches(topics).values()}
    for _, campaign, _, cost, conversions, revenue, roas, cpa, _ in read:
        assert roas == (float(revenue) / float(cost) if campaign and cost and (revenue or campaign in named) else None)
        assert cpa == (float(cost) / float(conversions) if campaign and cost and conversions > 0 else None)
    assert {roas is None for _, campaign, _, cost, _, _, roas, _, _ in read if campaign and cost} == {False}
    columns = "campaign, model, cost, conversions, revenue, currency"
    whole = rows(shop, f"SELECT {columns} FROM v_budget{DAYS} ORDER BY ALL")  # noqa: S608
    assert whole == rows(shop, """
        SELECT campaign, model, sum(cost), sum(conversions), sum(revenue), currency FROM v_budget_daily
        GROUP BY campaign, model, currency HAVING sum(cost) != 0 OR sum(conversions) != 0 OR sum(revenue) != 0
        ORDER BY ALL
    """)  # fmt: skip


def test_touches(shop: Any) -> None:
    """Those that events tell; and an order's are those of its customer in the 30 days before it."""
    topics = shop_topics()
    found = {
        (current, f"{at.isoformat(timespec='milliseconds')}Z", touch): (channel, source or None, campaign or None)
        for current, at, touch, channel, source, campaign in rows(
            shop, "SELECT current_id, at, touch_id, channel, source, campaign FROM current_touches"
        )
    }
    wanted = answers.touches(topics)
    assert len(wanted) > 300
    assert found == wanted
    own, within = (
        Counter(one.channels for one in journeys(shop, ASKED._replace(own_touches=own)) if one.orders)
        for own in (True, False)
    )
    assert own == within


def test_journeys(shop: Any) -> None:
    """Orders over their touches, and customers who placed none over theirs."""
    wanted = answers.journeys(shop_topics(), 30)
    found: dict[tuple[str, ...], list[int]] = {}
    for one in journeys(shop, ASKED):
        counts = found.setdefault(one.channels, [0, 0])
        counts[0] += one.orders
        counts[1] += one.customers if not one.orders and not one.value else 0
    assert {channels: counts for channels, counts in found.items() if any(counts)} == wanted
    assert sum(nulls for _, nulls in wanted.values()) > 20


def test_the_command_computes_what_the_stream_has(shop: Any) -> None:
    """A rule over the journeys gives what v_attribution shows of the stream, to a millionth an order."""
    found = [Journey(*one) for one in journeys(shop, ASKED)]
    for model in answers.MODELS:
        wanted = {
            (channel, currency): (conversions, revenue)
            for channel, currency, conversions, revenue in rows(
                shop,
                f"SELECT channel, currency, conversions, revenue FROM v_attribution{DAYS} "  # noqa: S608
                f"WHERE model = '{model}' AND computed_by = 'stream'",
            )
        }
        computed = {
            (one.channel, one.currency): (Decimal(one.orders) / MICRO, Decimal(one.money) / MICRO)
            for one in credits_of(model, found, 7 * 86_400_000)
        }
        assert computed.keys() == wanted.keys()
        for key, (orders, money) in wanted.items():
            assert abs(computed[key][0] - orders) < Decimal("0.0002")
            assert abs(computed[key][1] - money) < Decimal("0.0002")


def test_results_stand_beside_those_of_the_stream(shop: Any) -> None:
    """The newest run for exactly these days, with its time; other days have none."""
    for hour, orders in ((8, 1_000_000), (9, 1_500_000)):
        at = datetime(2026, 12, 1, hour, tzinfo=UTC)
        store(shop, ASKED, "markov", 0, at, [Result("email", "EUR", orders, 20_500_000), Result("ads", "", 500_000, 0)])
    read = "SELECT model, channel, conversions, revenue, currency, computed_by, computed_at, lookback_days"
    assert rows(shop, f"{read} FROM v_attribution{DAYS} WHERE computed_by = 'command' ORDER BY channel") == [
        ("markov", "ads", Decimal("0.5"), 0, "", "command", datetime(2026, 12, 1, 9), 30),  # noqa: DTZ001
        ("markov", "email", Decimal("1.5"), Decimal("20.5"), "EUR", "command", datetime(2026, 12, 1, 9), 30),  # noqa: DTZ001
    ]
    other = rows(shop, "SELECT computed_by FROM v_attribution(from = '1970-01-01', to = '2030-01-01')")
    assert set(other) == {("stream",)}
    shop.command("TRUNCATE TABLE attribution_results")
