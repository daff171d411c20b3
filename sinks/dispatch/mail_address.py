"""Addresses of e-mail as a server takes them: the domain by IDNA 2008, the local part as it is."""

from __future__ import annotations

import re
from email.errors import MessageError
from email.headerregistry import Address
from typing import Final, NamedTuple

import idna

LONGEST_LOCAL: Final = 64
LONGEST_DOMAIN: Final = 253
LONGEST_LABEL: Final = 63
"""Octets, by RFC 5321 (4.5.3.1) and RFC 1035 (2.3.4)."""
_DOT_ATOM: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+)*"
)
"""RFC 5321 (4.1.2), with the letters of RFC 6531."""


class InvalidError(Exception):
    """What cannot be an e-mail, or the address of one; says why, never to whom."""


class MailAddress(NamedTuple):
    """An address in parts: the local part as text, the domain in its ASCII form."""

    local: str
    domain: str

    @property
    def needs_utf8(self) -> bool:
        """Whether only a server with SMTPUTF8 (RFC 6531) takes it: the local part is not ASCII."""
        return not self.local.isascii()

    @property
    def header(self) -> Address:
        """As it stands in a header, without a name."""
        return Address(username=self.local, domain=self.domain)

    def __str__(self) -> str:
        """As it stands in MAIL and RCPT: a local part that is no dot-atom (two dots in a row, say) is quoted."""
        local = self.local if _DOT_ATOM.fullmatch(self.local) else f'"{self.local}"'
        return f"{local}@{self.domain}"


def read(written: str) -> MailAddress:
    """The address as it is `written` on a message or in a setting. Raises InvalidError.

    A domain that is not ASCII is read by IDNA 2008 with the mapping of UTS 46, so that capitals and full-width dots
    are what they look like.
    """
    text = written.strip()
    local, _, domain = text.rpartition("@")
    if not (local and domain and text.isprintable()) or any(c in text for c in ' <>,;"\\') or "@" in local:
        raise InvalidError("no e-mail address")
    found = MailAddress(local, _domain(domain))
    if len(local.encode()) > LONGEST_LOCAL or len(found.domain) > LONGEST_DOMAIN:
        raise InvalidError("a longer address than there can be")
    try:
        str(found.header)
    except (ValueError, IndexError, MessageError):
        raise InvalidError("no e-mail address") from None
    return found


def _domain(written: str) -> str:
    if written.isascii():
        # Names with an underscore are no host names, but there is mail for them.
        if all(0 < len(label) <= LONGEST_LABEL for label in written.split(".")):
            return written
        raise InvalidError("no such domain")
    try:
        return idna.encode(written, uts46=True, std3_rules=True).decode()
    except (idna.IDNAError, UnicodeError):
        raise InvalidError("no such domain") from None
