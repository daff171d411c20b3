"""Attribution models against published answers, other programs' figures, and what they are defined as."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.attribution import shapley
from analysis.attribution.exact import rounded
from analysis.attribution.journeys import Journey, Paths, together
from analysis.attribution.markov import chain, removal_effects
from analysis.attribution.models import MARKOV, MICRO, MODELS, credits_of
from analysis.attribution.rules import RULES
from schemas.topics import DAY_MS
from streams.core.orders.crediting import HALF_LIFE_MS, money, shares, weights
from streams.core.profile.state import Touch

WEEK = 7 * DAY_MS
EUR = "EUR"


def bought(path: str, value: int = 1, currency: str = EUR) -> Journey:
    """A journey over channels of one letter that ended in an order."""
    return Journey(tuple(path), tuple(range(len(path))), len(path), currency, 1, value * MICRO)


def left(path: str) -> Journey:
    """A journey that ended in none."""
    return Journey(tuple(path), tuple(range(len(path))))


def orders(model: str, journeys: list[Journey]) -> dict[str, float]:
    """The orders that each channel is credited with."""
    return {credit.channel: credit.orders / MICRO for credit in credits_of(model, journeys, WEEK)}


def test_the_published_example_of_removal_effects():
    """Of three paths one converts: a third does, the removal effects are 1/2, 1 and 1, the credits .2, .4 and .4."""
    journeys = [bought("123"), left("1"), left("23")]
    paths = together(journeys, [EUR])
    assert chain(paths.paths, 1).worth()[0] == pytest.approx(1 / 3, abs=1e-12)
    assert {c: pytest.approx(e[0], abs=1e-12) for c, e in removal_effects(paths).items()} == {"1": 0.5, "2": 1, "3": 1}
    assert orders("markov", journeys) == {"1": 0.2, "2": 0.4, "3": 0.4}


def test_paths_with_loops():
    """Without B, 3 of the 8 steps out of A that lead to B are lost: x = 2/8 x + 3/8, so half of all; 2 to 1 it is."""
    journeys = [bought("ABABBA"), bought("ABBAA"), bought("AA")]
    assert orders("markov", journeys) == {"A": 2.0, "B": 1.0}
    assert orders("markov-2", journeys) == {"A": 1.8, "B": 1.2}


def random_journeys() -> list[Journey]:
    """3,000 paths over five channels, and what those who bought paid."""
    rng, found = Random(7), []
    for _ in range(3000):
        n = rng.choice((1, 1, 2, 2, 3, 4, 6))
        path = tuple(rng.choices(["ads", "direct", "email", "search", "social"], weights=(3, 2, 4, 2, 1), k=n))
        converted = rng.random() < 0.05 + 0.08 * ("email" in path) + 0.04 * ("ads" in path)
        value = rng.randrange(10, 200) * MICRO if converted else 0
        found.append(Journey(path, tuple(range(n)), n, EUR if converted else "", int(converted), value))
    return found


HEURISTIC = {
    "first": {
        "ads": (83, 9219), "direct": (38, 4300), "email": (126, 13838), "search": (36, 3221), "social": (16, 1493),
    },
    "last": {
        "ads": (80, 8825), "direct": (32, 3557), "email": (120, 12647), "search": (47, 4992), "social": (20, 2050),
    },
    "linear": {
        "ads": (78, 8607.666667), "direct": (41.333333, 4648), "email": (122.083333, 12954.25),
        "search": (40.25, 4156.25), "social": (17.333333, 1704.833333),
    },
}  # fmt: skip
"""Orders and money as ChannelAttribution 2.2.5 (`heuristic_models`) gives them."""
SIMULATED = {
    "markov-1": {
        "ads": (0.499257, 0.504217), "direct": (0.292321, 0.296004), "email": (0.611162, 0.607313),
        "search": (0.336561, 0.338162), "social": (0.177723, 0.174523),
    },
    "markov-2": {
        "ads": (0.540631, 0.552025), "direct": (0.324112, 0.329631), "email": (0.690299, 0.685310),
        "search": (0.348111, 0.355362), "social": (0.168559, 0.171488),
    },
    "markov-3": {
        "ads": (0.550938, 0.558287), "direct": (0.348907, 0.354098), "email": (0.725923, 0.721897),
        "search": (0.356747, 0.348580), "social": (0.161174, 0.154047),
    },
}  # fmt: skip
"""Removal effects for orders and money as ChannelAttribution 2.2.5 (`markov_model`) simulates them."""


def test_rules_as_another_program_has_them():
    """First, last and linear touch of 3,000 random paths."""
    for model, wanted in HEURISTIC.items():
        found = {c.channel: (c.orders / MICRO, c.money / MICRO) for c in credits_of(model, random_journeys(), WEEK)}
        assert found == {channel: pytest.approx(one, abs=1.1e-6) for channel, one in wanted.items()}


def test_removal_effects_as_another_program_simulates_them():
    """Orders one to three, null paths and money included; the simulation comes within .007."""
    for model, wanted in SIMULATED.items():
        found = {c.channel: c.effects for c in credits_of(model, random_journeys(), WEEK)}
        assert found == {channel: pytest.approx(one, abs=0.007) for channel, one in wanted.items()}


def without_simulation(journeys: list[Journey], order: int, removed: str) -> float:
    """The share of a chain's orders that never meet a channel, step by step until nobody is under way."""
    after: dict[tuple[str, ...], dict[tuple[str, ...] | None, int]] = {}
    for journey in journeys:
        state: tuple[str, ...] = ()
        for n in range(len(journey.channels)):
            following = journey.channels[max(0, n + 1 - order) : n + 1]
            after.setdefault(state, {})[following] = after.setdefault(state, {}).get(following, 0) + 1
            state = following
        end = None if journey.orders else ("",)
        after.setdefault(state, {})[end] = after.setdefault(state, {}).get(end, 0) + 1
    under_way, arrived = {(): 1.0}, 0.0
    while sum(under_way.values()) > 1e-13:
        following = {}
        for state, mass in under_way.items():
            total = sum(after[state].values())
            for to, times in after[state].items():
                if to is None:
                    arrived += mass * times / total
                elif to != ("",) and to[-1] != removed:
                    following[to] = following.get(to, 0.0) + mass * times / total
        under_way = following
    return arrived


