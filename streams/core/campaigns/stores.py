"""Stores: where they are, and which one is nearest."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from math import asin, cos, radians, sin, sqrt
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

EARTH_RADIUS_M: Final = 6_371_008.8
"""Mean radius of the earth in metres (IUGG)."""
_METRES_PER_DEGREE: Final = radians(1) * EARTH_RADIUS_M

Name = Annotated[str, Field(min_length=1)]


class Store(BaseModel):
    """One entry of the stores file. Degrees north and east; `billboards` are the ids of screens near it."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    id: Name
    name: Name
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    address: str | None = None
    city: str | None = None
    url: str | None = None
    billboards: tuple[str, ...] = ()


class Stores:
    """All stores, in the order of the file. Raises ValueError when two have one id."""

    def __init__(self, stores: Iterable[Store] = ()) -> None:
        self.all = tuple(stores)
        self.by_id = {store.id: store for store in self.all}
        if len(self.by_id) < len(self.all):
            seen = [store.id for store in self.all]
            raise ValueError(f"two stores have the id {next(i for i in seen if seen.count(i) > 1)!r}")
        self._by_latitude = sorted(enumerate(self.all), key=lambda entry: entry[1].latitude)
        self._latitudes = [store.latitude for _, store in self._by_latitude]

    def nearest(self, latitude: float, longitude: float) -> tuple[Store, float] | None:
        """The store nearest to a point and how far it is in metres; None if there is no store.

        `latitude` and `longitude` are degrees. Of equally near stores it is the first of the file. The search goes
        north and south from the point's own latitude until a degree alone is farther than the nearest store so far.
        """
        best: tuple[float, int] | None = None
        last = len(self._latitudes)
        north = bisect_left(self._latitudes, latitude)
        south = north - 1
        while True:
            up = self._latitudes[north] - latitude if north < last else None
            down = latitude - self._latitudes[south] if south >= 0 else None
            if up is None and down is None:
                break
            if down is None or (up is not None and up <= down):
                degrees, (place, store) = up or 0.0, self._by_latitude[north]
                north += 1
            else:
                degrees, (place, store) = down, self._by_latitude[south]
                south -= 1
            # A millimetre more, so that rounding never decides between two that are equally far.
            if best is not None and degrees * _METRES_PER_DEGREE > best[0] + 0.001:
                break
            found = (distance(latitude, longitude, store.latitude, store.longitude), place)
            best = found if best is None else min(best, found)
        return None if best is None else (self.all[best[1]], best[0])


def distance(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The metres between two points on a globe: haversine (Sinnott, Sky and Telescope 68, 1984).

    `latitude` and `longitude` are the first point in degrees, `other_latitude` and `other_longitude` the second.
    """
    here, there = radians(latitude), radians(other_latitude)
    high, wide = sin((there - here) / 2), sin(radians(other_longitude - longitude) / 2)
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(high * high + cos(here) * cos(there) * wide * wide)))
