"""Reads TYPE:VALUE as a person types it: the identifier that the pipeline knows, and its keyed hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from deploy.errors import BadInputError

if TYPE_CHECKING:
    from schemas.identifiers import Identifier
    from schemas.settings import Settings

FORM: Final = "TYPE:VALUE is needed, such as email:anna@example.com"


class HashedIdentifier(NamedTuple):
    """An identifier as normalised, and the hash that stands for it outside events (32 hex digits)."""

    type: str
    value: str
    hash: str

    @property
    def shown(self) -> str:
        """The identifier as it may stand in a message: the type alone."""
        return f"{self.type}:***"


def parse(text: str, settings: Settings) -> HashedIdentifier:
    """The identifier in `text`, `TYPE:VALUE`, normalised as in events. Raises BadInputError, which hides the value."""
    from schemas.identifiers import Hasher
    from schemas.people import MAX_TYPE

    type_, colon, value = text.partition(":")
    type_ = type_.strip().lower()
    if not colon:
        raise BadInputError(f"there is no colon: {FORM}")
    if not 0 < len(type_) <= MAX_TYPE or any(c.isspace() or not c.isprintable() for c in type_):
        raise BadInputError(f"before the colon there is no type of an identifier: {FORM}")
    normal = _normal(type_, value, settings)
    if normal is None:
        raise BadInputError(f"{type_}:*** identifies nobody: the value is empty, malformed or blocked")
    return HashedIdentifier(*normal, Hasher(settings.secret.get_secret_value())(*normal))


def unknown(identifier: HashedIdentifier) -> str:
    """The message for an identifier that nobody has: without the value, as the line ends up in logs."""
    hint = f" (is {likely} meant?)" if (likely := meant(identifier.type)) else ""
    return f"nothing is known of {identifier.shown}{hint}"


def meant(type_: str) -> str | None:
    """The known type that an unknown `type_` looks like, as user_id for `userId`; None without one, or when known."""
    from schemas.identifiers import RANK

    if type_ in RANK:
        return None
    plain = {known.replace("_", ""): known for known in RANK}
    return plain.get(type_.replace("_", "").replace("-", ""))


def _normal(type_: str, value: str, settings: Settings) -> Identifier | None:
    from schemas.identifiers import RANK, Identifier
    from schemas.people import People

    try:
        people = People(settings.phone_region, settings.blocked_values())
    except ValueError as problem:
        raise BadInputError(f"WINBACK_PHONE_REGION: {problem}") from None
    if type_ not in RANK:
        plain = people.values.plain(value)
        return None if plain is None else Identifier(type_, plain)
    known = people.known(type_, value)
    return None if known is None else known[0]
