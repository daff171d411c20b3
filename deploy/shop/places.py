"""Where apps are: near one of the stores of their country, as far as they tell."""

from __future__ import annotations

from typing import Any

from deploy.shop.people import Device
from deploy.shop.world import STORES_OF


def whereabouts(device: Device, country: str) -> dict[str, Any] | None:
    """`context.location` of an app in a country (two letters), the same at each visit; None for the half that hide it.

    The nearest store is up to about 12 km away: some people live round the corner of one.
    """
    told, stores = device.device_id, STORES_OF[country]
    if told is None or not stores or told[0] not in "01234567":
        return None
    store = stores[int(told[1], 16) % len(stores)]
    return {
        "latitude": round(store.latitude + _off(told[2:4]), 5),
        "longitude": round(store.longitude + _off(told[4:6]), 5),
        "city": store.city,
        "country": country,
    }


def _off(digits: str) -> float:
    """Two hex digits as degrees between -0.08 and 0.08, most of them small."""
    return ((int(digits, 16) - 127.5) / 127.5) ** 3 * 0.08
