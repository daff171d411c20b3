"""Who is told that an order has moved to another profile."""

from __future__ import annotations

import pytest

from streams.core.identity.cutoffs import Cutoffs
from streams.core.identity.graph import Graph, Policy
from streams.core.identity.sales import Sales
from streams.core.protocol.order_key import bound
from streams.runtime.state.store import MemoryBase, PartitionStore

ORDER, LOSER, WINNER = ("0" * 31 + n for n in "123")


class Told:
    """Keeps what profiles are told."""

    def __init__(self):
        self.notices = []

    def tell(self, profile_id, notice):
        """A notice to a profile."""
        self.notices.append((profile_id, notice.theirs))


@pytest.mark.parametrize(("joins", "told"), [(False, [(LOSER, False), (WINNER, True)]), (True, [(WINNER, True)])])
def test_who_joins_the_one_that_gets_the_order_loses_nothing(joins, told):
    """It would be the joined profile that hears of it."""
    store, heard, graph = PartitionStore(MemoryBase()), Told(), Graph(Policy())
    graph.owner[ORDER] = WINNER
    sales = Sales(store, heard, graph=graph, cutoffs=Cutoffs(store))
    sales.moved(ORDER, LOSER, WINNER, bound(1), joins=joins)
    assert heard.notices == told