@pytest.mark.parametrize("order", [1, 2, 3])
def test_removal_effects_are_those_of_walking_the_chain(order):
    """The linear algebra gives what comes of following all customers, one step after the other."""
    journeys = random_journeys()[:300]
    effects = removal_effects(together(journeys, [EUR]), order)
    whole = without_simulation(journeys, order, "")
    for channel, effect in effects.items():
        assert effect[0] == pytest.approx(1 - without_simulation(journeys, order, channel) / whole, abs=1e-9)


def by_definition(paths: Paths, worth) -> dict[str, float]:
    """Shapley values as the mean, over all orders of joining, of what a channel adds."""
    channels = paths.channels
    found = dict.fromkeys(channels, 0.0)
    every = list(permutations(channels))
    for joining in every:
        for n, channel in enumerate(joining):
            found[channel] += worth(set(joining[: n + 1])) - worth(set(joining[:n]))
    return {channel: value / len(every) for channel, value in found.items()}


SMALL = [bought("AB", 10), bought("A", 30), bought("ACB", 5), left("A"), left("CB"), left("BB"), bought("CC", 7)]


def test_shapley_values_are_what_they_are_defined_as():
    """Both games, for orders and for money, against all orders in which three channels can join."""
    paths = together(SMALL, [EUR])
    for measure in (0, 1):

        def met(within: set[str], what: int = measure) -> tuple[int, int]:
            inside = [path for path in paths.paths if set(path.channels) <= within]
            return sum(p.rewards[what] for p in inside), sum(p.converted + p.nulls for p in inside)

        def rate(within: set[str]) -> float:
            rewards, customers = met(within)
            return rewards / customers * len(SMALL) if customers else 0.0

        of_paths = {channel: float(value[measure]) for channel, value in shapley.by_paths(paths).items()}
        assert of_paths == pytest.approx(by_definition(paths, lambda within: met(within)[0]))
        of_rates = {channel: float(value[measure]) for channel, value in shapley.by_rates(paths).items()}
        assert of_rates == pytest.approx(by_definition(paths, rate))


def test_too_many_channels_for_rates():
    """The bound is told, with the model that has none."""
    with pytest.raises(ValueError, match=r"17 channels .* at most 16; model shapley has no such bound"):
        shapley.by_rates(together([bought("ABCDEFGHIJKLMNOPQ")], [EUR]))
    assert len(orders("shapley", [bought("ABCDEFGHIJKLMNOPQ")])) == 17


histories = st.lists(
    st.tuples(
        st.text("ABCD", min_size=1, max_size=5), st.sampled_from(["EUR", "USD", None]), st.integers(0, 10**6)
    ), min_size=1, max_size=12,
)  # fmt: skip


