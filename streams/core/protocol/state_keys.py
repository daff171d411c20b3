"""Where each task keeps what in its keyed state: the first bytes of every key, and what follows them.

The state of identify and that of a partition of journey are two stores, so the prefixes of one may repeat those of the
other. Within one store no prefix may begin another, as `Store.scan` takes everything under a prefix; `CAMPAIGNS` and
`SWITCH` are whole keys that are never scanned.
"""

from __future__ import annotations

from itertools import permutations
from typing import Final

# -- identify

OWNER: Final = b"o"
"""+ identifier (16) -> type, profile and "travelled" if it has ever moved, parted by `|`."""
FIRST_SEEN: Final = b"f"
"""+ profile (16) -> when it was first seen, counted."""
MERGED_INTO: Final = b"i"
"""+ retired profile id (16) -> the id it became part of, as hex; empty for one that was erased."""
REFUSED: Final = b"x"
"""+ head (16) and other (16) of a refused pair -> the reason."""
DISPUTED: Final = b"q"
"""+ identifier (16) -> nothing: somebody has been refused it."""
TYPED: Final = b"y"
"""+ address or order (16) -> nothing: it has only ever been typed, or named but not completed."""
CLAIM: Final = b"p"
"""+ visitor (16), kind of address (1) -> what it has typed last, and its claim that is open (`identity/claims.py`)."""
BESIDE: Final = b"b"
"""+ anonymous id (16) -> the only user_id (16) that it has come beside, the key of their first link."""
PAIR: Final = b"e"
"""+ head (16), other (16) -> their types, and when and how they were linked (`identity/link_history.py`)."""
PAIR_BACK: Final = b"E"
"""+ other (16), head (16) -> nothing: finds the pairs of an identifier that was linked as the other."""
DEVICE_RUN: Final = b"d"
"""+ device (16) -> which head has linked it last and how, and which occurrences may give way."""
CUT_OFF: Final = b"k"
"""+ identifier (16) -> the bound before which its links are void."""
ERASED_AT: Final = b"z"
"""+ identifier (16) -> when it was erased: epoch milliseconds (8)."""
CORRECTED: Final = b"u"
"""+ order (16) -> nothing: something else has been said of it than that it is complete."""
UNCLAIMED: Final = b"n"
"""+ order (16) -> nothing: it was complete before anybody had named it."""
SOLD: Final = b"s"
"""+ order (16) -> the profile it counts in without being linked (16); nothing for one that was erased."""
LINK_BATCH: Final = b"l"
"""+ offset on the link log (8) -> a `links` record of which some wait for time."""
WAITING_CAMPAIGNS: Final = b"c"
"""+ offset on the link log (8) -> a `campaigns` record that waits for its point of time."""
IDENTIFY_CLOCK: Final = b"t"
"""-> rounds, sequence numbers and versions as JSON."""

# -- journey

PROFILE: Final = b"s"
"""+ profile (16) -> its head and state (`profile/repository.py`)."""
PENDING: Final = b"e"
"""+ profile (16), order key (19) -> an event that waits: late or not (1), hash of its head (16), body."""
RETIRED: Final = b"r"
"""+ profile (16) -> the profile it merged into (16), the merge key."""
MOVED: Final = b"m"
"""+ profile (16), identifier (16) -> where the identifier went when, as JSON."""
ABSORBED: Final = b"a"
"""+ profile (16) -> the merge key at which it became part of another here."""
DIVIDED: Final = b"v"
"""+ profile (16) -> what it has lost in splits, as JSON."""
ERASED: Final = b"z"
"""+ profile (16) -> the key up to which it was erased."""
CELL: Final = b"c"
"""+ name of a cell -> its totals (`aggregates/cells.py`)."""
DAY_KNOWN: Final = b"p"
"""+ day (`aggregates/days.py`), product -> what everybody did that day."""
TOTAL_KNOWN: Final = b"g"
"""-> the weeks that have been added up; + product -> what is known of it from them."""
DAY_LEARNED: Final = b"l"
"""+ day, product -> what was learned here and has not been told yet."""
PRODUCT_CHANGE: Final = b"k"
"""+ order key (19) -> a `product` record."""
CHANGES_UPTO: Final = b"u"
"""+ profile (16) -> the bound up to which it has had the changes of products, where that is not the same for all."""
ADDRESS: Final = b"h"
"""+ hash of a channel and an address (16) -> what has been said of it (`contact/suppressions.py`)."""
ADDRESS_WAITS: Final = b"n"
"""+ bound (19), hash (16), order key (19) -> what is said of an address from that bound on."""
COPIED: Final = b"o"
"""+ profile (16), order key (19) of an event that has not come -> its order (16), the profile it is copied to (16)."""
CAMPAIGNS: Final = b"w"
"""-> the campaigns that have been switched to, as JSON."""
SWITCH: Final = b"wr"
"""-> a switch under way: the profile that was looked at last (16), the request."""
JOURNEY_CLOCK: Final = b"t"
"""-> how far time has come, what is in flight, sequence numbers, as JSON."""

OF_IDENTIFY: Final = (
    OWNER, FIRST_SEEN, MERGED_INTO, REFUSED, DISPUTED, TYPED, CLAIM, BESIDE, PAIR, PAIR_BACK, DEVICE_RUN, CUT_OFF,
    ERASED_AT, CORRECTED, UNCLAIMED, SOLD, LINK_BATCH, WAITING_CAMPAIGNS, IDENTIFY_CLOCK,
)  # fmt: skip
OF_JOURNEY: Final = (
    PROFILE, PENDING, RETIRED, MOVED, ABSORBED, DIVIDED, ERASED, CELL, DAY_KNOWN, TOTAL_KNOWN, DAY_LEARNED,
    PRODUCT_CHANGE, CHANGES_UPTO, ADDRESS, ADDRESS_WAITS, COPIED, CAMPAIGNS, SWITCH, JOURNEY_CLOCK,
)  # fmt: skip


def check_apart(prefixes: tuple[bytes, ...]) -> None:
    """Raises ValueError if one of the `prefixes` of a store begins another, but for the two keys never scanned."""
    for one, other in permutations(prefixes, 2):
        if other.startswith(one) and (one, other) != (CAMPAIGNS, SWITCH):
            raise ValueError(f"two kinds of state share the prefix {one!r}: {other!r} begins with it")


check_apart(OF_IDENTIFY)
check_apart(OF_JOURNEY)
