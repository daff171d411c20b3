"""The TLS files that the settings name: there, readable, and not expired."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deploy.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.settings import Settings

SOON: Final = 14 * 86_400
"""Seconds before its end at which a certificate is told of."""


def files(settings: Settings, now: float) -> str:
    """What to say when all is well at `now` (epoch seconds). Raises BadInputError naming the variable of each fault."""
    if "SSL" not in settings.security_protocol:
        return f"not used: WINBACK_SECURITY_PROTOCOL is {settings.security_protocol}"
    named = {
        "WINBACK_SSL_CAFILE": settings.ssl_cafile,
        "WINBACK_SSL_CERTFILE": settings.ssl_certfile,
        "WINBACK_SSL_KEYFILE": settings.ssl_keyfile,
    }
    faults = [fault for name, path in named.items() if path is not None and (fault := _fault(name, path, now))]
    if not faults:
        try:
            settings.ssl_context()
        except (OSError, ValueError) as problem:
            faults.append(f"they do not fit together ({problem}): see WINBACK_SSL_KEYFILE and WINBACK_SSL_PASSWORD")
    if faults:
        raise BadInputError("; ".join(faults))
    return ", ".join(str(path) for path in named.values() if path) or "the system's own authorities"


def _fault(name: str, path: Path, now: float) -> str | None:
    try:
        path.read_bytes()
    except OSError as problem:
        return f"{name}={path} cannot be read ({problem.strerror}): set it to the file that is there"
    if name == "WINBACK_SSL_KEYFILE":
        return None
    try:
        ends = max(_ends(path, authorities=name == "WINBACK_SSL_CAFILE"), default=None)
    except (OSError, ValueError):
        ends = None
    if ends is None:
        return f"{name}={path} holds no certificate in PEM"
    if ends <= now:
        return f"{name}={path} has expired: renew it, then restart what uses it"
    if ends - now < SOON:
        return f"{name}={path} expires in {int((ends - now) // 86_400)} days: renew it, then restart what uses it"
    return None


def _ends(path: Path, *, authorities: bool) -> Iterator[int]:
    """When certificates of a file end, in epoch seconds; of authorities all, else the first in it."""
    found: list[Any]
    if authorities:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(str(path))
        found = [*context.get_ca_certs()]
    else:
        found = []
    # The standard library reads a certificate that is no authority's by this function alone.
    found = found or [ssl._ssl._test_decode_cert(str(path))]  # type: ignore[attr-defined]  # noqa: SLF001
    for one in found:
        yield int(ssl.cert_time_to_seconds(one["notAfter"]))
