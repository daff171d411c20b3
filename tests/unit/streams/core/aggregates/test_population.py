"""What everybody does is known from the day after, whoever has learned it, and whenever that was told."""

from __future__ import annotations

import random

import orjson
import pytest

from schemas.topics import DAY_MS
from streams.core.aggregates.days import MOST_OTHERS, Product
from streams.core.aggregates.population import WEEK, NoStats, Population, StatsDelta
from streams.core.protocol.order_key import bound
from streams.core.watermark.partition_clock import PartitionClock
from streams.runtime.state.store import MemoryBase, PartitionStore, Position

DAY = 20_000
START = DAY * DAY_MS
NEXT = START + DAY_MS


def told(learned: StatsDelta) -> list[dict]:
    """What it has to tell, as it travels."""
    return [orjson.loads(orjson.dumps(part)) for part in learned.tell()]


def known(*learned: StatsDelta, most_others: int = MOST_OTHERS) -> Population:
    """Somebody who has been told."""
    population = Population(PartitionStore(MemoryBase()), most_others)
    for part in (part for one in learned for part in told(one)):
        population.hear(part)
    return population


def test_a_day_is_known_when_it_is_over():
    """A message and a response: not known on that day, nor at the midnight that ends it; known right behind."""
    learned = StatsDelta()
    learned.sent("email", START)
    learned.engaged("email", 7, NEXT - 1)
    population = known(learned)
    for at in (START, NEXT - 1, NEXT):
        assert population.rate("email", at) == (0, 0)
        assert sum(population.hours(at)) == 0
    assert population.rate("email", NEXT + 1) == (1, 1)
    assert population.rate("sms", NEXT + 1) == (0, 0)
    assert population.hours(NEXT + 1)[7] == 1


def test_what_is_bought_together_is_counted_in_pairs():
    """Each pair once an order, however often a product is in it; most first, of equals by id."""
    learned = StatsDelta()
    learned.bought([{"product_id": p} for p in ("b", "a", "c", "a")], START)
    learned.bought([{"product_id": "a"}, {"sku": "c"}, {"name": "nameless"}, "rubbish", {"product_id": 7}], START)
    population = known(learned)
    assert population.bought_with("a", NEXT + 1) == [("c", 2), ("7", 1), ("b", 1)]
    assert population.bought_with("b", NEXT + 1) == [("a", 1), ("c", 1)]
    assert population.bought_with("nameless", NEXT + 1) == []


def test_of_a_long_order_the_first_products_count():
    """Ten of them: pairs grow with the square."""
    learned = StatsDelta()
    learned.bought([{"product_id": str(n)} for n in range(30)], START)
    population = known(learned)
    assert len(population.bought_with("0", NEXT + 1)) == 9
    assert population.product("10", NEXT + 1) is None


def test_the_newest_facts_about_a_product_win():
    """By time, of two at one time the one that is more as text; in whatever order they are told."""
    facts = [(START, {"name": "A", "price": 5}), (START + 5, {"name": "B"}), (START + 5, {"name": "C", "url": "u"})]
    for order in (facts, facts[::-1]):
        learned = []
        for at, one in order:
            learned.append(StatsDelta())
            learned[-1].bought([{"product_id": "p", **one}], at)
        assert known(*learned).product("p", NEXT + 1) == {"name": "C", "url": "u"}
    one = StatsDelta()
    one.bought([{"product_id": "p", "name": " A ", "price": "19.90", "currency": "EUR", "color": "red"}], START)
    assert known(one).product("p", NEXT + 1) == {"name": "A", "price": 19.9, "currency": "EUR"}


def test_what_takes_effect_while_time_stands_at_midnight_is_of_the_day_before():
    """A profile that waits for a merge is sealed last; nobody has decided behind the midnight by then."""
    learned = StatsDelta(None, PartitionClock(bound(NEXT), barrier_closed=bound(START)))
    learned.sent("email", START)
    assert known(learned).rate("email", NEXT + 1) == (1, 0)


def test_a_fact_that_comes_late_is_of_the_day_that_has_been_reached():
    """Its own day is over, and everybody has decided without it."""
    learned = StatsDelta(None, PartitionClock(bound(NEXT + 10), barrier_closed=bound(NEXT)))
    learned.sent("email", START)
    population = known(learned)
    assert population.rate("email", NEXT + 11) == (0, 0)
    assert population.rate("email", NEXT + DAY_MS + 1) == (1, 0)


@pytest.mark.parametrize("days", [2, 9])
def test_what_is_overdue_knows_what_all_know_by_now(days):
    """Asked of a time before the bound that was reached, the bound counts, whatever has been folded."""
    learned = StatsDelta()
    for day in range(days + 1):
        learned.engaged("email", 7, START + day * DAY_MS)
    population = known(learned)
    population.roll_up(bound(START + days * DAY_MS + 1))
    for at in (START + 1, START + days * DAY_MS, START + (days + 1) * DAY_MS):
        assert population.rate("email", at) == (0, days)
    assert population.rate("email", START + (days + 1) * DAY_MS + 1) == (0, days + 1)


