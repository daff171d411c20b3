"""Which occurrences of a pair are kept: what can change nothing is not."""

from __future__ import annotations

from streams.core.identity.evidence import Evidence
from streams.core.identity.link_history import MOST_KEPT, LinkHistory, Names
from streams.core.protocol.order_key import merge_key, order_key
from streams.runtime.state.store import MemoryBase, PartitionStore, Position
from tests.support.histories_of_people import HASH, identifier


class Noted:
    """Pairs noted one after another, at times that count up; `again` begins anew from the store."""

    def __init__(self, most_kept: int = MOST_KEPT) -> None:
        self.store = PartitionStore(MemoryBase())
        self.edges = LinkHistory(self.store, most_kept)
        self._time = 0

    def note(self, *pairs: str) -> None:
        """`u1 a1` is a pair; `u1 < a1` one of an alias call, `a1 ? x@b` one of weak evidence."""
        for pair in pairs:
            head, other = pair.replace("<", "").replace("?", "").split()
            self._time += 1
            key = merge_key(order_key(self._time, "channels.web", 0, self._time), 1)
            how = Evidence.ALIAS if "<" in pair else Evidence.WEAK if "?" in pair else Evidence.PLAIN
            self.edges.note(*map(hashed, (head, other)), key, how)

    def kept(self, *pair: str) -> list[int]:
        """The times kept of a pair."""
        head, other = map(hashed, pair)
        found = self.edges.among([head[1]])
        return [int.from_bytes(one.key[:8], "big") for one in found if one.other == other]

    def again(self) -> None:
        """A restart."""
        self.store.settle(Position(0, 0, 0, 0))
        self.edges = LinkHistory(self.store)
        self.edges.load(Names())


def hashed(value: str) -> tuple[str, str]:
    """(type, hash)."""
    one = identifier(value)
    return one.type, HASH(*one)


def test_the_same_pair_again_is_not_kept() -> None:
    """Once plain and once by an alias call, whatever the type."""
    noted = Noted()
    noted.note("u1 a1", "u1 a1", "u1 < a1", "u1 < a1", "u1 a1", "u1 x@b.example", "u2 x@b.example", "u1 x@b.example")
    assert noted.kept("u1", "a1") == [1, 3]
    assert noted.kept("u1", "x@b.example") == [6]


def test_a_device_that_is_passed_to_and_fro() -> None:
    """Of each user the first log-in and the latest; nothing that took place in between depended on it."""
    noted = Noted()
    noted.note(*["u1 a1", "u2 a1"] * 20)
    assert noted.kept("u1", "a1") == [1, 39]
    assert noted.kept("u2", "a1") == [2, 40]


def test_where_a_device_was_when_it_mattered() -> None:
    """A new head, an alias call, or something that the device linked itself keeps where it was by then."""
    for mattered in ("u3 d1", "u2 < d1", "d1 a1"):
        noted = Noted()
        noted.note("u1 d1", "u2 d1", "u1 d1", "u2 d1", mattered, "u1 d1", "u2 d1", "u1 d1", "u2 d1")
        assert 3 in noted.kept("u1", "d1")
        assert 4 in noted.kept("u2", "d1")


def test_a_device_whose_head_has_moved_is_linked_anew() -> None:
    """The tablet is another's when it links its browser again: that may have moved the browser."""
    noted = Noted()
    noted.note("d1 a1", "u1 d1", "d1 a1", "d1 a1", "u2 d1", "d1 a1")
    assert noted.kept("d1", "a1") == [1, 3, 6]


def test_a_pair_keeps_a_bounded_number() -> None:
    """Its first and its last ones; those in the middle go."""
    noted = Noted(most_kept=4)
    noted.note(*[pair for n in range(6) for pair in ("u1 d1", f"d1 a{n}", "u2 d1")])
    kept = noted.kept("u1", "d1")
    assert len(kept) == 4
    assert kept[0] == 1
    assert kept[-1] == 16


def test_a_restart_keeps_what_the_same_process_would() -> None:
    """Whatever is kept in memory is a function of what is stored."""
    story = ["u1 a1", "u2 a1", "d1 a1", "u1 d1", "d1 a1", "u2 d1", "u1 a1", "d1 a1", "u2 < d1", "u1 d1", "d1 a1"] * 2
    whole = Noted()
    whole.note(*story)
    for at in range(len(story)):
        parted = Noted()
        parted.note(*story[:at])
        parted.again()
        parted.note(*story[at:])
        assert list(parted.store.scan(b"")) == list(whole.store.scan(b"")), at


def test_what_is_dropped_leaves_nothing() -> None:
    """All pairs of an identifier, in both directions; what others linked with it is kept again when it comes."""
    noted = Noted()
    noted.note("u1 a1", "u2 a1", "u1 x@b.example", "a1 a2")
    assert noted.edges.drop(hashed("u1")[1]) == 2
    assert noted.edges.closure(hashed("u1")[1]) == {hashed("u1")[1]}
    noted.note("u2 a1")
    assert noted.kept("u2", "a1") == [2, 5]
    for value in ("u2", "a1", "a2", "x@b.example"):
        noted.edges.drop(hashed(value)[1])
    assert list(noted.store.scan(b"")) == []
