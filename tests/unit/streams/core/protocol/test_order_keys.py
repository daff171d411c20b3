"""The order of events as bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.topics import CHANNEL_TOPICS
from streams.core.protocol.order_key import (
    END_OF_TIME,
    bound,
    claim_key,
    link_of,
    merge_key,
    order_key,
    source_of,
    time_of,
)
from streams.core.protocol.ports import MAX_TIME

places = st.tuples(
    st.integers(0, MAX_TIME), st.sampled_from(CHANNEL_TOPICS), st.integers(0, 1023), st.integers(0, 2**63 - 1)
)


@given(places, places)
def test_keys_compare_as_the_tuples_they_stand_for(a, b):
    """(time, topic, partition, offset) and its bytes sort alike, also as hex."""
    assert (order_key(*a) < order_key(*b)) == (a < b)
    assert (order_key(*a).hex() < order_key(*b).hex()) == (a < b)


@given(places)
def test_a_key_gives_back_what_it_was_made_of(place):
    """Time and source can be read from a key."""
    key = order_key(*place)
    assert (time_of(key), *source_of(key)) == place


@given(places)
def test_a_bound_comes_before_every_key_of_its_time_and_after_those_of_an_earlier_one(place):
    """Up to a bound means: events before its time, not those at it."""
    key = order_key(*place)
    assert bound(place[0]) < key < bound(place[0] + 1)
    assert key < END_OF_TIME or place[0] == MAX_TIME


def test_a_merge_comes_with_its_event_and_pairs_in_their_order():
    """The keys of one link's pairs lie between its event and the next one."""
    event, after = order_key(5, "channels.web", 0, 7), order_key(5, "channels.web", 0, 8)
    assert event < merge_key(event, 1) < merge_key(event, 2) < after


def test_a_link_is_an_events_or_one_claims():
    """The bound of a link lies before all pairs of its event; two claims that are due at once are a link each."""
    event = order_key(5, "channels.web", 0, 7)
    assert {link_of(merge_key(event, nth)) for nth in (1, 2)} == {event}
    claim = claim_key(event, 1_000)
    assert link_of(merge_key(claim, 1)) < link_of(merge_key(claim, 2))
