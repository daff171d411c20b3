"""The map of an order import, in YAML: the meaning of each column; deploy/imports holds one to copy."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from deploy.errors import BadInputError
from schemas.topics import CHANNELS
from schemas.zones import zone_named

Kind = Literal["sale", "cancellation", "adjustment"]


class OrderImportError(BadInputError, ValueError):
    """A map or an order history that cannot be used: which file, which key or row, what to do."""


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as problem:
        raise ValueError(f"is no regular expression ({problem})") from None
    return text


def _zone(name: str) -> str:
    zone = zone_named(name)
    if zone is None:
        raise ValueError(f"{name!r} is no time zone; Europe/London is one")
    return zone


def _channel(name: str) -> str:
    if name not in CHANNELS:
        raise ValueError(f"{name!r} is no channel; one of {', '.join(CHANNELS)} is needed")
    return name


def _format(text: str) -> str:
    moment = datetime(2020, 2, 3, 4, 5, 6)  # noqa: DTZ001 - a local time to write and read back
    try:
        whole = datetime.strptime(moment.strftime(text), text).date() == moment.date()  # noqa: DTZ007 - as above
    except ValueError:
        whole = False
    if not whole:
        raise ValueError(f"{text!r} is no format of a whole date; %Y-%m-%d %H:%M:%S is one")
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]
Channel = Annotated[str, AfterValidator(_channel)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=1)


class Columns(_Part):
    """The columns by their names in the file's header. Those with a default may be left out."""

    invoice: str
    quantity: str
    time: str
    unit_price: str
    sku: str
    name: str | None = None
    customer: str | None = None
    country: str | None = None
    currency: str | None = None


class Time(_Part):
    """How times are written, and in whose local time."""

    format: Annotated[str, AfterValidator(_format)] = "%Y-%m-%d %H:%M:%S"
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"


class CustomerRule(_Part):
    """What the customer column holds: `user_id`, `email`, `phone` or a kind of external id; `strip` is cut off it."""

    type: str = "user_id"
    strip: Pattern | None = None


class KindRule(_Part):
    """Invoices whose whole number matches are of this kind."""

    match: Pattern
    kind: Kind


class ChannelRule(_Part):
    """Invoices whose first row matches in this column belong to this channel."""

    column: str
    match: Pattern
    channel: Channel


class OrderMap(_Part):
    """One import. `name` goes into every messageId, so that the same import twice is no new order."""

    name: Annotated[str, Field(max_length=100)]
    columns: Columns
    time: Time = Time()
    currency: str
    customer: CustomerRule = CustomerRule()
    kinds: Annotated[tuple[KindRule, ...], Field(min_length=1)] = (KindRule(match=".*", kind="sale"),)
    channel: Channel = "web"
    channel_rules: tuple[ChannelRule, ...] = ()
    delimiter: Annotated[str, Field(max_length=1)] = ","
    encoding: str = "utf-8-sig"

    def named_columns(self) -> dict[str, str]:
        """Every column the map speaks of: where in the map, and its name in the file."""
        named = {f"columns.{key}": name for key, name in self.columns.model_dump().items() if name is not None}
        named.update({f"channel_rules.{n}.column": rule.column for n, rule in enumerate(self.channel_rules)})
        return named


def read_map(path: Path) -> OrderMap:
    """The map in a YAML file. Raises OrderImportError with the file and the key at fault."""
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except OSError as problem:
        raise OrderImportError(f"{path}: cannot be read ({problem.strerror})") from None
    except UnicodeDecodeError:
        raise OrderImportError(f"{path}: is not UTF-8 text") from None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = "" if mark is None else f":{mark.line + 1}"
        raise OrderImportError(f"{path}{line}: is not YAML ({getattr(problem, 'problem', None) or problem})") from None
    if not isinstance(content, dict):
        raise OrderImportError(f"{path}: holds no map of keys; see deploy/imports/online-retail.yaml")
    try:
        return OrderMap.model_validate(content)
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        what = first["msg"].removeprefix("Value error, ")
        more = f" (and {problem.error_count() - 1} more)" if problem.error_count() > 1 else ""
        raise OrderImportError(f"{path}: {where}: {what}{more}") from None
