"""Hosts that send nobody to a shop: customers come back from them, from a payment, a login or a bank's check."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from typing import Final

import orjson

from schemas.caches import Memo

_DATA: Final = orjson.loads(files("schemas").joinpath("no_referrers.json").read_bytes())
_HOSTS: Final = frozenset(host for group in _DATA["hosts"] for host in group["hosts"])
_LABELS: Final = frozenset(label for group in _DATA["labels"] for label in group["labels"])
_SECOND_LEVEL: Final = frozenset({"ac", "co", "com", "edu", "gob", "gov", "gv", "ne", "net", "nom", "or", "org"})
"""Labels under which countries register names: of `shop.co.uk` all three labels are the shop's."""


class NoReferrers:
    """The hosts that ship with Winback (no_referrers.json says where each is from), and those a shop adds.

    A host stands for all below it.
    """

    __slots__ = ("_known", "hosts", "labels")

    def __init__(self, more: Iterable[str] = ()) -> None:
        """`more` hosts, as WINBACK_NO_REFERRERS names them: `pay.example`, `*.pay.example`, or a URL's host."""
        added = (host.strip().lower().removeprefix("*.").removeprefix("www.").strip(".") for host in more)
        self.hosts: frozenset[str] = _HOSTS | {host for host in added if host}
        self.labels: frozenset[str] = _LABELS
        self._known: Memo[str, bool] = Memo(self._listed, limit=4096)

    def knows(self, host: str, own: str) -> bool:
        """Whether a visit from `host` to a page of the host `own` is no referral (both in lower case, without www)."""
        return self._known[host] or (bool(own) and site_of(host) == site_of(own))

    def _listed(self, host: str) -> bool:
        labels = host.split(".")
        if any(label in self.labels for label in labels[:-2]):
            return True
        return any(".".join(labels[nth:]) in self.hosts for nth in range(len(labels)))


def site_of(host: str) -> str:
    """The part of a `host` that is registered: `shop.de` of `checkout.shop.de`, `shop.co.uk` of `www.shop.co.uk`."""
    labels = host.split(".")
    size = 3 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL else 2
    return ".".join(labels[-size:])
