"""Requests that web pages make: a browser lets any page send some to a server of this machine or network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from infra.addresses import is_loopback

if TYPE_CHECKING:
    from aiohttp import web

OWN_SITE: Final = frozenset({"same-origin", "none"})
"""`none`: a person typed the address, or opened a bookmark."""
SCHEMES: Final = frozenset({"http", "https"})


def is_strange(request: web.Request, *, local: bool) -> bool:
    """Whether a web page of another site sends it, or one that made its own name lead to this machine.

    A browser lets any page send a GET, as for a picture, without Origin: there Sec-Fetch-Site tells
    (https://www.w3.org/TR/fetch-metadata/). `local`: on loopback, where only names of this machine lead here.
    """
    headers = request.headers
    if headers.get("Sec-Fetch-Site", "none") not in OWN_SITE:
        return True
    try:
        host = urlsplit(f"//{request.host}").hostname or ""
        origin = urlsplit(headers["Origin"]) if "Origin" in headers else None
    except ValueError:
        return True
    if origin is not None and (origin.scheme not in SCHEMES or origin.netloc != request.host):
        return True
    return local and not is_loopback(host)
