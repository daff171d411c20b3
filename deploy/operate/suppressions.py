"""What is said of addresses, as operators see it: shown, lifted, taken in from a list and written to one.

It is on `contact.suppressions`, by keyed hash of channel and address: whoever asks has to name the address.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from deploy.errors import BadInputError
from deploy.operate import draining, links
from deploy.operate.person import identifiers, requests
from deploy.operate.sources import Answer
from schemas import times
from schemas.identifiers import ADVERTISING_ID, EMAIL, PHONE, PUSH_TOKEN, Hasher
from schemas.topics import CONTACT_SUPPRESSIONS

if TYPE_CHECKING:
    from schemas.settings import Settings
    from streams.core.protocol.link_log import Suppressed

CHANNELS: Final = {
    EMAIL: ("email", "ads"), PHONE: ("sms", "messenger"), PUSH_TOKEN: ("push",), ADVERTISING_ID: ("ads",),
    "sms": ("sms",), "push": ("push",), "ads": ("ads",), "messenger": ("messenger",),
}  # fmt: skip
"""The channels that an address is asked for on, by the type (or channel) that it is named by."""
_TYPE: Final = {"sms": PHONE, "push": PUSH_TOKEN, "ads": ADVERTISING_ID, "messenger": PHONE}
IMPORTED: Final = "imported"
LIFTED: Final = "lifted"
A_REQUEST: Final = 1_000
"""Addresses in one request at most."""
_LONGEST: Final = 100
COLUMNS: Final = ("channel", "address", "reason", "since")

Row = dict[str, Any]
"""A record of `contact.suppressions`."""


class Address(NamedTuple):
    """An address, normalised as in events, and the channels that it is an address on."""

    value: str
    channels: tuple[str, ...]


def parse(text: str, settings: Settings) -> Address:
    """The address in `text`, `TYPE:VALUE`. Raises BadInputError, which hides the value."""
    named, _, value = text.partition(":")
    named = named.strip().lower()
    if named not in CHANNELS:
        raise BadInputError(f"an address needs one of {', '.join(CHANNELS)} and a colon before it")
    type_ = _TYPE.get(named, named)
    if named == "ads" and "@" in value:
        type_ = EMAIL
    return Address(identifiers.parse(f"{type_}:{value}", settings).value, CHANNELS[named])


async def everything(settings: Settings) -> list[Row]:
    """The last record of each address, in the order of their hashes. Raises UnavailableError."""
    found: dict[bytes, Row] = {}
    async with links.consumer(settings) as consumer:
        ends = await draining.ends(consumer, [CONTACT_SUPPRESSIONS], settings)
        async for record in draining.everything(consumer, ends):
            if record.key and record.value:
                found[record.key] = orjson.loads(record.value)
    return [row for _, row in sorted(found.items())]


async def of(settings: Settings, address: Address) -> list[Row]:
    """What is said of an address, by channel and topic. Raises UnavailableError."""
    from streams.core.contact.telling import kept_as

    hasher = Hasher(settings.secret.get_secret_value())
    rows = await everything(settings)
    about = {(row["channel"], row["topic"]) for row in rows if row["channel"] in address.channels}
    hashes = {hasher(kept_as(*one), address.value) for one in about}
    found = [row for row in rows if row["address_hash"] in hashes]
    return sorted(found, key=lambda row: (row["channel"], row["topic"] or ""))


async def lift(settings: Settings, rows: Iterable[Row], now: int, *, seconds: float) -> int:
    """Lift what `rows` say from `now` on (epoch milliseconds); returns how many there were to lift.

    Raises UnavailableError when identify does not answer within these seconds.
    """
    entries: list[Suppressed] = [
        (row["channel"], row["topic"], row["address_hash"], True, LIFTED, now) for row in rows if row["suppressed"]
    ]
    return await _say(settings, entries, seconds=seconds)


async def take_in(settings: Settings, entries: list[Suppressed], *, seconds: float) -> int:
    """Have addresses suppressed (`entries`, of `read`); returns how many.

    Raises UnavailableError when identify does not answer a request of them within these seconds.
    """
    return await _say(settings, entries, seconds=seconds)


def read(lines: Iterable[str], name: str, settings: Settings, now: int) -> list[Suppressed]:
    """The addresses in the `lines` of a CSV file `name`: `channel,address,reason,since`, the first two are a must.

    `since` is a time as events have it, `now` (epoch milliseconds) where there is none. Raises BadInputError for the
    first line that is wrong, with its number and without its address.
    """
    table = csv.DictReader(lines)
    columns = {column.strip().lower(): column for column in table.fieldnames or ()}
    if missing := [column for column in COLUMNS[:2] if column not in columns]:
        raise BadInputError(f"{name}: the first line names no column {missing[0]}: {','.join(COLUMNS)} is needed")
    hasher = Hasher(settings.secret.get_secret_value())
    return [
        entry
        for row in table
        for entry in _entries({c: row.get(columns.get(c, "")) or "" for c in COLUMNS}, f"{name}:{table.line_num}",
                              settings, hasher, now)
    ]  # fmt: skip


def _entries(row: dict[str, str], where: str, settings: Settings, hasher: Hasher, now: int) -> Iterator[Suppressed]:
    channel = row["channel"].strip().lower()
    try:
        address = parse(f"{channel}:{row['address']}", settings)
    except BadInputError as problem:
        raise BadInputError(f"{where}: {problem}") from None
    since = times.parse(row["since"].strip()) if row["since"].strip() else now
    if since is None or not 0 <= since <= now:
        raise BadInputError(f"{where}: since is no time, or lies ahead")
    reason = row["reason"].strip()[:_LONGEST] or IMPORTED
    channels = (channel,) if channel in ("email", *_TYPE) else address.channels
    for one in channels:
        yield one, None, hasher(one, address.value), False, reason, since


async def _say(settings: Settings, entries: list[Suppressed], *, seconds: float) -> int:
    from streams.core.protocol.link_log import SuppressRequest

    for start in range(0, len(entries), A_REQUEST):
        answer = Answer()
        request = SuppressRequest(answer.request, tuple(entries[start : start + A_REQUEST]))
        await requests.publish_and_wait(settings, request, answer, seconds=seconds)
    return len(entries)
