"""Who an event is about: every identifier in it, normalised, strongest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any, Final, TypeAlias

from schemas import identifiers as ids
from schemas.caches import Memo
from schemas.decoding import Refused
from schemas.identifiers import Identifier
from schemas.reasons import DeadLetterReason
from schemas.values import Values, exact_text, text_of

MAX_TYPE: Final = 64
"""A longer type of an external id is none."""

Known: TypeAlias = tuple[Identifier, dict[str, str], tuple[int, str, str]]
"""An identifier, its form in an event's body, and what it is sorted by: made once and shared by all its events."""


class People:
    """Finds the identifiers of events, and remembers each text it has normalised.

    `users` and `anonymous` are indexed with text alone; `known` and `find` take any value.
    """

    __slots__ = ("_contacts", "_memos", "_plain", "_types", "anonymous", "users", "values")

    def __init__(self, region: str = "US", blocked: Iterable[str] = ()) -> None:
        """`region` reads phone numbers without a country code, `blocked` adds values that never identify anybody."""
        self.values = values = Values(region, blocked)
        self._memos = {type_: _memo(type_, values.plain) for type_ in ids.RANK}
        self._memos[ids.USER_ID] = _memo(ids.USER_ID, values.user)
        self._memos[ids.EMAIL] = _memo(ids.EMAIL, values.email)
        self._memos[ids.PHONE] = Memo(self._phone)
        self._memos[ids.ORDER_ID] = _memo(ids.ORDER_ID, lambda text: _number_of(values.plain(text)))
        self._contacts = tuple((type_, self._memos[type_]) for type_ in (ids.EMAIL, ids.PHONE))
        self._plain: Memo[str, str | None] = Memo(values.plain)
        self._types: Memo[str, str | None] = Memo(lambda text: _external_type(text_of(text)), limit=1_000)
        self.users = self._memos[ids.USER_ID]
        self.anonymous = self._memos[ids.ANONYMOUS_ID]

    def known(self, type_: str, value: Any) -> Known | None:
        """One value as an identifier of one of our types; None if it cannot identify anybody."""
        text = value if type(value) is str else exact_text(value)
        return None if text is None else self._memos[type_][text]

    def address(self, user: Known) -> Known | None:
        """The e-mail identifier that a user id is as well; None if it is no address."""
        value = user[0].value
        return self._memos[ids.EMAIL][value] if "@" in value else None

    def find(
        self, user: Any, anonymous: Any, device: Any, external: Any, sources: tuple[dict[str, Any], ...]
    ) -> list[Known]:
        """Every identifier of an event once, strongest first.

        `user` and `anonymous` are its `userId` and `anonymousId`, `device` and `external` the `device` and
        `externalIds` of its context, each as sent; `sources` are the objects that may hold e-mail and phone.
        """
        found: list[Known] = []
        one = self.users[user] if type(user) is str else self.known(ids.USER_ID, user)
        if one is not None:
            found.append(one)
            one = self.address(one)
        for type_, memo in self._contacts:
            start = len(found)
            if one is not None:
                # A user id that is an address.
                found.append(one)
            for source in sources:
                if type_ in source:
                    value = source[type_]
                    one = memo[value] if type(value) is str else self.known(type_, value)
                    if one is not None and one not in found:
                        found.append(one)
            if len(found) > start + 1:
                found[start:] = sorted(found[start:], key=_strength)
            one = None
        if type(device) is dict:
            for field, type_ in _DEVICE:
                value = device.get(field)
                if value is not None and (one := self.known(type_, value)) is not None:
                    found.append(one)
        one = self.anonymous[anonymous] if type(anonymous) is str else self.known(ids.ANONYMOUS_ID, anonymous)
        if one is not None:
            found.append(one)
        if type(external) is list:
            each = {one[0]: one for one in found}
            for one in map(self._external, external):
                if one is not None:
                    each[one[0]] = one
                    if one[0].type == ids.USER_ID and (other := self.address(one)) is not None:
                        each[other[0]] = other
            found = sorted(each.values(), key=_strength)
        return found

    def previous(self, value: Any, own: tuple[Identifier, ...]) -> tuple[Identifier, ...]:
        """What `previousId` of an alias stands for: the user_id and anonymous id of that value; none if it is `own`.

        An address is that e-mail identifier as well.
        """
        found, other = self.known(ids.USER_ID, value), self.known(ids.ANONYMOUS_ID, value)
        if found is None or other is None or found[0] in own:
            return ()
        email = self.address(found)
        return (found[0], other[0]) if email is None else (found[0], email[0], other[0])

    def typed(self, properties: dict[str, Any], given: tuple[Identifier, ...]) -> list[Known]:
        """The addresses that the `properties` of a track call hold, less those that are `given` on the event anyway."""
        found = []
        for type_, _ in self._contacts:
            if type_ in properties:
                one = self.known(type_, properties[type_])
                if one is not None and one[0] not in given:
                    found.append(one)
        return found

    def references(self, properties: dict[str, Any]) -> list[Known]:
        """What the `properties` of a purchase's event name it by: order, checkout and cart, in this order."""
        found = []
        for type_ in _REFERENCES:
            one = self.known(type_, properties.get(type_))
            if one is None and type_ == ids.ORDER_ID:
                one = self.known(type_, properties.get("orderId"))
            if one is not None:
                found.append(one)
        return found

    def nobody(self, channel: str) -> None:
        """An event is about nobody. Raises Refused (no_identifier), but not on the `channel` broadcast."""
        if channel != "broadcast":
            raise Refused(DeadLetterReason.NO_IDENTIFIER, "no value of the event can identify a customer")

    def _phone(self, text: str) -> Known | None:
        """A phone number; digits that are two numbers identify as themselves, and are none to write to."""
        value = self.values.number(text)
        if value is None:
            return None
        return _known(ids.PHONE if value[0] == "+" else ids.PHONE_DIGITS, value)

    def _external(self, entry: Any) -> Known | None:
        """One entry of `context.externalIds`. A type of ours is read as that type, any other under its own name."""
        if type(entry) is not dict:
            return None
        given = entry.get("type")
        type_ = self._types[given] if type(given) is str else _external_type(text_of(given))
        if type_ is None:
            return None
        if type_ in self._memos:
            return self.known(type_, entry.get("id"))
        text = entry.get("id")
        if type(text) is not str:
            text = exact_text(text)
        value = None if text is None else self._plain[text]
        return None if value is None or not 0 < len(type_) <= MAX_TYPE else _known(type_, value)


def _number_of(order: str | None) -> str | None:
    # Shops print their order numbers with a number sign.
    return None if order is None else order.removeprefix("#").strip() or None


def _external_type(text: str | None) -> str | None:
    # A colon parts type and value wherever an identifier is written as one text.
    return None if text is None else text.lower().replace(":", "_")


# A NamedTuple's own constructor is a Python function; this is what it calls.
_tuple: Any = tuple.__new__
_REFERENCES: Final = (ids.ORDER_ID, ids.CHECKOUT_ID, ids.CART_ID)
_DEVICE: Final = (("id", ids.DEVICE_ID), ("advertisingId", ids.ADVERTISING_ID), ("token", ids.PUSH_TOKEN))


def _known(type_: str, value: str) -> Known:
    rank = ids.RANK.get(type_, ids.EXTERNAL_RANK)
    return _tuple(Identifier, (type_, value)), {"type": type_, "value": value}, (rank, type_, value)


_strength: Final = itemgetter(2)


def _memo(type_: str, normalise: Callable[[str], str | None]) -> Memo[str, Known | None]:
    def compute(text: str) -> Known | None:
        value = normalise(text)
        return None if value is None else _known(type_, value)

    return Memo(compute)
