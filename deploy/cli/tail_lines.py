"""What `winback tail` prints: a line of text, or of JSON."""

from __future__ import annotations

from typing import Any

import orjson

from deploy.console import plain

Line = dict[str, Any]


def lean(line: Line, *, values: bool) -> Line:
    """The line as it is shown: without the bytes of a dead letter and, unless `values`, without identifiers' values."""
    hidden = ("lines", "joined") if line["kind"] != "dead" else ("value",)
    told = {name: value for name, value in line.items() if name not in hidden}
    if "identifiers" in told and not values:
        told["identifiers"] = [one["type"] for one in told["identifiers"]]
    return told


def as_json(line: Line) -> str:
    """The line as one JSON object."""
    return orjson.dumps(line, default=str).decode()


def as_text(line: Line) -> str:
    """The line for people."""
    match line["kind"]:
        case "read":
            said = f"{_event(line)}: accepted, waits for its time; {_identifiers(line['identifiers'])}"
        case "event":
            said = f"{_event(line)}: {line['outcome']}, profile {line['profile_id']}, {_did(line)}"
        case "repeat":
            of = f"repeats {line['of']}" if line["of"] else "repeats an event of before, or its customer was erased"
            said = f"{_event(line)}: duplicate, {of}"
        case "dead":
            said = f"{line['at'] or '-'} {line['channel']} {line['id']}: dead, {line['reason']}: {line['detail']}"
        case "cart":
            said = f"{line['at']} cart of {line['profile_id']}: {line['from']} to {line['to']} ({line['reason']})"
        case "order":
            money = f"{line['value']} {line['currency'] or ''}".strip()
            said = f"{line['at']} order {line['order_id']} of {line['profile_id']}: {money}"
        case "segment":
            said = f"{line['at']} segment {line['segment']}: {line['profile_id']} {line['change']}"
        case _:
            name = f"{line['campaign_id']}/{line['step']}"
            decided = f"{line['outcome']} [{line['check']}], {line['why']}"
            said = f"{line['decided_at']} decision {name} of {line['profile_id']}: {decided}"
    return plain(said).replace("\n", " ")


def _event(line: Line) -> str:
    name = line["name"] or line.get("type") or "-"
    called = f" (called {line['original_name']})" if line.get("original_name") else ""
    return f"{line['event_time']} {line['channel']} {name}{called} {line['message_id']} at {line['id']}"


def _did(line: Line) -> str:
    if line["did"]:
        return "; ".join(line["did"])
    if line["resembles"]:
        return f"{line['does']} (is {line['resembles']} meant?)"
    return str(line["does"])


def _identifiers(given: list[Any]) -> str:
    return ", ".join(one if isinstance(one, str) else f"{one['type']}:{one['value']}" for one in given) or "nobody"
