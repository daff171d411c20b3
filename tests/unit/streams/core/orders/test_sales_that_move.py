"""An order that counts here, elsewhere and here again: each row that says so has a key of its own."""

from __future__ import annotations

import pytest

from schemas.identifiers import ORDER_ID, Hasher
from streams.core.contact import points
from streams.core.profile.machine import Leaving
from streams.core.profile.state import Belonging, Profile
from streams.core.protocol.order_key import bound, merge_key, order_key
from tests.support.campaigning import SECRET, Customer
from tests.support.happenings import at

HASH = Hasher(SECRET)(ORDER_ID, "o1")


def told(customer, *moves, minute=5):
    """Identity says, of one instant, that the order counts here (True) or no more; time goes on."""
    for nth, theirs in moves:
        key = merge_key(order_key(at(minute), "channels.web", 0, 0), nth).hex()
        points.belongs(customer.profile, Belonging(key, HASH, theirs, order=True))
    customer.upto(minute + 1)


def moves(customer):
    """(orders, message_id) of each row that says that the order has moved."""
    return [(row["orders"], row["message_id"]) for row in customer.rows("conversions") if row["kind"] == "reassigned"]


def bought(id_="p"):
    """A customer with an order."""
    customer = Customer([], id_=id_)
    customer.buys(0)
    return customer


def test_moves_of_one_instant_have_keys_of_their_own():
    """There and back and there again within a millisecond: the sums over the rows are right."""
    customer = bought()
    told(customer, (0, False), (1, True), (2, False))
    assert moves(customer) == [(-1, ""), (1, "reassigned:1"), (-1, "reassigned:2")]


def test_a_late_move_of_an_instant_before_has_a_key_of_its_own():
    """Identity says it after the order has moved at another instant."""
    customer = bought()
    told(customer, (0, False), minute=5)
    told(customer, (0, True), minute=6)
    told(customer, (1, False), minute=5)
    assert [message_id for _, message_id in moves(customer)] == ["", "reassigned:1", "reassigned:2"]


@pytest.mark.parametrize("moved", ["winner", "loser"])
def test_a_merge_forgets_no_move(moved):
    """Of two who know the order, whichever has had moves of it."""
    winner, loser = bought(), bought("q")
    told(winner if moved == "winner" else loser, (0, False), (1, True))
    winner.absorbs(loser, 7)
    before = len(moves(winner))
    told(winner, (0, False), minute=8)
    assert moves(winner)[before:] == [(-1, "reassigned:2")]


def test_who_merges_with_whom_they_lose_it_to_has_it():
    """Of one link the loss is heard first, in whichever order the two are told."""
    for order in ((True, False), (False, True)):
        customer = bought()
        told(customer, *((0, theirs) for theirs in order))
        assert sum(orders for orders, _ in moves(customer)) == 0


@pytest.mark.parametrize("goes", [True, False])
def test_an_order_that_will_count_does_so_on_one_side_of_a_split(goes):
    """On that of its order_id: the other is told that it does not count there."""
    profile, share = Profile("a" * 32), Profile("b" * 32)
    key = bound(at(5)).hex()
    profile.belongings = [Belonging(key, HASH, theirs=True, order=True)]
    leaving = Leaving(at(5), frozenset({HASH[:16]} if goes else ()), lambda *_: False)
    points.divide(profile, share, leaving)
    assert [news.theirs for news in profile.belongings] == [not goes]
    assert [news.theirs for news in share.belongings] == [goes]
