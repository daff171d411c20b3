"""A person as JSON values, and the same as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from deploy import console
from deploy.operate.person.lookup import Person, Row
from deploy.operate.person.timeline import moment

Shown = dict[str, Any]

UNSEEN: Final = "(not in any event)"


def described(person: Person, entries: Sequence[Row]) -> Shown:
    """All that is known of a person, as JSON values; `entries` are those of the timeline."""
    return {
        "profile_id": person.profile_id,
        "former_ids": person.former,
        "identifiers": identifiers(person),
        "merges": [_joined(person, row) for row in person.merges],
        "refused": [{**_joined(person, row), "rule": row["refused"]} for row in person.refused],
        "splits": [_parted(person, row) for row in person.splits],
        "rows": person.rows,
        "timeline": [dict(row) for row in entries],
    }


def identifiers(person: Person) -> list[Shown]:
    """The person's identifiers: value as far as events show it, since when, linked to which other by which event."""
    if not person.members:
        return [{**_identifier(person, person.asked_by.hash), "since": None, "linked_to": None, "event": None}]
    return [
        {
            **_identifier(person, row["identifier"], row["identifier_type"]),
            "since": moment(row["linked_at"]),
            "linked_to": _identifier(person, other) if (other := row.get("linked_to")) else None,
            "event": _source(row),
        }
        for row in person.members
    ]


def render(shown: Mapping[str, Any]) -> Iterator[Any]:
    """The tables of a person as `described` returns it (`shown`), the timeline last."""
    former = ", ".join(shown["former_ids"]) or "none"
    yield f"Profile {shown['profile_id']}\nFormer ids: {former}\n"
    yield identifier_table(shown["identifiers"])
    if shown["merges"]:
        yield console.table(
            "Merges", ("at", "profile", "became part of", "reason", "by", "event"),
            [
                (entry["at"], *_ends(entry), entry["reason"], *_cause(entry))
                for entry in shown["merges"]
            ],
        )  # fmt: skip
    if shown["refused"]:
        yield console.table(
            "Refused links", ("at", "rule", "decision", "between profiles", "by", "event"),
            [
                (entry["at"], entry["rule"], entry["reason"], " and ".join(_ends(entry)), *_cause(entry))
                for entry in shown["refused"]
            ],
        )  # fmt: skip
    if shown["splits"]:
        yield console.table(
            "Splits", ("at", "from", "to", "identifiers"),
            [(entry["at"], *_ends(entry), _named(entry["identifiers"])) for entry in shown["splits"]],
        )  # fmt: skip
    rows = [(entry["at"], entry["kind"], entry.get("channel", ""), told(entry)) for entry in shown["timeline"]]
    yield console.table(f"Timeline, the newest last: {len(rows)} of {sum(shown['rows'].values()):,}",
                        ("at", "", "channel", "what"), rows)  # fmt: skip


def identifier_table(rows: Sequence[Mapping[str, Any]], title: str = "Identifiers") -> Any:
    """A table of identifiers (`rows`, as of `identifiers`) under a title, with the event that linked each."""
    return console.table(
        title, ("type", "value", "since", "linked to", "by event"),
        [
            (entry["type"], entry["value"] or UNSEEN, entry["since"], _named([entry["linked_to"]]),
             place(entry["event"]))
            for entry in rows
        ],
    )  # fmt: skip


def told(entry: Mapping[str, Any]) -> str:
    """The text for one entry of the timeline."""
    match entry["kind"]:
        case "event":
            name = f"{entry['type']} {entry['name']}".strip() if entry["type"] != "track" else entry["name"]
            amount = f" {_money(entry['revenue'], '')}" if entry["revenue"] else ""
            return f"{name}{amount}{' (late)' if entry['late'] else ''}"
        case "cart":
            value = _money(entry["value"], entry["currency"])
            states = f"{entry['from_state']} to {entry['to_state']} ({entry['reason']})"
            return f"{entry['stage'] or 'cart'} {states}, {entry['line_count']} lines, {value}"
        case "decision":
            reason = f" ({entry['reason']})" if entry["reason"] else ""
            arm = f", {entry['arm']}" if entry["arm"] else ""
            why = f": {entry['why']}" if entry.get("why", entry["outcome"]) != entry["outcome"] else ""
            return f"{entry['campaign_id']}/{entry['step']}: {entry['outcome']}{reason}{arm}{why}"
        case "message":
            variant = f", variant {entry['variant']}" if entry["variant"] else ""
            offer = f", offer {entry['offer_code']} ({entry['offer_discount']})" if entry.get("offer_code") else ""
            to = f"{entry['campaign_id']}/{entry['step']} to {entry['recipient']}"
            return f"{to}: {entry['subject']}{variant}{offer}"
        case "segment":
            return f"{entry['change']} {entry['segment']} ({entry['reason']})"
        case _:
            by = f", recovered by {entry['recovered_campaign']}" if entry["recovered_campaign"] else ""
            change = entry.get("change", "order")
            what = "order" if change == "order" else f"{change} of order"
            return f"{what} {entry['order_id']}, {_money(entry['value'], entry['currency'])}{by}"


def place(source: Mapping[str, Any] | None) -> str:
    """The place of an event, `source`, as topic/partition/offset; a dash for None."""
    return "-" if source is None else f"{source['topic']}/{source['partition']}/{source['offset']}"


def _identifier(person: Person, hashed: str, type_: str = "") -> Shown:
    seen = person.values.get(hashed)
    return {
        "type": type_ or (seen[0] if seen else person.types.get(hashed)),
        "value": seen[1] if seen else None,
        "hash": hashed,
    }


def _joined(person: Person, row: Row) -> Shown:
    return {
        "profile": row["merged_profile_id"],
        "into": row["into_profile_id"],
        "reason": row["reason"],
        "at": moment(row["merged_at"]),
        "between": [_identifier(person, entry) for entry in row.get("identifiers") or ()],
        "event": _source(row),
    }


def _parted(person: Person, row: Row) -> Shown:
    shown = _joined(person, row)
    return {name: shown[name] for name in ("profile", "into", "at")} | {"identifiers": shown["between"]}


def _cause(entry: Mapping[str, Any]) -> tuple[str, str]:
    return _named(entry["between"]), place(entry["event"])


def _named(rows: Sequence[Mapping[str, Any] | None]) -> str:
    shown = [f"{entry['type'] or 'identifier'}:{entry['value'] or _short(entry['hash'])}" for entry in rows if entry]
    return " - ".join(shown) or "-"


def _source(row: Row) -> Shown | None:
    topic = row.get("source_topic")
    if not topic:
        return None
    return {"topic": topic, "partition": row["source_partition"], "offset": row["source_offset"]}


def _ends(entry: Mapping[str, Any]) -> tuple[str, str]:
    return _short(entry["profile"]), _short(entry["into"])


def _short(text: str) -> str:
    """Enough of an id to tell it from others; JSON has all of it."""
    return text[:8] + "..." if text else "-"


def _money(value: Decimal | float, currency: str) -> str:
    return f"{value:,.2f} {currency}".strip()
