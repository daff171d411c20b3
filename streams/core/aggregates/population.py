"""What everybody does: responses by channel and by hour, what is bought together. GlobalStats from the day after.

A day is one of UTC. A decision at `at` knows the facts of all days d < (at - 1 ms) // DAY: a timer at midnight belongs
to the day that ends. So it does not matter who has learned what, provided that each partition has told the others all
of a day before anything behind it is decided; the rounds see to that (watermark/rounds.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, groupby
from typing import Any, Final

import orjson
from mypy_extensions import mypyc_attr

from schemas.money import micros, to_number
from schemas.topics import DAY_MS
from schemas.values import filled_text
from streams.core.aggregates.days import MOST_OTHERS, MOST_TOLD, Day, Days, Product, ReceivedDeltas, ranked
from streams.core.protocol.order_key import time_of
from streams.core.protocol.ports import Store
from streams.core.protocol.state_keys import DAY_KNOWN, DAY_LEARNED, TOTAL_KNOWN
from streams.core.watermark.partition_clock import PartitionClock

MOST_PRODUCTS: Final = 10
"""How many products of an order are taken: each pair of them is a fact, which every partition is told."""
MOST_ID: Final = 256
"""Characters of a product's id; what has a longer one is left out."""
WEEK: Final = 7
"""Days that go into the total together: a product that is bought every day is written once, not seven times."""
_MOST_CACHED: Final = 20_000
_FACTS: Final = ("name", "url", "image_url", "currency")


@mypyc_attr(allow_interpreted_subclasses=True)
class NoStats:
    """A `GlobalStats` that knows nothing of any channel or product id at any time `at` (epoch milliseconds)."""

    def rate(self, channel: str, at: int) -> tuple[int, int]:
        """Nothing sent."""
        del channel, at
        return 0, 0

    def hours(self, at: int) -> Sequence[int]:
        """No responses."""
        del at
        return (0,) * 24

    def bought_with(self, product_id: str, at: int) -> list[tuple[str, int]]:
        """Nothing bought."""
        del product_id, at
        return []

    def product(self, product_id: str, at: int) -> dict[str, Any] | None:
        """No product."""
        del product_id, at
        return None


class StatsDelta:
    """Facts of one partition that the others have not been told yet; `at` is when they came to be (epoch ms).

    A fact that comes late counts at the time that the partition's clock had reached: its own day is over. A record
    tells about `most_told` pairs and products.
    """

    def __init__(
        self, store: Store | None = None, clock: PartitionClock | None = None, most_told: int = MOST_TOLD
    ) -> None:
        self._most_told = most_told
        self.days = Days(store, DAY_LEARNED)
        self._clock = clock or PartitionClock()

    def __bool__(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.days.days)

    def sent(self, channel: str, at: int) -> None:
        """A message was sent on a channel."""
        number, day = self._day(at)
        self.days.touch(number)
        day.sent[channel] += 1

    def engaged(self, channel: str, hour: int, at: int, count: int = 1) -> None:
        """Somebody responded on a channel, in this local hour (0 to 23); `count` is -1: it was a machine after all."""
        number, day = self._day(at)
        self.days.touch(number)
        day.engaged[channel] += count
        day.hours[hour] += count

    def bought(self, products: Sequence[Any], at: int) -> None:
        """The products of an order that counts: product_id or sku, name, url, image_url, price, currency of each."""
        number, day = self._day(at)
        at = max(at, time_of(self._clock.barrier_closed))
        ids = set()
        items = [one for one in products if isinstance(one, dict) and (micros(one.get("price")) or 0) >= 0]
        for item in items[:MOST_PRODUCTS]:
            product_id = filled_text(item.get("product_id")) or filled_text(item.get("sku"))
            if product_id is not None and len(product_id) <= MOST_ID:
                ids.add(product_id)
                day.product(product_id).hear(at, _facts(item))
                self.days.touch(number, product_id)
        for a, b in combinations(sorted(ids), 2):
            of_a, of_b = day.products[a].others, day.products[b].others
            of_a[b] = of_a.get(b, 0) + 1
            of_b[a] = of_b.get(a, 0) + 1

    def tell(self) -> Iterator[dict[str, Any]]:
        """Everything, as what a record can carry each; nothing is left."""
        yield from self.days.told(self._most_told)
        self.days.clear()

    def _day(self, at: int) -> tuple[int, Day]:
        # At midnight time stands until all of the day before has taken effect, also in profiles that wait for a merge.
        number = max(at, time_of(self._clock.barrier_closed)) // DAY_MS
        return number, self.days.day(number)


