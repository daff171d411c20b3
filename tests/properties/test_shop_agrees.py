"""The simulated shop, which behaves as customers do: oracle and core agree on all that comes of it."""

from __future__ import annotations

from importlib.resources import files

import pytest

from deploy.shop import simulate
from deploy.stack.lines import of_objects
from schemas.record import Record
from tests.oracle.core import agreed

CAMPAIGNS = (files("streams.campaigns") / "default.yaml").read_text()
PARTITIONS = 3


def shop(customers: int, days: int, seed: int) -> list[Record]:
    """The raw records of a simulated shop, in the order of their arrival."""
    offsets: dict[tuple[str, int], int] = {}
    records = []
    for chunk in of_objects(simulate(customers, days, seed, None), PARTITIONS):
        for line in chunk:
            place = line.topic, line.partition
            offset = offsets[place] = offsets.get(place, -1) + 1
            records.append(Record(*place, offset, line.timestamp, line.key, line.value))
    return records


@pytest.mark.parametrize(("customers", "days", "seed"), [(120, 2, 1), (20, 9, 2)])
def test_a_shop_under_the_built_in_campaigns(customers: int, days: int, seed: int) -> None:
    """Clusters, carts, decisions and conversions of a shop are the oracle's, and there are some of each."""
    outcome = agreed(shop(customers, days, seed), CAMPAIGNS, partitions=PARTITIONS)
    assert outcome.merges
    assert outcome.transitions
    assert outcome.messages
    assert any(row["recovered"] for row in outcome.conversions)
