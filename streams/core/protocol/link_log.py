"""The records of `identity.links`, the link log: one partition, so one order of everything that identify decides by.

Each is a JSON object whose `k` names its kind. In it a hash is 32 hex digits, a key or bound is hex
(`order_key.py`), a time is epoch milliseconds.

| kind        | written by                | read by             | what it does to time                           |
|-------------|---------------------------|---------------------|------------------------------------------------|
| `links`     | ingest, for a chunk       | identify            | nothing: links wait until time has passed them |
| `report`    | ingest, after each line   | identify            | moves the watermarks of its sources forward    |
| `ack`       | journey, for a round      | identify            | the next round begins; in-flight keys hold it  |
| `end`       | `winback` after a run     | identify            | a source read up to its end is infinitely far  |
| `optional`  | identify, at its start    | identify            | time does not wait for these sources           |
| `source`    | `winback sources`         | identify            | time does not wait for a dead source           |
| `sources`   | `winback sources`         | identify            | nothing                                        |
| `campaigns` | `winback campaigns apply` | identify            | makes a barrier, at which the switch is told   |
| `split`     | `winback split`           | identify            | holds time until what moves has arrived        |
| `erase`     | `winback erase`           | identify            | the same                                       |
| `suppress`  | `winback suppressed`      | identify            | nothing: it counts from its time, or at once   |
| `receipt`   | identify, journey         | whoever asked       | nothing                                        |
| `drained`   | identify                  | whoever wrote `end` | nothing: time is at its end everywhere         |

A record that is none of these (another kind, a field missing or of another type, no JSON) says nothing: its reader
passes it over and counts it. The log must not be stopped for good by one record that a person has written by hand.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

from msgspec import UNSET, DecodeError, Meta, Struct, UnsetType, field
from msgspec.json import Decoder

from schemas.orders import NO_ORDER
from streams.core.protocol.ports import MAX_TIME

Hashed: TypeAlias = tuple[str, str]
"""An identifier as it travels: (type, hash)."""
Hash: TypeAlias = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
"""The hash of an identifier where a person may have written it: anything else is no request."""
Source: TypeAlias = tuple[str, int]
"""(topic, partition) of one raw input."""
SomeSources: TypeAlias = tuple[str, int | None]
"""A topic and one of its partitions, or None for all of them."""
Suppressed: TypeAlias = tuple[str, str | None, Hash, bool, str, Annotated[int, Meta(ge=0, le=MAX_TIME)]]
"""What an operator says of one address."""
SourceReport: TypeAlias = tuple[str, int, int | None, int]
"""(topic, partition, watermark in epoch ms or None, offset of the first record that has not been read)."""


class Link(Struct, array_like=True, frozen=True, gc=False):
    """What an event says of who is who: [event time in ms, offset, identifiers, previous, weak, confirms, order].

    The identifiers come strongest first; the last `previous` of them are those an alias call names beside its own. The
    last `weak` before these are addresses only typed, then what only names a purchase. `confirms` says whose claims the
    event confirms (`identity/claims.py`): its own customer's by an `order` or an `identify`, or those of a profile (its
    id), to an address among the identifiers, by a click on a message. `order` is what the event says of the order
    among them (schemas/orders.py).
    """

    time: int
    offset: int
    identifiers: tuple[Hashed, ...]
    previous: int = 0
    weak: int = 0
    confirms: str = ""
    order: int = NO_ORDER


class Links(Struct, tag_field="k", tag="links", frozen=True, gc=False):
    """The links of a chunk that ingest has read from one partition of a raw topic."""

    topic: str
    partition: int
    links: tuple[Link, ...]


class Report(Struct, tag_field="k", tag="report", frozen=True, gc=False):
    """How far one ingest worker has come in its sources.

    `version` is the version of the assignments that it looked profiles up in, `now` its wall clock (None without one).
    """

    sources: tuple[SourceReport, ...]
    version: int
    now: int | None = None


class Ack(Struct, tag_field="k", tag="ack", frozen=True, gc=False):
    """A journey partition has applied a round. Keys are hex, None for nothing.

    `min_in_flight` (`low`) is the earliest key that it has sent on since its last acknowledgement, without what waits
    for a merge; `min_forwarded` (`moved`) the same with it; `next` the earliest thing that waits in the partition, what
    it has to tell the others included; `due` the same without. `at` is the round's (watermark/horizon.py).
    """

    partition: int
    number: int = field(name="round")
    min_in_flight: str | None = field(name="low", default=None)
    min_forwarded: str | None = field(name="moved", default=None)
    next: str | None = None
    due: str | None = None
    at: int | None = None


class EndOfInput(Struct, tag_field="k", tag="end", frozen=True, gc=False):
    """No more input comes: (topic, partition, offset behind the last record) of each source."""

    positions: tuple[tuple[str, int, int], ...]


class OptionalSources(Struct, tag_field="k", tag="optional", frozen=True, gc=False):
    """Time waits for these sources only once the end of input has been declared; for all others always."""

    sources: tuple[SomeSources, ...]


class DeclareSource(Struct, tag_field="k", tag="source", frozen=True, gc=False):
    """An operator declares sources dead, or live again. `partition` None stands for all of the topic."""

    request: str
    topic: str
    partition: int | None
    state: Literal["dead", "live"]


class ListSources(Struct, tag_field="k", tag="sources", frozen=True, gc=False):
    """An operator asks how far the sources are."""

    request: str


class SwitchCampaigns(Struct, tag_field="k", tag="campaigns", frozen=True, gc=False):
    """Other campaigns are to decide: `content` is `Campaigns.dump()`. Identify passes it on to every partition."""

    request: str
    content: Any
    version: str = ""


class SplitRequest(Struct, tag_field="k", tag="split", frozen=True, gc=False):
    """An operator cuts an identifier (its hash) off; `now` is the wall clock of the request in ms, None without one."""

    request: str
    type: str
    id: Hash
    now: int | None = None


class EraseRequest(Struct, tag_field="k", tag="erase", frozen=True, gc=False):
    """An operator has the person forgotten that an identifier is of; the fields of a split."""

    request: str
    type: str
    id: Hash
    now: int | None = None


class SuppressRequest(Struct, tag_field="k", tag="suppress", frozen=True, gc=False):
    """An operator says something of addresses: (channel, topic or None, hash, is it a yes, reason, since in ms) each.

    The hash is that of the channel (with its topic) and the address (`contact/telling.py`).
    """

    request: str
    entries: tuple[Suppressed, ...]


class Receipt(Struct, tag_field="k", tag="receipt", frozen=True, gc=False):
    """The answer of an agent ("identify" or "journey") to a request: counts and ids, nothing of a person.

    What is set depends on the request. Of a switch: `at` (identify), or `partition` and `refused` (journey; True when
    the campaigns cannot be read). Of a split or an erasure: the counts (identify), or `profile` and what was `removed`
    there (journey; a profile may be divided in several ways, so `to` names the profile that its part went to). Of
    sources: `now`, `reached`, `holder`, `sources`, as `watermark/sources.py` lists them. Of addresses: `identifiers`,
    how many have been told (identify).
    """

    request: str | None
    agent: str
    at: str | UnsetType = UNSET
    partition: int | UnsetType = UNSET
    refused: bool | int | UnsetType = UNSET
    profile: str | UnsetType = UNSET
    to: str | UnsetType = UNSET
    removed: dict[str, int] | UnsetType = UNSET
    found: bool | UnsetType = UNSET
    profiles: list[str] | UnsetType = UNSET
    identifiers: int | UnsetType = UNSET
    edges: int | UnsetType = UNSET
    clusters: list[tuple[str, int]] | UnsetType = UNSET
    now: int | UnsetType | None = UNSET
    reached: int | UnsetType | None = UNSET
    holder: Source | UnsetType | None = UNSET
    sources: list[tuple[str, int, int | None, int | None, str]] | UnsetType = UNSET


class Drained(Struct, tag_field="k", tag="drained", frozen=True, gc=False):
    """Everything that the input has caused has taken effect everywhere."""


LinkLogRecord: TypeAlias = (
    Links
    | Report
    | Ack
    | EndOfInput
    | OptionalSources
    | DeclareSource
    | ListSources
    | SwitchCampaigns
    | SplitRequest
    | EraseRequest
    | SuppressRequest
    | Receipt
    | Drained
)
Request: TypeAlias = DeclareSource | ListSources | SwitchCampaigns | SplitRequest | EraseRequest | SuppressRequest
"""What is answered by receipts."""
_DECODER: Final[Decoder[LinkLogRecord]] = Decoder(LinkLogRecord)


def read(value: bytes | None) -> LinkLogRecord | None:
    """The record in a value of the link log; None for one that says nothing (see above)."""
    if not value:
        return None
    try:
        return _DECODER.decode(value)
    except DecodeError:
        return None
