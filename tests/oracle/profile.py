"""Everything remembered of one customer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import blake2b

from tests.oracle.bought import Bought
from tests.oracle.campaigns import Campaign, Campaigns, Step
from tests.oracle.cart import ABANDON_AFTER, EXPIRE_AFTER, Cart
from tests.oracle.message_names import Names
from tests.oracle.orders import Sale
from tests.oracle.reach import Reach
from tests.oracle.segments import Membership
from tests.oracle.triggers import BROWSE_AFTER, Looks, Trigger


@dataclass(eq=False)
class Waiting:
    """A step that waits for its time. `rows` counts the decisions about it; `placed`: its best hour is found.

    `gone`: the campaigns of now have no such step.
    """

    step: Step
    due: int
    rows: int = 0
    placed: bool = False
    gone: bool = False


@dataclass(eq=False)
class Sequence:
    """What a trigger has started: the steps of one campaign. `used` are the channels of its messages, sent or not."""

    campaign: Campaign
    trigger: Trigger
    waiting: list[Waiting]
    used: list[str] = field(default_factory=list)
    engaged: bool = False
    gone: bool = False

    def meet(self, campaigns: Campaigns) -> None:
        """Other campaigns hold from now on: what waits is decided by those of the same names."""
        self.gone = self.campaign.id not in campaigns.by_id
        nobody = replace(
            self.campaign,
            priority=0,
            place=len(campaigns.campaigns),
            exit_on=frozenset(),
            steps=(),
            transactional=False,
        )
        self.campaign = campaigns.by_id.get(self.campaign.id, nobody)
        steps = {step.id: step for step in self.campaign.steps}
        for waiting in self.waiting:
            waiting.gone = waiting.step.id not in steps
            waiting.step = steps.get(waiting.step.id, replace(waiting.step, place=0))

    @property
    def clicked(self) -> str | None:
        """The message whose click has started it."""
        return self.trigger.about.get("message_id") if self.trigger.type == "message_clicked" else None

    def ended_by(self, order: int) -> bool:
        """Whether an order of this time ends it. What is part of a deal that was made goes on."""
        return not self.campaign.transactional and self.trigger.ended_by(order)

    def base(self, profile_id: str, step: Step) -> str:
        """What a message is about."""
        trigger = self.trigger
        return f"{profile_id}|{self.campaign.id}|{trigger.ref}|{trigger.abandonment_no}|{step.id}"

    def message_id(self, profile_id: str, step: Step, names: Names) -> str:
        """The name of the message of a step, sent or not."""
        return names.of(profile_id, digest(self.base(profile_id, step)), self.trigger.at)

    def decision_id(self, profile_id: str, waiting: Waiting) -> str:
        """The name of the next decision about a step."""
        return digest(f"{self.base(profile_id, waiting.step)}|{waiting.rows}")

    def order(self, waiting: Waiting) -> tuple[object, ...]:
        """Where a step stands among all that wait."""
        trigger = self.trigger
        return (
            waiting.due, -self.campaign.priority, self.campaign.place, waiting.step.place, trigger.at, trigger.ref
        )  # fmt: skip


@dataclass
class Code:
    """The code of an offer that this customer was given; the `nth` of its campaign. `spent`: nobody may use it now."""

    code: str
    expires: int
    nth: int = 0
    spent: bool = False


@dataclass
class Profile:
    """One customer."""

    id: str
    last_activity: int | None = None
    last_order: int | None = None
    cart: Cart | None = None
    applied: dict[str, int] = field(default_factory=dict)
    orders: dict[str, Sale] = field(default_factory=dict)
    bought: Bought = field(default_factory=Bought)
    reach: Reach = field(default_factory=Reach)
    looks: Looks = field(default_factory=Looks)
    sequences: list[Sequence] = field(default_factory=list)
    entered: dict[str, int] = field(default_factory=dict)
    offers: dict[str, Code] = field(default_factory=dict)
    membership: Membership = field(default_factory=Membership)

    def spend(self, codes: set[str]) -> None:
        """Codes, in capitals, were redeemed or refused; some may be this customer's."""
        for code in self.offers.values():
            code.spent = code.spent or code.code.upper() in codes

    def cart_due(self) -> int | None:
        """When the cart is abandoned, or expires if it is already."""
        if self.cart is None:
            return None
        clock = max(self.last_activity or 0, self.cart.started)
        return clock + (ABANDON_AFTER if self.cart.state == "open" else EXPIRE_AFTER)

    def browse_due(self) -> int | None:
        """When a visit without a cart is over."""
        return self.last_activity + BROWSE_AFTER if self.looks.browsed and self.cart is None else None

    def sequence_of(self, campaign_id: str, ref: str | None = None) -> Sequence | None:
        """The sequence of a campaign that is under way, or None."""
        found = (s for s in self.sequences if s.campaign.id == campaign_id and ref in {None, s.trigger.ref})
        return next(found, None)


def digest(text: str) -> str:
    """32 hex digits that stand for a text."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def latest(a: int | None, b: int | None) -> int | None:
    """The later of two times that may be absent."""
    return max((t for t in (a, b) if t is not None), default=None)
