"""A shop one can walk into, as the stores file has it."""

from __future__ import annotations

from pydantic import Field

from streams.core.campaigns.values import Strict


class Store(Strict):
    """`latitude` and `longitude` in degrees; `billboards` are the ids of those nearby, the nearest first."""

    id: str = Field(min_length=1)
    name: str
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    address: str | None = None
    city: str | None = None
    url: str | None = None
    billboards: tuple[str, ...] = ()
