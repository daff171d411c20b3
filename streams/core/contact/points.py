"""Contact points: the addresses that a customer gave, newest first, and whether they are the customer's still.

An address is given in an identify call, or on a channel where the customer is; never by feedback. What identity says
of an identifier that is an address comes as a `Belonging`: it takes effect at its key, between the events of the
profile, and an address that has become somebody else's is a contact point no more. docs/contract.md, "Contact points".
"""

from __future__ import annotations

from bisect import insort
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from schemas.identifiers import ADVERTISING_ID, DEVICE_ID, EMAIL, MESSENGERS, PHONE, PUSH_TOKEN, Hasher
from schemas.names import ACTIVITY_CHANNELS, FEEDBACK_EVENTS
from schemas.orders import is_for_another
from streams.core.profile.event import Sealed
from streams.core.profile.machine import Leaving
from streams.core.profile.state import Belonging, Dated, Profile
from streams.core.protocol.order_key import KEY_SIZE, time_of

CHANNEL_OF: Final = {EMAIL: "email", PHONE: "sms", PUSH_TOKEN: "push", ADVERTISING_ID: "ads"}
"""The types of identifiers that are addresses, and the channel of each."""
TYPE_OF: Final = {channel: type_ for type_, channel in CHANNEL_OF.items()}
_ON_DEVICES: Final = ("push", "ads")
_OF_A_MACHINE: Final = frozenset({PUSH_TOKEN, ADVERTISING_ID})
OWN_MACHINE: Final = ACTIVITY_CHANNELS - {"store"}
"""Channels on which the customer's own machine speaks."""
_PRESENT: Final = ACTIVITY_CHANNELS | {"callcenter"}
MOST_KNOWN: Final = 5
"""Addresses that are remembered of a channel: where one turns out to be somebody else's, the one before counts."""
MESSENGER: Final = "messenger"
_MOVED: Final = "reassigned:"


class SaleMoved(NamedTuple):
    """An order, by its hash, counts in the profile from a merge `key` on (`theirs`), or does not any more.

    `nth`: of the rows of the order in the profile that say so, from 0.
    """

    key: bytes
    order: str
    theirs: bool
    nth: int = 0

    @property
    def time(self) -> int:
        """Of the event that has led to it, in epoch milliseconds."""
        return time_of(self.key)

    @property
    def message_id(self) -> str:
        """It is no event's of this profile: empty of the first, and the number of each further one."""
        return f"{_MOVED}{self.nth}" if self.nth else ""


class Lost(NamedTuple):
    """An address that is the customer's no more: since when (epoch milliseconds), and the channel it was used on."""

    at: int
    channel: str
    address: str


def on_event(profile: Profile, event: Sealed, hasher: Hasher) -> None:
    """Remember the addresses that an event gives, but those that are somebody else's."""
    found: dict[str, str] | None = None
    device: str | None = None
    for identifier in event.identifiers:
        channel = CHANNEL_OF.get(identifier["type"])
        # Strongest first: of a kind it is the first that the event would belong to.
        if channel is not None and (found is None or channel not in found):
            type_, value = identifier["type"], identifier["value"]
            if _is_given(event, type_, value) and not (profile.strangers and hasher(type_, value) in profile.strangers):
                found = {channel: value} if found is None else {**found, channel: value}
        elif channel is None and identifier["type"] in MESSENGERS and (found is None or MESSENGER not in found):
            type_, value = identifier["type"], identifier["value"]
            if _is_given(event, type_, value) and not (profile.strangers and hasher(type_, value) in profile.strangers):
                found = {**(found or {}), MESSENGER: f"{type_}:{value}"}
        elif channel is None and identifier["type"] == DEVICE_ID:
            device = identifier["value"] if device is None else device
    if event.channel == MESSENGER and found is not None and "sms" in found and MESSENGER not in found:
        # Who writes on a messenger under a phone number can be answered there.
        found = {**found, MESSENGER: f"{PHONE}:{found['sms']}"}
    if found is not None:
        for channel, value in found.items():
            _seen(profile, channel, Dated(value, event.time))
            if device is not None and channel in _ON_DEVICES:
                profile.devices[value] = device


def belongs(profile: Profile, news: Belonging) -> None:
    """Identity says whose an identifier is from a key on: it waits in the profile for its time."""
    # What merged profiles have heard of one link is in one profile: it has what it loses to itself.
    insort(profile.belongings, news, key=lambda belonging: (belonging.key, belonging.theirs))


def due_at(profile: Profile) -> int | None:
    """When what identity has said is known at the latest: right after its time (epoch milliseconds)."""
    return time_of(bytes.fromhex(profile.belongings[0].key)) + 1 if profile.belongings else None


def settle(profile: Profile, upto: bytes, hasher: Hasher) -> list[Lost | SaleMoved]:
    """Let take effect what identity has said of before the bound `upto`.

    Returns the addresses that are lost by it, and which orders count from now on, or do not.
    """
    until = upto.hex()
    lost: list[Lost | SaleMoved] = []
    while profile.belongings and profile.belongings[0].key < until:
        news = profile.belongings.pop(0)
        if news.order:
            lost.append(SaleMoved(bytes.fromhex(news.key), news.id, news.theirs))
        elif news.theirs:
            if news.id in profile.strangers:
                profile.strangers.remove(news.id)
        elif _comes_back(profile, news):
            continue
        else:
            if news.id not in profile.strangers:
                profile.strangers.append(news.id)
            # Who was a stranger before may have come along with another profile that had typed it.
            at = time_of(bytes.fromhex(news.key))
            lost += [Lost(at, channel, value) for channel, value in _take_out(profile, news.id, hasher)]
    return lost


