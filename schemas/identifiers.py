"""Identifiers: their types, strength and limits, and the keyed hash that stands for them outside the event itself."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, NamedTuple

from mypy_extensions import mypyc_attr

from schemas.caches import Memo

USER_ID: Final = "user_id"
EMAIL: Final = "email"
PHONE: Final = "phone"
PHONE_DIGITS: Final = "phone_digits"
"""Digits that are two valid phone numbers: the same digits are the same person, and nobody can write to them."""
DEVICE_ID: Final = "device_id"
ADVERTISING_ID: Final = "advertising_id"
PUSH_TOKEN: Final = "push_token"  # noqa: S105 - a type's name
ANONYMOUS_ID: Final = "anonymous_id"
ORDER_ID: Final = "order_id"
CHECKOUT_ID: Final = "checkout_id"
CART_ID: Final = "cart_id"

RANK: Final = {
    USER_ID: 0, EMAIL: 1, PHONE: 2,
    # 3: every external id type (loyalty cards, ga_client_id, ...)
    DEVICE_ID: 4, ADVERTISING_ID: 5, PUSH_TOKEN: 6, ANONYMOUS_ID: 7, ORDER_ID: 8, CHECKOUT_ID: 9,
    CART_ID: 10,
}  # fmt: skip
"""Strength by type, 0 the strongest (docs/contract.md section 1)."""
EXTERNAL_RANK: Final = 3
DEVICE_LIKE: Final = frozenset({ANONYMOUS_ID, DEVICE_ID, ADVERTISING_ID, PUSH_TOKEN})
"""Identifiers of a thing: they may move to the next person who logs in."""
REFERENCES: Final = frozenset({ORDER_ID, CHECKOUT_ID, CART_ID})
"""Identifiers of a purchase. All that are neither these nor device-like are of a person."""
NO_PERSON: Final = DEVICE_LIKE | REFERENCES
STAFFED_CHANNELS: Final = frozenset({"store", "callcenter"})
"""Channels whose machine is a till or an agent's: it is in no customer's hands."""
OF_MACHINES: Final = DEVICE_LIKE | {
    "ga_client_id", "_ga", "ga_session_id", "session_id", "sessionid", "fbp", "_fbp", "fbc", "_fbc", "ttp", "_ttp",
    "gclid", "fbclid", "msclkid", "ttclid", "visitor_id", "visitorid", "cookie_id", "cookieid", "browser_id",
    "app_instance_id", "firebase_instance_id", "amplitude_device_id", "mixpanel_device_id", "idfa", "idfv", "gaid",
    "aaid", "android_id",
}  # fmt: skip
"""With external ids of a browser or of an app on a device: on those channels they are no customer's either."""
CONTACT_TYPES: Final = frozenset({EMAIL, PHONE, PUSH_TOKEN, ADVERTISING_ID})
"""Identifiers that are addresses: a customer can be written to there."""
MESSENGERS: Final = frozenset({
    "whatsapp", "whatsapp_id", "wa_id", "viber", "viber_id", "telegram", "telegram_id", "telegram_chat_id",
    "telegram_user_id", "messenger", "messenger_id", "facebook_messenger", "messenger_psid", "psid", "line", "line_id",
    "wechat", "wechat_id", "wechat_openid", "signal", "signal_id",
})  # fmt: skip
"""Types of external ids that are somebody's address on a messenger."""
BEARING_TYPES: Final = CONTACT_TYPES | MESSENGERS | {DEVICE_ID}
"""Addresses, and what a push token and an advertising id are on."""
TYPE_LIMITS: Final = {EMAIL: 5, PHONE: 5, ANONYMOUS_ID: 50}
DEFAULT_TYPE_LIMIT: Final = 20
PROFILE_LIMIT: Final = 200


class Identifier(NamedTuple):
    """One identifier as normalised: e-mail in lower case, phone as E.164, anything else trimmed."""

    type: str
    value: str

    @property
    def rank(self) -> int:
        """Strength of its type, 0 the strongest."""
        return RANK.get(self.type, EXTERNAL_RANK)


def strongest_first(identifiers: list[Identifier]) -> list[Identifier]:
    """Sorted by strength, then type, then value; repeats dropped."""
    return sorted(set(identifiers), key=lambda i: (i.rank, i.type, i.value))


def without_devices(identifiers: tuple[Identifier, ...]) -> tuple[Identifier, ...]:
    """The `identifiers` of an event that was recorded on a till's or an agent's machine, less the machine's own.

    Where there is no identifier of a person, all of them stay (contract 1).
    """
    if all(one[0] in OF_MACHINES or one[0] in REFERENCES for one in identifiers):
        return identifiers
    return tuple(one for one in identifiers if one[0] not in OF_MACHINES)


@mypyc_attr(allow_interpreted_subclasses=True)
class Hasher:
    """`hasher(type, value)` -> 32 hex digits: keyed by WINBACK_SECRET, so that a hash cannot be looked up by guessing.

    The hash of an identifier that was never linked is also its profile id. `secret` is that of the settings; the hashes
    of as many identifiers as `remember` says are kept, for those that come again.
    """

    def __init__(self, secret: str, *, remember: int = 200_000) -> None:
        self._key = blake2b(secret.encode(), digest_size=32, person=b"winback-id").digest()
        self.of: Memo[tuple[str, str], str] = Memo(self._hash, limit=remember)
        """The same by `hasher.of[identifier]`, without a call."""

    def __call__(self, type_: str, value: str) -> str:
        """The keyed hash of one identifier."""
        return self.of[type_, value]

    def _hash(self, pair: tuple[str, str]) -> str:
        type_, value = pair
        return blake2b(f"{type_}:{value}".encode(), digest_size=16, key=self._key).hexdigest()
