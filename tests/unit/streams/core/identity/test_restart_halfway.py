"""A restart between two calls that one record of links needs."""

from __future__ import annotations

from schemas.identifiers import Hasher
from schemas.record import Out, Record
from schemas.topics import CHANNEL_TOPICS, IDENTITY_LINKS
from streams.core.identify import Identify
from streams.core.protocol.link_log import Link, Links, Report
from streams.core.protocol.records import encode
from streams.runtime.state.store import MemoryBase, PartitionStore

HASHER = Hasher("table")


class Nowhere:
    """Where what is emitted goes that nobody reads here."""

    def send(self, out: Out) -> None:
        """Forget it."""

    def after(self, out: Out) -> None:
        """Forget it."""


def link(time: int, user: str, device: str) -> Link:
    """A user on a device."""
    names = (("user_id", HASHER("user_id", user)), ("anonymous_id", HASHER("anonymous_id", device)))
    return Link(time, time, names, 0, 0)


def test_a_record_that_was_not_finished_is_not_learned_twice() -> None:
    """Late links of one record, one a call, with a restart after each call: all of them take effect, and each once."""
    sources = tuple((topic, 0, 1_000, 1) for topic in CHANNEL_TOPICS)
    late = Links("channels.web", 0, (link(10, "u1", "a"), link(20, "u2", "a"), link(30, "u3", "b")))
    values = [encode(Report(sources, 0, 1_000)), encode(late)]
    records = [Record(IDENTITY_LINKS, 0, n, 0, None, value, ()) for n, value in enumerate(values)]
    store, calls = PartitionStore(MemoryBase()), 0
    while records:
        identify = Identify(store, Nowhere(), partitions=1, links_a_call=1)
        identify.load()
        records = records[identify.process(records) :]
        identify.flush()
        calls += 1
        assert calls < 10
    owner = identify.graph.owner
    assert owner[HASHER("anonymous_id", "a")] == owner[HASHER("user_id", "u2")]
    assert owner[HASHER("anonymous_id", "b")] == owner[HASHER("user_id", "u3")]
    assert identify._left == {}
