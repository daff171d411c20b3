"""The people who shop: customers, their devices and their group, one person or a family round a tablet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deploy.shop.catalogue import Product
from deploy.shop.truth_walk import Walk
from deploy.shop.world import Region
from schemas.identifiers import Identifier


@dataclass(slots=True, eq=False)
class Group:
    """Customers whose events may fall into one profile. Their acts are laid out one after another on one clock.

    Two acts of a group never share a millisecond, so that the truth needs no tie-break by topic and offset.
    """

    no: int
    clock: int = 0
    members: list[Customer] = field(default_factory=list)
    tablet: Device | None = None
    walk: Walk | None = None
    """Follows what the group published; None when no truth is asked for."""

    def tick(self, at: int) -> int:
        """The next free moment of the group at or after `at`, in epoch milliseconds."""
        self.clock = at if at > self.clock else self.clock + 1
        return self.clock

    def tick_second(self, at: int) -> int:
        """The next free whole second at or after `at`, in epoch milliseconds: for producers without fractions."""
        self.clock = max(-(-at // 1000), self.clock // 1000 + 1) * 1000
        return self.clock


@dataclass(slots=True, eq=False)
class Device:
    """A browser, an app or a family tablet. What is None is not there (a browser has no push token)."""

    kind: str
    sdk: str
    anonymous_id: str
    context: dict[str, Any]
    account: str = ""
    """The user id its owner logs in with here; empty: no account."""
    email: str = ""
    """The e-mail address its owner gives here."""
    device_id: str | None = None
    advertising_id: str | None = None
    token: str | None = None
    ga_client_id: str | None = None
    login_after: int = -1
    """Visits before the first login here; -1: never logs in."""
    user: str = ""
    """Who is logged in now."""
    visits: int = 0
    resets: int = 0
    """How often its anonymous id was thrown away."""
    rotations: int = 0
    """How often its push token was replaced."""
    cart: dict[Product, int] = field(default_factory=dict)
    skew: int = 0
    """Milliseconds its clock is ahead; its SDK says what it needs to correct that."""
    fast: bool = False
    """Its clock is hours ahead and nothing tells: its events are clamped to their arrival."""
    aliases: bool = False
    """Its SDK sends an alias call at the first login."""
    blank: Any = None
    """What its SDK sends as userId while nobody is logged in: nothing (None), or an empty or made-up word."""

    @property
    def shared(self) -> bool:
        """Whether several people use it."""
        return self.kind == "tablet"


@dataclass(slots=True, eq=False)
class Customer:
    """One person, with everything that identifies them; an empty string means there is none."""

    id: str
    group: Group
    region: Region
    zone: str
    name: tuple[str, str]
    email: str
    phone: str
    user_id: str
    rate: float
    """Visits a day."""
    email2: str = ""
    old_user_id: str = ""
    """A second account, in use until it is merged into the first one by an alias call."""
    card: str = ""
    card_told: bool = False
    """Whether the card is on file in the account: logins then say so."""
    handle: str = ""
    handle_told: bool = False
    buyer: str = ""
    chat: str = ""
    company: str = ""
    """The company it buys for, told by a group call."""
    devices: list[Device] = field(default_factory=list)
    cart: dict[Product, int] = field(default_factory=dict)
    """The cart kept with the account, the same on every device that is logged in."""
    subscribed: dict[str, bool] = field(default_factory=dict)
    prices: dict[Product, int] = field(default_factory=dict)
    """Price version of each product when this customer last looked at it."""
    published: dict[Identifier, None] = field(default_factory=dict)

    def cart_on(self, device: Device) -> dict[Product, int]:
        """The shop's cart as this device shows it."""
        return self.cart if device.user else device.cart