class Population:
    """All that the partitions have told, kept in one of them: the last days each by itself, weeks before in one total.

    What is asked for is answered as of `at` (epoch milliseconds), or, where that is before the last bound (of something
    that came late, or is overdue by other campaigns), as of this bound. A product id is that of the events.
    Of a product, the total of weeks remembers `most_others` others.
    """

    def __init__(self, store: Store, most_others: int = MOST_OTHERS) -> None:
        self._store = store
        self._most_others = most_others
        self._days = ReceivedDeltas(store, DAY_KNOWN)
        self._total = Day()
        self._week = 0
        self._reached = 0
        self._products: dict[str, Product | None] = {}

    def load(self) -> None:
        """Read all of it back from the store after a restart."""
        self._days.load()
        total = self._store.get(TOTAL_KNOWN)
        if total is not None:
            self._week, numbers = orjson.loads(total)
            self._total = Day.of(numbers)

    def hear(self, told: Mapping[str, Any]) -> None:
        """What a partition has learned (`StatsDelta.tell`)."""
        self._days.hear(told)

    def roll_up(self, reached: bytes) -> None:
        """Weeks of which every decision behind the bound `reached` knows all days go into the total."""
        self._reached = max(self._reached, (time_of(reached) - 1) // DAY_MS)
        self._roll_up(self._reached)

    def _roll_up(self, before: int) -> None:
        """Week by week, so that what is forgotten of a product does not depend on when this is asked for."""
        week = before // WEEK
        if week <= self._week:
            return
        for _, days in groupby(sorted(n for n in self._days.days if n // WEEK < week), key=lambda n: n // WEEK):
            changed: dict[str, Product] = {}
            for number in days:
                day = self._days.days[number]
                self._total.add_numbers(day)
                for product_id, product in day.products.items():
                    total = changed.get(product_id)
                    if total is None:
                        total = changed[product_id] = self._of_total(product_id) or Product()
                    total.add(product)
                self._days.drop(number)
            for product_id, total in sorted(changed.items()):
                total.keep(self._most_others)
                self._store.put(TOTAL_KNOWN + product_id.encode(), orjson.dumps(total.dump()))
                self._remember(product_id, total)
        self._week = week
        self._store.put(TOTAL_KNOWN, orjson.dumps([week, self._total.numbers()]))

    def rate(self, channel: str, at: int) -> tuple[int, int]:
        """(messages sent, responses to them) on a channel."""
        known = self._known(at)
        return sum(day.sent[channel] for day in known), sum(day.engaged[channel] for day in known)

    def hours(self, at: int) -> Sequence[int]:
        """The responses by local hour: 24 counts."""
        return [sum(counts) for counts in zip(*(day.hours for day in self._known(at)), strict=True)]

    def bought_with(self, product_id: str, at: int) -> list[tuple[str, int]]:
        """(product id, orders) of what was bought together with a product: most first, of equals by id."""
        counts: Counter[str] = Counter()
        for product in self._of(product_id, at):
            counts.update(product.others)
        return ranked(counts)

    def product(self, product_id: str, at: int) -> dict[str, Any] | None:
        """The newest facts about a product that has been bought: {name, url, image_url, price, currency}, or None."""
        newest = Product()
        for product in self._of(product_id, at):
            newest.hear(product.at, product.facts)
        return newest.facts

    def _known(self, at: int) -> list[Day]:
        before = max((at - 1) // DAY_MS, self._reached)
        self._roll_up(before)
        return [self._total, *(day for number, day in self._days.days.items() if number < before)]

    def _of(self, product_id: str, at: int) -> Iterator[Product]:
        before = max((at - 1) // DAY_MS, self._reached)
        self._roll_up(before)
        total = self._of_total(product_id)
        if total is not None:
            yield total
        for number, day in self._days.days.items():
            if number < before and (product := day.products.get(product_id)) is not None:
                yield product

    def _of_total(self, product_id: str) -> Product | None:
        if product_id not in self._products:
            stored = self._store.get(TOTAL_KNOWN + product_id.encode()) if 0 < len(product_id) <= MOST_ID else None
            self._remember(product_id, None if stored is None else Product.of(orjson.loads(stored)))
        return self._products[product_id]

    def _remember(self, product_id: str, product: Product | None) -> None:
        if len(self._products) > _MOST_CACHED:
            self._products.clear()
        self._products[product_id] = product


def _facts(item: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {name: text for name in _FACTS if (text := filled_text(item.get(name))) is not None}
    if (price := micros(item.get("price"))) is not None:
        facts["price"] = to_number(price)
    return facts
