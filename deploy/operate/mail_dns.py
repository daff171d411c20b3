"""What DNS says of the sender of e-mail: SPF, DKIM and DMARC, as mailboxes will ask.

SPF (RFC 7208) is that of the envelope's domain, DKIM (RFC 6376) that of the key that signs, DMARC (RFC 7489) that of
the domain in From, which one of the two has to be aligned with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import dkim
import dns.exception
import dns.resolver

from deploy.errors import BadInputError, UnavailableError

if TYPE_CHECKING:
    from sinks.dispatch.mime import Sender

Texts = Callable[[str], list[str]]
"""The TXT records of a name, none if there is no such name. Raises UnavailableError."""
_PROBE: Final = b"From: nobody@localhost\r\n\r\n.\r\n"


def texts(wait: float) -> Texts:
    """Asks this machine's DNS, for `wait` seconds at most."""

    def ask(name: str) -> list[str]:
        try:
            answer = dns.resolver.resolve(name, "TXT", lifetime=wait)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as problem:
            raise UnavailableError(f"DNS does not say anything of {name}: {type(problem).__name__}") from None
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]

    return ask


def checked(sender: Sender, ask: Texts) -> str:
    """What is in order. Raises BadInputError with every fault and what to publish, UnavailableError without DNS."""
    envelope = (sender.bounces or sender.address).domain
    signed = sender.signer.domain if sender.signer is not None else None
    faults = [_spf(envelope, ask), _dkim(sender, ask), _dmarc(sender.domain, envelope, signed, ask)]
    if found := [fault for fault in faults if fault]:
        raise BadInputError("; ".join(found))
    return f"SPF of {envelope}, DKIM of {signed}, DMARC of {sender.domain}"


def _spf(domain: str, ask: Texts) -> str:
    count = sum(text.split(" ")[0].lower() == "v=spf1" for text in ask(domain))
    if count == 1:
        return ""
    what = "no SPF record" if not count else f"{count} SPF records, which counts as none"
    return f"{domain} has {what}: publish one TXT record `v=spf1 ... -all` that names your mail server"


def _dkim(sender: Sender, ask: Texts) -> str:
    signer = sender.signer
    if signer is None:
        return "mails have no DKIM signature: set WINBACK_DISPATCH_DKIM_KEY"

    def txt(name: bytes, timeout: float = 0) -> bytes | None:  # noqa: ARG001 - dkimpy gives it
        found = ask(name.decode().rstrip("."))
        return found[0].encode() if found else None

    try:
        good = dkim.verify(signer.signed(_PROBE), dnsfunc=txt)
    except dkim.DKIMException:
        good = False
    where = f"{signer.selector}._domainkey.{signer.domain}"
    return (
        "" if good else f"{where} does not have the public half of WINBACK_DISPATCH_DKIM_KEY: publish it there as TXT"
    )


def _dmarc(domain: str, envelope: str, signed: str | None, ask: Texts) -> str:
    parts = domain.split(".")
    # A subdomain without a record of its own has that of the domain above it.
    names = [f"_dmarc.{'.'.join(parts[at:])}" for at in range(max(1, len(parts) - 1))]
    if not any(text.lower().startswith("v=dmarc1") for name in names for text in ask(name)):
        return f"_dmarc.{domain} has no DMARC record: publish TXT `v=DMARC1; p=none; rua=mailto:...` to begin with"
    if not any(_aligned(domain, other) for other in (signed, envelope) if other):
        return f"neither DKIM nor the envelope's sender is of {domain}, so DMARC fails"
    return ""


def _aligned(domain: str, other: str) -> bool:
    """Relaxed alignment, as far as it can be told without a list of public suffixes: one is the other's parent."""
    domain, other = domain.lower(), other.lower()
    return domain == other or domain.endswith(f".{other}") or other.endswith(f".{domain}")
