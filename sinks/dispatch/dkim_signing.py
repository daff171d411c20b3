"""DKIM (RFC 6376): a signature over a mail's headers and text, by the key whose public half is in the domain's DNS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import dkim

SIGNED: Final = (
    "from", "from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type",
    "content-transfer-encoding", "feedback-id", "list-unsubscribe", "list-unsubscribe-post",
)  # fmt: skip
"""Signed whether there or not, so that none can be added on the way; From once more than it is there. RFC 8058 (4)
wants both List-Unsubscribe headers signed, else mailboxes show no button."""


@dataclass(frozen=True)
class Signer:
    """Signs for a domain under a selector: the public key is the TXT record `selector._domainkey.domain`."""

    selector: str
    domain: str
    key: bytes

    def __repr__(self) -> str:
        """Without the key."""
        return f"Signer({self.selector}._domainkey.{self.domain})"

    @classmethod
    def of(cls, path: Path, selector: str, domain: str) -> Signer:
        """The signer with the RSA key in the PEM file at `path`; `domain` in its ASCII form.

        Raises ValueError with what to do when the file holds no such key, OSError when it cannot be read.
        """
        if not selector.isascii() or not all(part.replace("-", "").isalnum() for part in selector.split(".")):
            raise ValueError("WINBACK_DISPATCH_DKIM_SELECTOR: the name before ._domainkey in DNS, such as winback1")
        signer = cls(selector, domain, path.read_bytes())
        try:
            signer.signed(b"From: nobody@localhost\r\n\r\n.\r\n")
        except dkim.DKIMException:
            raise ValueError(
                "WINBACK_DISPATCH_DKIM_KEY: no RSA private key in PEM; make one with `openssl genrsa -out FILE 2048`"
            ) from None
        return signer

    def signed(self, mail: bytes) -> bytes:
        """The mail, CRLF at the ends of its lines, with its DKIM-Signature in front."""
        made: bytes = dkim.sign(
            mail, self.selector.encode(), self.domain.encode(), self.key,
            canonicalize=(b"relaxed", b"relaxed"), include_headers=list(SIGNED),
        )  # fmt: skip
        return made + mail