def test_who_learned_it_and_how_much_is_folded_makes_no_difference():
    """The same facts among one, or among three who tell them as they come, folded at every midnight or never."""
    rng = random.Random(7)
    facts = sorted(
        (START + rng.randrange(23 * DAY_MS), rng.choice("abcdefg"), rng.choice("abcdefg")) for _ in range(99)
    )
    whole = StatsDelta()
    for at, a, b in facts:
        whole.bought([{"product_id": a, "name": f"{a}{at}"}, {"product_id": b}], at)
        whole.engaged(a, at % 24, at)
    unfolded = known(whole)
    folded = Population(PartitionStore(MemoryBase()))
    for day in range(DAY, DAY + 23):
        parts = [StatsDelta() for _ in range(3)]
        for at, a, b in facts:
            if at // DAY_MS == day:
                one = rng.choice(parts)
                one.bought([{"product_id": a, "name": f"{a}{at}"}, {"product_id": b}], at)
                one.engaged(a, at % 24, at)
        for part in (part for one in parts for part in told(one)):
            folded.hear(part)
        reached = (day + 1) * DAY_MS
        folded.roll_up(bound(reached))
        for at in (reached, reached + 1, reached + DAY_MS):
            for product in "abcdefg":
                assert folded.bought_with(product, at) == unfolded.bought_with(product, at)
                assert folded.product(product, at) == unfolded.product(product, at)
                assert folded.rate(product, at) == unfolded.rate(product, at)
            assert list(folded.hours(at)) == list(unfolded.hours(at))


def test_it_is_kept_over_a_restart():
    """Days that are not over, the total, and what has not been told yet come back from the store."""
    base = MemoryBase()
    store = PartitionStore(base)
    learned, population = StatsDelta(store), Population(store)
    for at in (START, NEXT, START + WEEK * DAY_MS):
        one = StatsDelta()
        one.bought([{"product_id": "a", "name": f"at {at}"}, {"product_id": "b"}], at)
        one.engaged("sms", 3, at)
        for part in told(one):
            population.hear(part)
    population.roll_up(bound(START + WEEK * DAY_MS + 1))
    assert [number // WEEK for number in population._days.days] == [DAY // WEEK + 1]
    learned.sent("email", NEXT)
    learned.bought([{"product_id": "a"}, {"product_id": "c"}], NEXT)
    learned.days.flush()
    store.settle(Position(0, 0, 0, 0))
    again, untold = Population(PartitionStore(base)), StatsDelta(PartitionStore(base))
    again.load()
    untold.days.load()
    for at in (START + WEEK * DAY_MS, START + WEEK * DAY_MS + 1, START + (WEEK + 1) * DAY_MS + 1):
        assert again.bought_with("a", at) == population.bought_with("a", at)
        assert again.product("a", at) == population.product("a", at)
        assert again.rate("sms", at) == population.rate("sms", at)
    assert told(untold) == told(learned)
    untold.days.flush()
    assert list(untold.days._store.scan(b"l")) == []


def test_of_a_product_the_most_frequent_others_are_kept():
    """Once there are twice as many; more would make state grow with the square of the catalogue."""
    product = Product()
    product.others = {"a": 3, "b": 1, "c": 2, "d": 1, "e": 1, "f": 1}
    product.keep(3)
    assert len(product.others) == 6
    product.others["g"] = 1
    product.keep(3)
    assert product.others == {"a": 3, "c": 2, "b": 1}
    learned = StatsDelta()
    for others in ("ab", "ab", "ac", "ad"):
        learned.bought([{"product_id": p} for p in others], START)
    population = known(learned, most_others=1)
    assert len(population.bought_with("a", NEXT + 2)) == 3
    later = START + WEEK * DAY_MS + 1
    assert population.bought_with("a", later) == [("b", 2)]
    population.roll_up(bound(later))
    assert population.bought_with("a", later) == [("b", 2)]


def test_much_is_told_in_several_records():
    """What is told fits the largest record a broker takes; together the parts say what one would."""
    learned = StatsDelta(most_told=10)
    learned.sent("email", START)
    learned.bought([{"product_id": str(n)} for n in range(20)], START)
    parts = told(learned)
    assert len(parts) > 3
    assert not learned
    population = Population(PartitionStore(MemoryBase()))
    for part in parts:
        population.hear(part)
    assert population.rate("email", NEXT + 1) == (1, 0)
    assert len(population.bought_with("3", NEXT + 1)) == 9


@pytest.mark.parametrize("product", ["", "x" * 300, "never bought"])
def test_who_is_not_known_is_nobody(product):
    """A product nobody has bought, and one whose id is no id."""
    learned = StatsDelta()
    learned.bought([{"product_id": "x" * 300}, {"product_id": "a"}], START)
    for somebody in (known(learned), NoStats()):
        assert somebody.bought_with(product, NEXT + 1) == []
        assert somebody.product(product, NEXT + 1) is None
