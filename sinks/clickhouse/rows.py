"""From records to rows: one pure function a topic, in the order of its table's columns.

A row is a tuple that `orjson` can write, and reaches ClickHouse as one line of JSONCompactEachRow: objects and arrays
stay JSON text in String columns, times are ISO text, money is decimal text. Nothing is converted twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import orjson

from schemas import names, topics
from schemas.consent_said import refused_in, said
from schemas.identifiers import Hasher
from schemas.message_ids import named
from schemas.money import micros
from schemas.orders import order_value, refund_value
from sinks.clickhouse.values import (  # fmt: skip
    MAX_UINT64,
    decimal,
    identity,
    label,
    mapping,
    moment,
    moment_or_none,
    money,
    money_or_none,
    number,
    sequence,
    share_or_none,
    text,
)

Row = tuple[Any, ...]


class Message(Protocol):
    """What a row is made of: a `schemas.record.Record`, or aiokafka's ConsumerRecord as it comes."""

    @property
    def key(self) -> bytes | None:
        """The record's key."""

    @property
    def value(self) -> bytes | None:
        """The record's value."""


class UnreadableError(ValueError):
    """A record that no row can be made of; the message says why, without any of its values."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, the topic it is filled from, its columns in the order of its rows, and the function that makes a row.

    `tombstones`: whether a record without a value erases the rows of its key. `erases`: what a row erases by being
    there, as (id, version). `joined`: the profiles that a row joins or parts.
    """

    name: str
    topic: str
    columns: tuple[str, ...]
    build: Callable[[Message, dict[str, Any], Hasher], Row]
    tombstones: bool = False
    erases: Callable[[Row], tuple[str, int] | None] | None = None
    joined: Callable[[Row], tuple[str, ...]] | None = None

    def row(self, record: Message, hasher: Hasher) -> Row:
        """The row of one record; `hasher` names identifiers as the pipeline does. Raises UnreadableError."""
        try:
            value = orjson.loads(record.value or b"")
            if type(value) is not dict:
                raise UnreadableError("not a JSON object")
            return self.build(record, value, hasher)
        except orjson.JSONDecodeError:
            raise UnreadableError("not JSON") from None
        except KeyError as missing:
            raise UnreadableError(f"field {missing.args[0]} is missing") from None
        except (TypeError, ValueError) as wrong:
            raise UnreadableError(str(wrong)) from None


SPLIT: Final = "split"
SPLIT_HISTORY: Final = "split_history"
ERASED: Final = "erased"
APART: Final = frozenset({SPLIT, SPLIT_HISTORY, ERASED})
"""Reasons of rows on identity.merges that are no merge."""

# What else a row takes from the properties of events with that name: revenue, cost, campaign, message.
_Extra = tuple[int | str, int | str, str, str]
_NOTHING: Final[_Extra] = (0, 0, "", "")


def _order(properties: Mapping[str, Any]) -> _Extra:
    return (decimal(order_value(properties)), 0, "", "")


def _refund(properties: Mapping[str, Any]) -> _Extra:
    return (decimal(-refund_value(properties)), 0, "", "")


def _spend(properties: Mapping[str, Any]) -> _Extra:
    return (0, decimal(micros(properties.get("cost")) or 0), label(properties.get("campaign_id")), "")


def _feedback(properties: Mapping[str, Any]) -> _Extra:
    return (0, 0, label(properties.get("campaign_id")), label(properties.get("message_id")))


_EXTRAS: Final[dict[str, Callable[[Mapping[str, Any]], _Extra]]] = {
    **dict.fromkeys(names.FEEDBACK_EVENTS | names.AD_EVENTS | {names.SPOT_AIRED}, _feedback),
    names.AD_SPEND_RECORDED: _spend,
    names.ORDER_COMPLETED: _order,
    names.ORDER_REFUNDED: _refund,
}


def _event(_: Message, v: dict[str, Any], hasher: Hasher) -> Row:
    # The table that gets by far the most rows: a value that ClickHouse itself turns into text is not looked at here.
    properties, source, name = mapping(v["properties"]), v["source"], v["name"]
    extra = _EXTRAS.get(name)
    revenue, cost, campaign, message = extra(properties) if extra is not None and v["type"] == "track" else _NOTHING
    return (
        identity(v["profile_id"]), moment(v["event_time"]), identity(v["message_id"]), v["channel"], v["type"], name,
        moment(v["received_at"]), v["late"] is True, label(properties["kind"]) if "kind" in properties else "",
        revenue, cost, campaign, message, v["identifiers"], properties, v["context"], v["traits"], v.get("extra"),
        source["topic"], number(source["partition"]), number(source["offset"], MAX_UINT64), *_head(v, hasher, message),
        v.get("original_name") or "", _consents(v, properties), v.get("touch"),
    )  # fmt: skip


