"""What a restarted sender repeats is dropped, and what comes late meets what is known already."""

from __future__ import annotations

import orjson

from schemas.record import Out, Record
from schemas.topics import CART_TRANSITIONS, PROFILE_EVENTS
from streams.core.protocol.sequence_numbers import DuplicateFilter, SequencedEmitter
from tests.support.journeys import START, Table, track


class Sent(list[Out]):
    """An `Emit` that keeps what it is given."""

    def send(self, out: Out) -> None:
        """Keep it."""
        self.append(out)

    def after(self, out: Out) -> None:
        """Keep it."""
        self.append(out)


def numbers(numbered: SequencedEmitter, sent: Sent, *offsets: int) -> list[Record]:
    """The records sent while these input records are consumed, two for each."""
    sent.clear()
    for offset in offsets:
        numbered.at(offset)
        for _ in range(2):
            numbered.send(Out(PROFILE_EVENTS, 0, b"p", b"{}"))
    return [Record(PROFILE_EVENTS, 0, 0, START, out.key, out.value, out.headers) for out in sent]


def test_a_cart_that_comes_late_ends_with_the_order_that_followed_it():
    """The order is known already: nobody is reminded of a cart from before it."""
    table = Table()
    table.feed(20, track("Order Completed", order_id="o"))
    table.round(60)
    table.feed(10, track("Product Added", sku="s", price=10))
    table.round()
    rows = table.rows(CART_TRANSITIONS)
    assert [row["reason"] for row in rows] == ["opened", "order"]
    assert rows[1]["at"] > rows[0]["at"]


def test_what_a_restarted_sender_repeats_is_known_by_its_number():
    """Same input, same numbers: the first that was never heard is the first that counts."""
    heard, sent = DuplicateFilter(), Sent()
    before = numbers(SequencedEmitter(sent, 3), sent, 7, 8)
    assert [heard.is_repeat(record.headers) for record in before[:3]] == [False, False, False]
    restored = DuplicateFilter()
    restored.restore(orjson.loads(orjson.dumps(heard.dump())))
    again = numbers(SequencedEmitter(sent, 3), sent, 7, 8, 9)
    assert [restored.is_repeat(record.headers) for record in again] == [True, True, True, False, False, False]


def test_senders_do_not_hide_each_other():
    """A number says something about its own sender alone; a record without one is never a repeat."""
    heard, sent = DuplicateFilter(), Sent()
    assert not any(heard.is_repeat(record.headers) for record in numbers(SequencedEmitter(sent, 1), sent, 100))
    assert not any(heard.is_repeat(record.headers) for record in numbers(SequencedEmitter(sent, 2), sent, 5))
    plain = Record(PROFILE_EVENTS, 0, 0, START, b"p", b"{}")
    assert [heard.is_repeat(plain.headers), heard.is_repeat(plain.headers)] == [False, False]


def test_numbers_go_on_inside_a_record_that_is_consumed_in_two_halves():
    """A unit between the halves remembers how many were sent for the first."""
    sent = Sent()
    first = SequencedEmitter(sent, 1)
    before = numbers(first, sent, 4)
    second = SequencedEmitter(sent, 1)
    second.restore(first.dump())
    heard = DuplicateFilter()
    assert not any(heard.is_repeat(record.headers) for record in (*before, *numbers(second, sent, 4)))
