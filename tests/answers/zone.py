"""The shop's time zone, whose days and hours the answers have: UTC, but within `in_zone`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from zoneinfo import ZoneInfo

_ZONE: ContextVar[ZoneInfo] = ContextVar("zone", default=ZoneInfo("UTC"))  # noqa: B039 - never changes


@contextmanager
def in_zone(name: str) -> Iterator[None]:
    """The shop is in this zone, a name of the IANA list, until the end."""
    token = _ZONE.set(ZoneInfo(name))
    try:
        yield
    finally:
        _ZONE.reset(token)


def shop_zone() -> ZoneInfo:
    """The zone."""
    return _ZONE.get()


def local(text: str) -> datetime:
    """A time as it stands on a topic, by the clock on the shop's wall."""
    return datetime.fromisoformat(text).astimezone(shop_zone())


def shop_day(text: str) -> date:
    """Its day where the shop is."""
    return local(text).date()