def _consents(v: dict[str, Any], properties: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What an event says of consent: channel, topic (empty: the whole), yes or no, and the reason."""
    told = [*said(v["name"], v["channel"], properties)] if v["name"] in names.CONSENT_EVENTS else []
    traits = v["traits"]
    if traits and type(traits) is dict and v["type"] != "group":
        told += refused_in(traits)
    return [{**one._asdict(), "topic": one.topic or ""} for one in told]


def _head(v: dict[str, Any], hasher: Hasher, message: str) -> tuple[str, str]:
    """Hash and type of the identifier an event was counted under; both empty if it names nobody.

    Feedback that names a message was counted under that: a split of its address does not move it.
    """
    identifiers = v["identifiers"]
    if not identifiers or type(identifiers) is not list:
        return "", ""
    head = identifiers[0]
    if message and v["name"] in names.FEEDBACK_EVENTS and named(message) is not None:
        return "", head["type"]
    return hasher(head["type"], head["value"]), head["type"]


def _source(v: dict[str, Any]) -> tuple[str, int, int]:
    """The event that brought a link; nothing if none is named."""
    source = mapping(v.get("source"))
    if not source:
        return "", 0, 0
    return text(source["topic"]), number(source["partition"]), number(source["offset"], MAX_UINT64)


def _assignment(record: Message, v: dict[str, Any], __: Hasher) -> Row:
    # The identifier is the record's key.
    return (
        identity((record.key or b"").decode()), text(v["identifier_type"]), text(v["profile_id"]),
        number(v["version"], MAX_UINT64), moment(v["linked_at"]), text(v.get("linked_to")), *_source(v),
        moment_or_none(v.get("erased_at")),
    )  # fmt: skip


def _erased_identifier(row: Row) -> tuple[str, int] | None:
    return (row[0], row[3]) if not row[2] else None


def _merge(_: Message, v: dict[str, Any], __: Hasher) -> Row:
    version, refused, reason = number(v["version"], MAX_UINT64), text(v.get("refused")), text(v["reason"])
    return (
        identity(v["merged_profile_id"]), text(v.get("into_profile_id")), reason, refused, moment(v["merged_at"]),
        version, sequence(v.get("identifiers")), *_source(v), 0 if not refused and reason not in APART else version,
        text(v.get("identifier")),
    )  # fmt: skip


def _joined(row: Row) -> tuple[str, ...]:
    """The profiles of a row about merges; of a refused link none, as it changes nothing."""
    return () if row[3] else tuple(filter(None, row[:2]))


def _erased_profile(row: Row) -> tuple[str, int] | None:
    return (row[0], row[5]) if row[2] == ERASED else None


def _transition(_: Message, v: dict[str, Any], __: Hasher) -> Row:
    lines = sequence(v["lines"])
    return (
        identity(v["profile_id"]), identity(v["cart_id"]), moment(v["at"]), number(v["abandonment_no"]),
        text(v["from"]), text(v["to"]), text(v["reason"]), text(v.get("stage")), money_or_none(v.get("value")),
        text(v.get("currency")), len(lines), lines,
    )  # fmt: skip


def _trigger(v: dict[str, Any]) -> tuple[str, str | None, str]:
    trigger = mapping(v.get("trigger"))
    return text(trigger.get("type")), moment_or_none(trigger.get("at")), text(trigger.get("cart_id"))


def _message(_: Message, v: dict[str, Any], __: Hasher) -> Row:
    return (
        identity(v["message_id"]), identity(v["profile_id"]), text(v["campaign_id"]), text(v["step"]),
        text(v.get("variant")), text(v["channel"]), text(v.get("to")), text(v.get("subject")), text(v.get("body")),
        text(v.get("url")), v.get("offer"), *_trigger(v), moment(v["decided_at"]), moment_or_none(v.get("expires_at")),
    )  # fmt: skip


def _decision(record: Message, v: dict[str, Any], __: Hasher) -> Row:
    # The profile is the record's key.
    profile = v.get("profile_id") or (record.key or b"").decode()
    return (
        identity(v["decision_id"]), identity(profile), text(v["campaign_id"]), text(v["step"]), text(v.get("variant")),
        text(v.get("arm")), text(v["outcome"]), text(v.get("reason")), text(v.get("message_id")), *_trigger(v),
        moment(v["decided_at"]), share_or_none(v.get("control_share")),
    )  # fmt: skip


def _conversion(_: Message, v: dict[str, Any], __: Hasher) -> Row:
    recovered = mapping(v.get("recovered"))
    return (
        identity(v["profile_id"]), identity(v["order_id"]), moment(v["at"]), text(v["channel"]), money(v.get("value")),
        text(v.get("currency")), sequence(v.get("touches")), mapping(v.get("credits")),
        text(recovered.get("campaign_id")), text(recovered.get("step")), text(recovered.get("message_id")),
        moment(v.get("changed_at", v["at"])), text(v.get("message_id")), text(v.get("kind", "order")),
        v.get("counts") is not False, int(v.get("orders", 1)), money(v.get("refunds")), number(v.get("touch_count", 0)),
        mapping(v.get("credited")), mapping(v.get("campaign_credits")), mapping(v.get("campaign_credited")),
    )  # fmt: skip


def _member(_: Message, v: dict[str, Any], __: Hasher) -> Row:
    return (
        text(v["segment"]), identity(v["profile_id"]), moment(v["at"]), number(v.get("nth", 0)), text(v["change"]),
        text(v.get("reason")), moment(v.get("since", v["at"])),
    )  # fmt: skip


def _cell(_: Message, v: dict[str, Any], __: Hasher) -> Row:
    cell = mapping(v["cell"])
    dimensions = {name: text(value) for name, value in sorted(mapping(cell["dimensions"]).items())}
    return (
        identity(cell["name"]), moment(cell["window_start"]), orjson.dumps(dimensions).decode(), number(v["partition"]),
        dimensions, {name: money(value) for name, value in mapping(v["values"]).items()},
        number(v["version"], MAX_UINT64),
    )  # fmt: skip


def _suppression(_: Message, v: dict[str, Any], __: Hasher) -> Row:
    return (
        identity(v["address_hash"]), text(v["channel"]), text(v.get("topic")), v["suppressed"] is True,
        text(v.get("reason")), moment(v["since"]), moment(v.get("known_at", v["since"])),
    )  # fmt: skip


TABLES: Final = (
    Table("events", topics.STITCHED_EVENTS, (
        "profile_id", "event_time", "message_id", "channel", "type", "name", "received_at", "late", "kind", "revenue",
        "cost", "campaign_id", "about_message", "identifiers", "properties", "context", "traits", "extra",
        "source_topic", "source_partition", "source_offset", "head", "head_type", "original_name", "consents", "touch",
    ), _event, tombstones=True),
    Table("identifiers", topics.IDENTITY_ASSIGNMENTS, (
        "identifier", "identifier_type", "profile_id", "version", "linked_at", "linked_to", "source_topic",
        "source_partition", "source_offset", "erased_at",
    ), _assignment, erases=_erased_identifier),
    Table("profile_merges", topics.IDENTITY_MERGES, (
        "merged_profile_id", "into_profile_id", "reason", "refused", "merged_at", "version", "identifiers",
        "source_topic", "source_partition", "source_offset", "occurrence", "identifier",
    ), _merge, erases=_erased_profile, joined=_joined),
    Table("cart_transitions", topics.CART_TRANSITIONS, (
        "profile_id", "cart_id", "at", "abandonment_no", "from_state", "to_state", "reason", "stage", "value",
        "currency", "line_count", "lines",
    ), _transition, tombstones=True),
    Table("messages", topics.RETARGETING_MESSAGES, (
        "message_id", "profile_id", "campaign_id", "step", "variant", "channel", "recipient", "subject", "body", "url",
        "offer", "trigger_type", "trigger_at", "cart_id", "decided_at", "expires_at",
    ), _message, tombstones=True),
    Table("decisions", topics.RETARGETING_DECISIONS, (
        "decision_id", "profile_id", "campaign_id", "step", "variant", "arm", "outcome", "reason", "message_id",
        "trigger_type", "trigger_at", "cart_id", "decided_at", "control_share",
    ), _decision, tombstones=True),
    Table("conversions", topics.CONVERSIONS, (
        "profile_id", "order_id", "at", "channel", "value", "currency", "touches", "credits", "recovered_campaign",
        "recovered_step", "recovered_message_id", "changed_at", "message_id", "kind", "counts", "orders", "refunds",
        "touch_count", "credited", "campaign_credits", "campaign_credited",
    ), _conversion, tombstones=True),
    Table("segment_members", topics.SEGMENTS_MEMBERSHIP, (
        "segment", "profile_id", "at", "nth", "change", "reason", "since",
    ), _member, tombstones=True),
    Table("cells", topics.AGGREGATES, (
        "name", "window_start", "cell", "partition", "dimensions", "values", "version",
    ), _cell),
    Table("suppressions", topics.CONTACT_SUPPRESSIONS, (
        "address_hash", "channel", "topic", "suppressed", "reason", "since", "known_at",
    ), _suppression),
)  # fmt: skip
"""Every table that a topic fills."""

BY_TOPIC: Final = {table.topic: table for table in TABLES}
