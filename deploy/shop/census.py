"""Makes the customers: who has which devices, accounts, cards and addresses, and who shares a tablet with whom."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from random import Random
from typing import Any, Final

from deploy.shop.people import Customer, Device, Group
from deploy.shop.world import BROWSERS, FIRST_NAMES, LAST_NAMES, PHONES, REGION_WEIGHTS, REGIONS, TABLET, Region

BROWSER_SDKS: Final = ("segment", "segment", "segment", "rudder", "rudder_direct")
APP_SDKS: Final = ("segment", "rudder", "rudder", "rudder_direct")
BLANKS: Final = (None, None, None, "", "null", "anonymous", "  ", "guest", "undefined")
LOGINS: Final = (0, 1, 1, 2, 3, -1, -1)
LEAST_SKEW: Final = 10 * 60_000
"""A wrong clock is off by more than this, in milliseconds."""
RATES: Final = (2.2, 1.0, 1.0, 0.6, 0.6, 0.25, 0.25, 0.1)


class Census:
    """Draws customers one after another from `rng`."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._size = 0

    def settle(self, customers: int) -> list[Group]:
        """Groups with `customers` people in them altogether."""
        rng = self._rng
        groups: list[Group] = []
        while self._size < customers:
            group = Group(len(groups))
            people = 1
            if rng.random() < 0.06:
                people = min(2 + int(rng.random() * 3), customers - self._size)
            region = rng.choices(REGIONS, REGION_WEIGHTS)[0]
            zone = region.zones[int(rng.random() * len(region.zones))]
            group.members = [self._customer(group, region, zone, family=people > 1) for _ in range(people)]
            if people > 1:
                group.tablet = self._tablet(region, zone)
            groups.append(group)
        return groups

    def _customer(self, group: Group, region: Region, zone: str, *, family: bool) -> Customer:
        rng, no = self._rng, self._size
        self._size += 1
        r = rng.random
        first, last = FIRST_NAMES[int(r() * len(FIRST_NAMES))], LAST_NAMES[int(r() * len(LAST_NAMES))]
        account = family or r() < 0.75
        # The odd one counts its customers with plain numbers, and sends them as numbers.
        user_id = "" if not account else str(700_000 + no) if r() < 0.15 else f"u-{100_000 + no}"
        customer = Customer(
            id=f"c{no:06d}",
            group=group,
            region=region,
            zone=zone,
            name=(first, last),
            email=f"{_plain(first)}.{_plain(last)}.{no}@example.{('com', 'org', 'net')[no % 3]}",
            phone=_phone(region, no) if r() < 0.7 else "",
            user_id=user_id,
            rate=RATES[int(r() * len(RATES))],
        )
        if r() < 0.25:
            customer.email2 = f"{_plain(last)}{no}@mail.example"
        if customer.email2 and account and not family and r() < 0.15:
            customer.old_user_id = f"old-{no}"
        if account and r() < 0.04:
            customer.company = f"co-{no % 50}"
        if r() < 0.35:
            customer.card, customer.card_told = f"60{no:08d}", account and r() < 0.6
        if r() < 0.2:
            customer.handle, customer.handle_told = f"@{_plain(first)}_{no}", account and r() < 0.4
        if r() < 0.08:
            customer.buyer = f"mp-{no}"
        if r() < 0.06:
            customer.chat = f"psid-{no}"
        customer.subscribed = {"email": r() < 0.6, "sms": bool(customer.phone) and r() < 0.3, "push": r() < 0.5}
        customer.devices = [self._device(customer, n) for n in range(1 + int(r() * r() * 4))]
        return customer

    def _device(self, customer: Customer, n: int) -> Device:
        r = self._rng.random
        old = bool(customer.old_user_id) and n == 0
        app = not old and r() < (0.6 if n else 0.15)
        sdks = APP_SDKS if app else BROWSER_SDKS
        device = Device(
            kind="app" if app else "browser",
            sdk=sdks[int(r() * len(sdks))],
            anonymous_id=self.uuid(),
            context=_app_context(self._rng, customer)
            if app
            else _web_context(self._rng, customer.region, customer.zone),
            account=customer.old_user_id if old else customer.user_id,
            email=customer.email2 if old else customer.email,
            login_after=LOGINS[int(r() * len(LOGINS))],
            aliases=r() < 0.12,
            blank=BLANKS[int(r() * len(BLANKS))],
        )
        if app:
            device.device_id, device.advertising_id = self.uuid().upper(), self.uuid()
            device.token = self.token()
        elif r() < 0.3:
            device.ga_client_id = f"GA1.2.{int(r() * 1e9)}.{int(r() * 1e9)}"
        if device.sdk.startswith("rudder"):
            if r() < 0.08:
                skew = int((r() - 0.5) * 16 * 3_600_000)
                # Less than five minutes is not taken for a wrong clock.
                device.skew = skew + (LEAST_SKEW if skew >= 0 else -LEAST_SKEW)
        elif r() < 0.01:
            device.sdk, device.fast = "segment_fast", True
        return device

    def _tablet(self, region: Region, zone: str) -> Device:
        return Device("tablet", "segment", self.uuid(), _web_context(self._rng, region, zone, TABLET))

    def token(self) -> str:
        """A new push token."""
        return f"{self._rng.getrandbits(256):064x}"

    def uuid(self) -> str:
        """A new UUID: the anonymous or device id of something."""
        h = f"{self._rng.getrandbits(128):032x}"
        return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


@lru_cache(maxsize=256)
def _plain(name: str) -> str:
    """A name as it stands in an e-mail address."""
    text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "".join(c for c in text.lower() if c.isalpha())


def _phone(region: Region, no: int) -> str:
    """A valid mobile number in E.164, its own for each of a region's first million customers."""
    return f"{region.phone}{no * 7919 % 10**6:0{region.digits}d}"


def _web_context(rng: Random, region: Region, zone: str, agent: str = "") -> dict[str, Any]:
    return {
        "userAgent": agent or BROWSERS[int(rng.random() * len(BROWSERS))],
        "locale": region.locale,
        "timezone": zone,
        "ip": f"203.0.113.{int(rng.random() * 256)}",
        "library": {"name": "analytics.js", "version": "next-1.84.3"},
    }


def _app_context(rng: Random, customer: Customer) -> dict[str, Any]:
    system, maker, model, version = PHONES[int(rng.random() * len(PHONES))]
    return {
        "app": {"name": "Shop", "version": "7.3.1", "build": "731"},
        "device": {"manufacturer": maker, "model": model, "type": system},
        "os": {"name": system, "version": version},
        "locale": customer.region.locale,
        "timezone": customer.zone,
        "network": {"wifi": rng.random() < 0.6, "cellular": True},
        "library": {"name": "analytics-ios" if system == "ios" else "analytics-android", "version": "4.1.8"},
    }
