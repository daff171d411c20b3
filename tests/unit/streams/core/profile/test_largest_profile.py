"""The gauge of the largest profile: right while profiles grow, when a device leaves, and after a restart."""

from __future__ import annotations

from schemas.identifiers import Hasher
from schemas.record import Out
from streams.core.identify import Identify
from streams.core.protocol.order_key import order_key
from streams.runtime.state.store import MemoryBase, PartitionStore

HASHER = Hasher("table")


class Nowhere:
    """Where what is emitted goes that nobody reads here."""

    def send(self, out: Out) -> None:
        """Forget it."""

    def after(self, out: Out) -> None:
        """Forget it."""


def test_the_gauge_follows_the_graph() -> None:
    """Links make it grow, a browser that goes to another user makes it shrink, and a restart finds it again."""
    store = PartitionStore(MemoryBase())
    identify = Identify(store, Nowhere(), partitions=1)
    identify.load()
    identify._notices.at(0)
    found = []
    for at, values in enumerate([[], ["u1", "a"], ["u1", "b"], ["u2", "c"], ["u2", "b"], ["u2", "d"]]):
        types = ["user_id" if value.startswith("u") else "anonymous_id" for value in values]
        link = [[type_, HASHER(type_, value)] for type_, value in zip(types, values, strict=True)]
        if link:
            identify._linker.link(order_key(at, "channels.web", 0, at), link, 0, 0)
        found.append(identify.gauges["winback_largest_profile",])
    assert found == [0, 2, 3, 3, 3, 4]
    identify._linker.link(order_key(9, "channels.web", 0, 9), [["user_id", HASHER("user_id", "u3")], link[1]], 0, 0)
    assert identify.gauges["winback_largest_profile",] == 3
    again = Identify(store, Nowhere(), partitions=1)
    again.load()
    assert again.gauges["winback_largest_profile",] == 3