@given(histories)
def test_every_model_credits_all_orders_and_all_money_exactly(told):
    """In each currency, to the millionth, whatever the paths; money that is paid back of other orders included."""
    journeys = [
        left(path) if currency is None else Journey(tuple(path), (), 0, currency, 1, value)
        for path, currency, value in told
    ]
    if any(journey.orders for journey in journeys):
        refunded = next(journey for journey in journeys if journey.orders)
        journeys.append(refunded._replace(orders=0, value=-(refunded.value // 2)))
    for model in MODELS:
        found = credits_of(model, journeys, WEEK)
        for currency in ("EUR", "USD"):
            count = sum(journey.orders for journey in journeys if journey.currency == currency)
            value = sum(journey.value for journey in journeys if journey.currency == currency)
            credited = [credit for credit in found if credit.currency == currency]
            assert sum(credit.orders for credit in credited) == count * MICRO
            assert sum(credit.money for credit in credited) == value


def test_nothing_is_lost_where_rounding_was_a_fault():
    """19,785 orders over paths of three, seven and eleven channels: the credits come to 19,785.000000."""
    names = "ABCDEFGHIJK"
    journeys = [bought(names[: (3, 7, 11)[n % 3]]) for n in range(19_785)]
    for model in ("linear", "position", "time_decay", "shapley", "markov"):
        together_ = sum(Decimal(credit.orders) for credit in credits_of(model, journeys, WEEK)) / MICRO
        assert together_ == Decimal(19_785)


@given(st.lists(st.sampled_from(["email", "ads", "direct"]), min_size=1, max_size=6), st.integers(1, 10**9))
def test_rules_are_those_of_the_stream(channels, value):
    """One journey, credited by the stream as it goes and by the command afterwards."""
    at = 100 * DAY_MS
    times = [at - (len(channels) - n) * 3 * DAY_MS for n in range(len(channels))]
    of = weights([Touch(time, channel) for time, channel in zip(times, channels, strict=True)], at)
    journey = Journey(tuple(channels), tuple(times), at, EUR, 1, value)
    for model in RULES:
        found = credits_of(model, [journey], HALF_LIFE_MS)
        told_shares, told_money = shares(of)[model], money(of, value)[model]
        assert {c.channel: Decimal(c.orders) / MICRO for c in found} == decimals(told_shares)
        assert {c.channel: Decimal(c.money) / MICRO for c in found if c.money} == {
            channel: part for channel, part in decimals(told_money).items() if part
        }


def decimals(numbers) -> dict[str, Decimal]:
    """Numbers of JSON, as they are written."""
    return {name: Decimal(str(number)) for name, number in numbers.items()}


def test_currencies_are_credited_apart():
    """Orders and money of a currency are credited by what would be lost of them."""
    journeys = [bought("AB", 10), bought("B", 20, "USD"), left("A")]
    found = {(c.channel, c.currency): (c.orders, c.money) for c in credits_of("markov", journeys, WEEK)}
    # A third of all buy in euros; without A half of them, without B nobody: effects of 1/2 and 1.
    assert found == {
        ("A", "EUR"): (333_333, 3_333_333), ("B", "EUR"): (666_667, 6_666_667),
        ("A", "USD"): (333_333, 6_666_667), ("B", "USD"): (666_667, 13_333_333),
    }  # fmt: skip


def test_of_an_order_in_another_currency_a_channel_gets_nothing_by_its_path():
    """Shapley values are those of each order's own path."""
    journeys = [bought("AB", 10), bought("B", 20, "USD"), left("A")]
    found = {(c.channel, c.currency): (c.orders, c.money) for c in credits_of("shapley", journeys, WEEK)}
    half = (500_000, 5 * MICRO)
    assert found == {("A", "EUR"): half, ("B", "EUR"): half, ("B", "USD"): (MICRO, 20 * MICRO)}


def test_money_without_value_to_share_it_by_goes_the_way_of_the_orders():
    """Orders were given away, and of one of before something was paid back."""
    journeys = [bought("AB", 0), Journey(("C",), (), 0, EUR, 0, -10 * MICRO)]
    for model in ("markov", "shapley", "shapley-rate"):
        assert {c.channel: c.money for c in credits_of(model, journeys, WEEK)} == {"A": -5 * MICRO, "B": -5 * MICRO}


def test_nobody_bought():
    """No order, no credit, under any model."""
    assert all(credits_of(model, [left("AB"), left("B")], WEEK) == [] for model in MODELS)
    assert all(credits_of(model, [], WEEK) == [] for model in MODELS)


def test_models_that_are_none():
    """The message names those that are."""
    with pytest.raises(ValueError, match=r"'markov-4' is no model: first, .*, shapley"):
        credits_of("markov-4", [], WEEK)
    assert set(MARKOV.values()) == {1, 2, 3}


def test_what_rounding_leaves_goes_to_the_largest_remainders():
    """Of equals by name."""
    third = Fraction(10, 3)
    assert rounded({"c": third, "b": third, "a": third}, 10) == {"a": 4, "b": 3, "c": 3}
    assert rounded({"a": Fraction(5, 4), "b": Fraction(7, 4)}, 3) == {"a": 1, "b": 2}
    assert rounded({"a": Fraction(-5, 3), "b": Fraction(-1, 3)}, -2) == {"a": -2, "b": 0}