def settle_orders(profile: Profile, upto: bytes) -> list[SaleMoved]:
    """Let take effect what identity has said of orders before the merge key `upto`."""
    until = upto.hex()
    due = [news for news in profile.belongings if news.order and news.key < until]
    if due:
        profile.belongings = [news for news in profile.belongings if not (news.order and news.key < until)]
    return [SaleMoved(bytes.fromhex(news.key), news.id, news.theirs) for news in due]


def _comes_back(profile: Profile, news: Belonging) -> bool:
    """Whether the same link that refuses an identifier joins its owner as well: it was never away."""
    link = news.key[: 2 * KEY_SIZE]
    return any(later.id == news.id and later.theirs and later.key.startswith(link) for later in profile.belongings)


def absorb(winner: Profile, loser: Profile) -> None:
    """The newest addresses of both sides; what is nobody's of them still is a stranger."""
    for channel in [*winner.contacts, *(c for c in loser.contacts if c not in winner.contacts)]:
        _keep(winner, channel, [*_known(winner, channel), *_known(loser, channel)])
    winner.strangers.extend(id_ for id_ in loser.strangers if id_ not in winner.strangers)
    for news in loser.belongings:
        belongs(winner, news)
    winner.devices = {**loser.devices, **winner.devices}


def divide(profile: Profile, share: Profile, leaving: Leaving) -> None:
    """A contact point goes with its identifier, and an order that will count, with its order_id."""
    takes = leaving.takes
    for channel in list(profile.contacts):
        known = _known(profile, channel)
        _keep(share, channel, [point for point in known if takes(*_identifier(channel, point.value))])
        _keep(profile, channel, [point for point in known if not takes(*_identifier(channel, point.value))])
    share.strangers, share.devices = profile.strangers, profile.devices
    waiting = profile.belongings
    profile.belongings = [_on_side(news, counts=not leaving.has(news.id)) for news in waiting]
    share.belongings = [_on_side(news, counts=leaving.has(news.id)) for news in waiting]


def _on_side(news: Belonging, *, counts: bool) -> Belonging:
    """The same on a side of a split; of an order: `counts` there, or no more, whatever is said of before."""
    return news if counts or not (news.order and news.theirs) else replace(news, theirs=False)


def _identifier(channel: str, value: str) -> tuple[str, str]:
    """Type and value of the identifier that an address of a channel is."""
    if channel != MESSENGER:
        return TYPE_OF[channel], value
    type_, _, own = value.partition(":")
    return type_, own


def _is_given(event: Sealed, type_: str, value: str) -> bool:
    if event.name in FEEDBACK_EVENTS:
        return False
    if type_ in _OF_A_MACHINE:
        return event.channel in OWN_MACHINE
    if event.channel not in _PRESENT and event.type != "identify":
        return False
    properties = event.properties
    return not (
        ("email" in properties or "phone" in properties)
        and is_for_another(properties)
        and _of_properties(event, type_, value)
    )


def _of_properties(event: Sealed, type_: str, value: str) -> bool:
    """Whether an address stands in the properties, and not in the traits as well."""
    name = "email" if type_ == EMAIL else "phone"
    return not _is_same(event.traits.get(name), value) and event.properties.get(name) is not None


def _is_same(given: Any, value: str) -> bool:
    if type(given) is not str or not given.strip():
        return False
    if "@" in value:
        return given.strip().lower() == value
    digits = "".join(filter(str.isdigit, given))
    return len(digits) > 4 and value.endswith(digits.lstrip("0")[-9:])


def _known(profile: Profile, channel: str) -> list[Dated]:
    newest = profile.contacts.get(channel)
    return [] if newest is None else [newest, *profile.earlier.get(channel, ())]


def _seen(profile: Profile, channel: str, point: Dated) -> None:
    newest = profile.contacts.get(channel)
    if newest is None or (newest.value == point.value and channel not in profile.earlier):
        if newest is None or point.at >= newest.at:
            profile.contacts[channel] = point
        return
    _keep(profile, channel, [point, *_known(profile, channel)])


def _keep(profile: Profile, channel: str, points: list[Dated]) -> None:
    """The newest of these, each address once; of equal times the one that comes first."""
    left: dict[str, Dated] = {}
    for point in sorted(points, key=lambda point: -point.at):
        left.setdefault(point.value, point)
    profile.contacts.pop(channel, None)
    profile.earlier.pop(channel, None)
    if left:
        newest, *earlier = list(left.values())[:MOST_KNOWN]
        profile.contacts[channel] = newest
        if earlier:
            profile.earlier[channel] = earlier


def _take_out(profile: Profile, id_: str, hasher: Hasher) -> list[tuple[str, str]]:
    """Forget an address, or those on a device, that are somebody else's; returns (channel, address) of each."""
    gone: list[tuple[str, str]] = []
    for channel in list(profile.contacts):
        for point in _known(profile, channel):
            device = profile.devices.get(point.value) if channel in _ON_DEVICES else None
            if hasher(*_identifier(channel, point.value)) == id_ or (
                device is not None and hasher(DEVICE_ID, device) == id_
            ):
                gone.append((channel, point.value))
                profile.devices.pop(point.value, None)
    for channel, value in gone:
        _keep(profile, channel, [other for other in _known(profile, channel) if other.value != value])
    return gone
