"""The records of `profile.events`, the profile log, besides events: what one journey partition is told.

Each is a JSON object whose `k` names its kind. In it a profile id or hash is 32 hex digits, a key or bound is hex
(`order_key.py`), a time is epoch milliseconds. Events are bytes, because there are many (`records.py`).

| kind        | written by                   | read by               | what it does to time                     |
|-------------|------------------------------|-----------------------|------------------------------------------|
| `round`     | identify, to all partitions  | journey               | everything before its bound takes effect |
| `campaigns` | identify, to all partitions  | journey               | nothing: time stands at its barrier      |
| `product`   | ingest, to all partitions    | journey               | waits until time has passed it           |
| `told`      | ingest, to all partitions    | journey               | waits until time has passed it           |
| `told`      | journey, to all partitions   | journey               | holds it until all partitions have it    |
| `learned`   | journey at midnights         | journey               | nothing: it counts from the next day on  |
| `merge`     | identify, to the loser       | journey               | what it forwards holds time (`Ack`)      |
| `leave`     | identify, to the old profile | journey               | the same                                 |
| `arrive`    | identify, to the new profile | journey               | nothing                                  |
| `belongs`   | identify, to the profile     | journey               | waits until time has passed its key      |
| `sale`      | identify, to the profile     | journey               | waits, and what it forwards holds time   |
| `divide`    | identify, to the profile     | journey               | what it forwards holds time              |
| `erase`     | identify, to the profile     | journey               | the same                                 |
| `transfer`  | journey of a merged profile  | journey of its holder | forwarded again, it holds time           |
| `share`     | journey of a divided profile | journey of the other  | forwarded again, it holds time           |

A record that is none of these says nothing, as on the link log (`link_log.py`).
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from msgspec import DecodeError, Raw, Struct, field
from msgspec.json import Decoder

from streams.core.protocol.link_log import SwitchCampaigns

Path: TypeAlias = tuple[tuple[str, str], ...]
"""From a merged profile up to the one that holds it: ((profile id, merge key), ...), the innermost first."""


class Round(Struct, tag_field="k", tag="round", frozen=True, gc=False):
    """Time has come to a bound (`watermark/rounds.py`); `now` is the wall clock in ms, None without one.

    `quiescent` (`rests`): everything of before the bound is in the partition where it takes effect, so that profiles
    that wait in others take effect as well. `barrier_closed` (`closed`) is the last bound of which that was so
    everywhere. `at` is the offset on the link log of the record after which the round was issued.
    """

    number: int = field(name="round")
    bound: str
    now: int | None = None
    quiescent: bool = field(name="rests", default=False)
    barrier_closed: str = field(name="closed", default="")
    at: int | None = None


class ProductChanged(Struct, tag_field="k", tag="product", frozen=True, gc=False):
    """An event of the catalogue: its order key, the trigger it may be (`kind`), the event's properties as JSON."""

    key: str
    kind: str
    product_id: str
    message_id: str
    properties: Raw


class AddressTold(Struct, tag_field="k", tag="told", frozen=True, gc=False):
    """Something is said of addresses, whoever has them: a no, or a yes that lifts it (`contact/suppressions.py`).

    `key` is the order key of the event that says it, `upto` the bound from which on it counts: of an event that names
    the address the key itself. An address is (channel, topic or None, hash of both and the address).
    """

    key: str
    upto: str
    given: bool
    reason: str
    addresses: tuple[tuple[str, str | None, str], ...]


class DayLearned(Struct, tag_field="k", tag="learned", frozen=True, gc=False):
    """What the customers of a partition have done on a day (`aggregates/population.py`)."""

    part: dict[str, Any]


class Merge(Struct, tag_field="k", tag="merge", frozen=True, gc=False):
    """`loser` (`from`) became part of `winner` (`to`) at a merge key."""

    loser: str = field(name="from")
    winner: str = field(name="to")
    key: str


class Leave(Struct, tag_field="k", tag="leave", frozen=True, gc=False):
    """An identifier left profile `source` (`from`) for `target` (`to`) at a merge key."""

    source: str = field(name="from")
    target: str = field(name="to")
    id: str
    key: str


class Arrive(Struct, tag_field="k", tag="arrive", frozen=True, gc=False):
    """An identifier came to profile `target` (`to`) at a merge key; at the beginning of time: it was never away."""

    target: str = field(name="to")
    id: str
    key: str


class Belongs(Struct, tag_field="k", tag="belongs", frozen=True, gc=False):
    """An identifier that is an address is `theirs` whose profile this is from a merge key on, or somebody else's."""

    profile: str
    id: str
    key: str
    theirs: bool


class Sale(Struct, tag_field="k", tag="sale", frozen=True, gc=False):
    """From a merge key (or bound) on an order counts in this `profile` (`theirs`), or does not.

    `to`: the profile that has it, where the event at the key has named it in vain; that one hears of it, too.
    """

    profile: str
    id: str
    key: str
    theirs: bool
    to: str = ""


class Divide(Struct, tag_field="k", tag="divide", frozen=True, gc=False):
    """A split: `ids` of `source` (`from`) are of `target` (`to`) from the beginning of time.

    `key` is the bound and `at` the time of the split; `fresh` (`state`): the target is new, so state goes there too.
    """

    request: str
    source: str = field(name="from")
    target: str = field(name="to")
    ids: tuple[str, ...]
    key: str
    at: int
    fresh: bool = field(name="state")


class Erase(Struct, tag_field="k", tag="erase", frozen=True, gc=False):
    """A profile is forgotten up to the bound `key`, with those that merged into it (`former`).

    `next` says whose events of after the bound are, by identifier. `current`: it is the profile the identifier was of,
    not one that had become part of it.
    """

    request: str
    profile: str
    key: str
    ids: tuple[str, ...]
    next: dict[str, str]
    former: tuple[str, ...]
    current: bool


class Transfer(Struct, tag_field="k", tag="transfer", frozen=True, gc=False):
    """The state of a merged profile goes to `holder` (`to`); `upto`: the bound up to which it has had its changes."""

    holder: str = field(name="to")
    path: Path
    upto: str
    state: Raw


class Share(Struct, tag_field="k", tag="share", frozen=True, gc=False):
    """The part of a divided profile that is of `target` (`to`); `at` is the time of the split, `key` its bound."""

    target: str = field(name="to")
    at: int
    key: str
    state: Raw


ProfileLogRecord: TypeAlias = (
    Round
    | SwitchCampaigns
    | ProductChanged
    | AddressTold
    | DayLearned
    | Merge
    | Leave
    | Arrive
    | Belongs
    | Sale
    | Divide
    | Erase
    | Transfer
    | Share
)
Moving: TypeAlias = Merge | Leave | Arrive | Belongs | Sale | Divide | Erase | Transfer | Share
"""What moves profiles, events or identifiers, or forgets them."""
_DECODER: Final[Decoder[ProfileLogRecord]] = Decoder(ProfileLogRecord)


def read(value: bytes) -> ProfileLogRecord | None:
    """The record in a value of the profile log; None for one that says nothing."""
    try:
        return _DECODER.decode(value)
    except DecodeError:
        return None
