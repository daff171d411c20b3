"""Members of advertising audiences: how an address is written before it is hashed, and the keys of their records.

Ad platforms compare SHA-256 hashes of addresses, and each hashes its own spelling of them, so the spelling is named.
"""

from __future__ import annotations

from typing import Final, NamedTuple

IDENTIFIERS: Final = ("email", "email_gmail", "email_untagged", "phone", "phone_digits")
"""The spellings that can be hashed."""
_GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})


class MemberKey(NamedTuple):
    """What the key of a record says: whose hash it is, and for which audience of which webhook."""

    profile_id: str
    webhook: str
    identifier: str
    sha256: str
    audience: str


def normalised(identifier: str, address: str) -> str:
    """An `address` as it is hashed for an `identifier`, one of IDENTIFIERS.

    `email`: without blanks around it and in lower case (Meta: "Customer File Custom Audiences"). `email_gmail`: of
    gmail.com and googlemail.com without dots and without what follows a plus before the @, others as they are (Google:
    Data Manager API, "Format user data"). `email_untagged`: without what follows a plus, whatever the domain (TikTok:
    "List of supported IDs and formats for a customer file"). `phone`: E.164 (Google). `phone_digits`: E.164 without
    the plus (Meta, TikTok, Criteo).
    """
    plain = address.strip().lower()
    if identifier == "phone_digits":
        return plain.removeprefix("+")
    if identifier not in ("email_gmail", "email_untagged"):
        return plain
    local, at, domain = plain.rpartition("@")
    gmail = domain in _GMAIL
    if identifier == "email_untagged" or gmail:
        local = local.partition("+")[0] or local
    if identifier == "email_gmail" and gmail:
        local = local.replace(".", "") or local
    return f"{local}{at}{domain}"


def member_key(profile_id: str, webhook: str, identifier: str, sha256: str, audience: str) -> str:
    """The key of the record that puts one hash, `sha256`, of a profile, `profile_id`, into an `audience`.

    `webhook` is the one that is told, `identifier` one of IDENTIFIERS.
    """
    return f"{profile_id}/{webhook}/{identifier}/{sha256}/{audience}"


def read_key(key: bytes | None) -> MemberKey | None:
    """What the `key` of a record says; None for one that is no such key."""
    parts = (key or b"").decode(errors="replace").split("/", 4)
    return MemberKey(*parts) if len(parts) == len(MemberKey._fields) and all(parts) else None
