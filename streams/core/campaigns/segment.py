"""Segments of a campaigns file: rules over what is known of one customer (contract 4 and 8, "Segments")."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from math import isfinite
from re import fullmatch
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from schemas.audiences import IDENTIFIERS
from schemas.vocabulary import Channel as Source
from schemas.zones import zone_named
from streams.core.campaigns.rates import Code
from streams.core.campaigns.values import Duration, Strict, known

MOST_SEGMENTS: Final = 100
MOST_CONDITIONS: Final = 50
"""In one segment, those inside `all`, `any` and `not` included."""
MOST_DEEP: Final = 8
"""How deep `all`, `any` and `not` may stand in one another."""
MOST_TIMES: Final = 20
"""More views, orders of a product and abandoned carts are not remembered."""
MOST_ORDERS: Final = 500
_CONTACTS: Final = ("email", "sms", "push", "messenger", "ads")
_WEBHOOK: Final = r"[a-z][a-z0-9_]{0,39}"
_LANGUAGE: Final = r"^(?:[a-z]{2}|zh-Han[ts])$"


def _zone(value: str) -> str:
    zone = zone_named(value)
    if zone is None:
        raise ValueError(f"{value!r} is no time zone of the IANA list, such as Europe/Berlin")
    return zone


def _word(value: str) -> str:
    word = value.strip().casefold()
    if not word:
        raise ValueError("it is a text that is not empty")
    return word


def _contact(value: Any) -> Any:
    return known("channel", value, _CONTACTS)


Word = Annotated[str, AfterValidator(_word)]
"""Compared without case and without blanks around it."""
Topic = Annotated[str, Field(min_length=1), AfterValidator(lambda value: value.strip().lower())]
Contact = Annotated[Literal["email", "sms", "push", "messenger", "ads"], BeforeValidator(_contact)]
Words = Annotated[tuple[Word, ...], Field(min_length=1, max_length=300)]


class Count(Strict):
    """How many in the last `within` (milliseconds; all that are remembered without it): bounds, each inclusive."""

    within: Duration | None = None
    at_least: int | None = Field(default=None, ge=0, le=MOST_ORDERS)
    at_most: int | None = Field(default=None, ge=0, le=MOST_ORDERS)

    @model_validator(mode="after")
    def _possible(self) -> Count:
        if self.within == 0:
            raise ValueError("`within` is longer than 0")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("`at_least` is not above `at_most`")
        return self

    def holds(self, count: int) -> bool:
        """Whether a `count` is within the bounds; without bounds one is enough."""
        least = 1 if self.at_least is None and self.at_most is None else self.at_least
        return (least is None or count >= least) and (self.at_most is None or count <= self.at_most)


class Few(Count):
    """The same of what only the latest `MOST_TIMES` are remembered of."""

    @model_validator(mode="after")
    def _remembered(self) -> Few:
        if max(self.at_least or 0, (self.at_most or 0) + 1) > MOST_TIMES:
            raise ValueError(f"`at_least` is at most {MOST_TIMES}, `at_most` below it: no more are remembered")
        return self


class OfProduct(Few):
    """How often a product (product_id or sku) or a category was viewed, or bought."""

    product: Word | None = None
    category: Word | None = None

    @model_validator(mode="after")
    def _one(self) -> OfProduct:
        if (self.product is None) == (self.category is None):
            raise ValueError("either `product` (a product_id or sku) or `category` is needed")
        return self

    @property
    def key(self) -> str:
        """What is remembered of it stands under this key."""
        return f"c:{self.category}" if self.product is None else f"p:{self.product}"


class Revenue(Strict):
    """What the orders of the last `within` (milliseconds) come to in a currency, less refunds; bounds are inclusive."""

    currency: Code
    within: Duration | None = Field(default=None, gt=0)
    at_least: Decimal | None = Field(default=None, allow_inf_nan=False)
    at_most: Decimal | None = Field(default=None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _bounded(self) -> Revenue:
        if self.at_least is None and self.at_most is None:
            raise ValueError("`at_least` or `at_most` is needed")
        return self


class Age(Strict):
    """How long ago something was (milliseconds). What has never been is neither older nor younger."""

    older_than: Duration | None = None
    younger_than: Duration | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Age:
        if self.older_than is None and self.younger_than is None:
            raise ValueError("`older_than` or `younger_than` is needed")
        return self


class SeenOn(Strict):
    """An event came from a channel in the last `within` (milliseconds; ever without it)."""

    channel: Source
    within: Duration | None = Field(default=None, gt=0)


class Trait(Strict):
    """A trait by its name: what it `is` (of this value and type), is one of (`in`), its bounds, or that it exists."""

    name: str = Field(min_length=1)
    value: bool | int | float | str | None = Field(default=None, alias="is", union_mode="smart")
    one_of: tuple[bool | int | float | str, ...] = Field(default=(), alias="in")
    at_least: int | float | None = Field(default=None, allow_inf_nan=False)
    at_most: int | float | None = Field(default=None, allow_inf_nan=False)
    exists: bool | None = None

    @model_validator(mode="after")
    def _one(self) -> Trait:
        bounded = self.at_least is not None or self.at_most is not None
        if sum((self.value is not None, bool(self.one_of), bounded, self.exists is not None)) != 1:
            raise ValueError("one of `is`, `in`, `exists`, or bounds (`at_least`, `at_most`) is needed")
        if any(isinstance(one, float) and not isfinite(one) for one in (self.value, *self.one_of)):
            raise ValueError("a trait is compared with a number that is finite")
        return self


class Agreed(Strict):
    """The customer may be written to on a channel, about a topic if one is named, as far as the customer has said."""

    channel: Contact
    topic: Topic | None = None


class Rule(Strict):
    """One condition, or several in `all`, `any` or `not`: a mapping with one key."""

    all_: tuple[Rule, ...] | None = Field(default=None, alias="all", min_length=1)
    any_: tuple[Rule, ...] | None = Field(default=None, alias="any", min_length=1)
    not_: Rule | None = Field(default=None, alias="not")
    orders: Count | None = None
    revenue: Revenue | None = None
    last_order: Age | None = None
    last_activity: Age | None = None
    first_seen: Age | None = None
    seen_on: SeenOn | None = None
    carts_abandoned: Few | None = None
    viewed: OfProduct | None = None
    bought: OfProduct | None = None
    trait: Trait | None = None
    country: Words | None = None
    language: tuple[Annotated[str, Field(pattern=_LANGUAGE)], ...] | None = Field(default=None, min_length=1)
    zone: tuple[Annotated[str, AfterValidator(_zone)], ...] | None = Field(default=None, min_length=1)
    consent: Agreed | None = None
    contact: Contact | None = None
    known: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _mapping(cls, raw: Any) -> Any:
        names = [field.alias or name for name, field in cls.model_fields.items()]
        if not isinstance(raw, dict) or len(raw) != 1:
            raise ValueError(f"a rule is a mapping with one key, which is one of {', '.join(names)}")
        for name, value in raw.items():
            known("condition", name, tuple(names))
            if value is None:
                raise ValueError(f"{name} needs a value")
        return raw

    @property
    def inner(self) -> tuple[Rule, ...]:
        """The rules that it is made of; none of a condition."""
        return self.all_ or self.any_ or (() if self.not_ is None else (self.not_,))

    def conditions(self) -> Iterator[Rule]:
        """The conditions in it, in order."""
        if not self.inner:
            yield self
        for one in self.inner:
            yield from one.conditions()

    def depth(self) -> int:
        """How deep its conditions stand: 1 for a condition."""
        return 1 + max((one.depth() for one in self.inner), default=0)


def _webhook(value: str) -> str:
    if fullmatch(_WEBHOOK, value) is None:
        raise ValueError(
            f"{value!r} is no name of a webhook: small letters, digits and _, a letter first, such as meta"
        )
    return value


def _identifier(value: Any) -> Any:
    return known("identifier", value, IDENTIFIERS)


class AdAudience(Strict):
    """Members of a segment go to an ad platform: to the `webhook` of this name, by hashes of these `identifiers`.

    Those alone who may be advertised to, about the `topic` if one is named.
    """

    webhook: Annotated[str, AfterValidator(_webhook)]
    identifiers: tuple[Annotated[str, BeforeValidator(_identifier)], ...] = Field(
        default=("email", "phone"), min_length=1
    )
    topic: Topic | None = None

    @field_validator("identifiers")
    @classmethod
    def _once(cls, identifiers: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(identifiers)) < len(identifiers):
            raise ValueError("each identifier is named once")
        return identifiers


class Segment(Strict):
    """The customers for whom a rule holds. `id` names it in all numbers; `description` is for people.

    `audience`: which webhook is told as members come and go.
    """

    id: str = Field(min_length=1, max_length=100)
    description: str = Field(default="", max_length=2_000)
    rule: Rule
    audience: AdAudience | None = None

    @field_validator("rule")
    @classmethod
    def _bounded(cls, rule: Rule) -> Rule:
        if rule.depth() > MOST_DEEP:
            raise ValueError(f"conditions stand at most {MOST_DEEP} deep in one another")
        if sum(1 for _ in rule.conditions()) > MOST_CONDITIONS:
            raise ValueError(f"a segment has at most {MOST_CONDITIONS} conditions")
        return rule


class Audience(Strict):
    """Whom a campaign is for, by segments: who is in one of `in`, if it names any, and in none of `not_in`."""

    in_: tuple[str, ...] = Field(default=(), alias="in")
    not_in: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _some(self) -> Audience:
        if not self.in_ and not self.not_in:
            raise ValueError("`in` or `not_in` names at least one segment")
        return self
