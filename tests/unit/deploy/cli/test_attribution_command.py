"""`winback attribution`, as it is typed."""

from __future__ import annotations

import json

import pytest

from schemas.settings import Settings
from sinks.clickhouse.client import connect
from tests.support.anna import HASH, Shop, at


def order(nth, channels, value, campaign=""):
    """A row of conversions: an order of a customer of its own, one minute after the last touch."""
    touches = [{"channel": c, "at": at(nth + n).isoformat(), "campaign": campaign} for n, c in enumerate(channels)]
    return {
        "profile_id": HASH("user_id", f"buyer {nth}"), "order_id": f"o{nth}", "at": at(nth + len(channels)),
        "channel": "web", "value": value, "currency": "EUR", "touches": json.dumps(touches),
        "credits": json.dumps({"last": {channels[-1]: 1}}), "credited": json.dumps({"last": {channels[-1]: value}}),
        "changed_at": at(nth + len(channels)), "message_id": f"m{nth}",
    }  # fmt: skip


def touch(nth, minute, channel):
    """A row of touches of a customer of its own, who buys nothing."""
    return {
        "profile_id": HASH("user_id", f"looker {nth}"), "at": at(minute), "touch_id": f"t{minute}", "channel": channel,
        "event_time": at(minute),
    }  # fmt: skip


@pytest.fixture(scope="module")
def three_paths(tmp_path_factory):
    """The published example: c1>c2>c3 is bought after, c1 and c2>c3 are not."""
    shop = Shop(tmp_path_factory.mktemp("attribution"))
    shop(
        conversions=[order(10, ["c1", "c2", "c3"], 50)],
        touches=[touch(1, 0, "c1"), touch(2, 1, "c2"), touch(2, 2, "c3")],
    )
    return shop


def test_removal_effects_of_the_published_example(winback, three_paths):
    """Credits .2, .4 and .4 of one order and of its money, the largest first."""
    ended = winback(three_paths, "attribution", "--model", "markov", "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    told = json.loads(ended.stdout)
    assert told["journeys"] == {"converted": 1, "not_converted": 2}
    assert [(row["channel"], row["conversions"], row["revenue"], row["share"]) for row in told["rows"]] == [
        ("c2", 0.4, 20.0, 0.4), ("c3", 0.4, 20.0, 0.4), ("c1", 0.2, 10.0, 0.2),
    ]  # fmt: skip
    assert [row["removal_effect"] for row in told["rows"]] == pytest.approx([1, 1, 0.5])
    assert (told["model"], told["from"], told["to"], told["lookback_days"]) == ("markov", None, None, 30)


def test_results_are_kept_beside_those_of_the_stream(winback, three_paths):
    """For the days that were asked about; `markov-1` is `markov`."""
    month = ("--from", "2026-03-01", "--to", "2026-03-31")
    for model in ("markov-1", "shapley"):
        assert winback(three_paths, "attribution", "--model", model, *month).returncode == 0
    client = connect(Settings(clickhouse=three_paths.dsn))
    read = "SELECT model, channel, conversions, revenue, computed_by, isNull(computed_at) FROM v_attribution"
    found = client.query(f"{read}(from = '2026-03-01', to = '2026-03-31')").result_rows
    client.close()
    assert [(model, channel, float(n), float(money), by, now) for model, channel, n, money, by, now in found] == [
        ("last", "c3", 1, 50, "stream", True),
        ("markov", "c1", 0.2, 10, "command", False),
        ("markov", "c2", 0.4, 20, "command", False),
        ("markov", "c3", 0.4, 20, "command", False),
        ("shapley", "c1", 0.333334, 16.666667, "command", False),
        ("shapley", "c2", 0.333333, 16.666667, "command", False),
        ("shapley", "c3", 0.333333, 16.666666, "command", False),
    ]


def test_days_without_orders(winback, three_paths):
    """A table without rows, and nobody who converted."""
    ended = winback(three_paths, "attribution", "--model", "markov", "--from", "2020-01-01", "--to", "2020-01-31")
    assert ended.returncode == 0
    assert "markov: 0 journeys to an order, 0 to none" in ended.stdout


def test_on_the_terminal(winback, three_paths):
    """Units in the heads, effects only where there are some."""
    shown = winback(three_paths, "attribution", "--model", "markov", "--by", "revenue").stdout
    for word in ("markov: 1 journeys to an order, 2 to none", "share of revenue", "removal effect", "40.0%", "EUR"):
        assert word in shown
    assert "removal effect" not in winback(three_paths, "attribution", "--model", "linear").stdout


def test_knobs(winback, three_paths):
    """A half-life of its own moves time decay, a lookback is told; touches are those of the table then."""
    told = winback(
        three_paths, "attribution", "--model", "time_decay", "--half-life", "3", "--lookback", "90", "--json"
    ).stdout
    found = json.loads(told)
    assert (found["lookback_days"], found["half_life_days"]) == (90, 3)
    assert [row["channel"] for row in found["rows"]] == ["direct"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--model", "magic"), "magic"),
        ((), "--model"),
        (("--model", "last", "--from", "yesterday"), "--from 'yesterday' is no day such as 2026-10-01"),
        (("--model", "last", "--from", "2026-02-02", "--to", "2026-02-01"), "no day lies between them"),
        (("--model", "last", "--half-life", "3"), "--half-life is of --model time_decay; last has none"),
        (("--model", "last", "--lookback", "0"), "--lookback"),
    ],
)
def test_what_cannot_be_asked(winback, three_paths, arguments, says):
    """One line that says what is wrong, and exit 2."""
    ended = winback(three_paths, "attribution", *arguments)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert says in ended.stderr
