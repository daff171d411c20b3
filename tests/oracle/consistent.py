"""What must hold among the rows of any history: carts are chains, steps are decided once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

NEXT = {
    ("none", "open"), ("open", "abandoned"), ("abandoned", "open"), ("open", "converted"), ("abandoned", "converted"),
    ("open", "emptied"), ("abandoned", "emptied"), ("abandoned", "expired"),
    ("converted", "open"),
}  # fmt: skip
Row = dict[str, Any]


def consistent(
    transitions: Iterable[Row], decisions: Iterable[Row], messages: Iterable[Row], conversions: Iterable[Row]
) -> Iterator[str]:
    """Everything among these rows that cannot be, one line each. Their order does not matter."""
    transitions, decisions, messages = list(transitions), list(decisions), list(messages)
    carts = defaultdict(list)
    for row in transitions:
        carts[row["cart_id"]].append(row)
        if (row["from"], row["to"]) not in NEXT:
            yield f"no such transition: {row}"
        if bool(row["lines"]) == (row["to"] == "emptied"):
            yield f"lines of an empty cart, or none of a full one: {row}"
    for rows in carts.values():
        yield from _chain(rows)

    if len({d["decision_id"] for d in decisions}) != len(decisions):
        yield "a decision_id comes twice"
    abandoned = {(r["cart_id"], r["at"]) for r in transitions if r["to"] == "abandoned"}
    left = [(r["cart_id"], r["at"]) for r in transitions if r["from"] == "abandoned"]
    final = Counter(
        str((d["trigger"], d["campaign_id"], d["step"]))
        for d in decisions
        if d["outcome"] != "deferred"
        and d["trigger"]["cart_id"] is not None
        # A row that takes a message back is a word on what was decided.
        and not (d["outcome"] == "cancelled" and d["message_id"] is not None)
    )
    yield from (f"a step is decided {count} times: {step}" for step, count in final.items() if count > 1)
    for message in messages:
        if message["trigger"]["cart_id"] is None:
            continue
        cart, at = message["trigger"]["cart_id"], message["trigger"]["at"]
        if (cart, at) not in abandoned:
            yield f"a message about no abandonment: {message}"
        # Nothing is sent once the cart was bought, emptied, expired or taken up again.
        if any(c == cart and at < end < message["decided_at"] for c, end in left):
            yield f"a message about a cart that has come to its end: {message}"
    sent = {m["message_id"] for m in messages}
    if not len(sent) == len(messages) == sum(d["outcome"] == "sent" for d in decisions):
        yield f"{len(messages)} messages of {len(sent)} ids, but other decisions"
    credited: Counter[str] = Counter()
    for row in conversions:
        if row["recovered"]:
            # What has been taken back is not credited.
            credited[row["recovered"]["message_id"]] += row["orders"]
    if any(orders > 1 for orders in credited.values()):
        yield "a message is credited with several orders"
    if not set(credited) <= sent:
        yield f"credited, but never sent: {set(credited) - sent}"


def _chain(rows: list[Row]) -> Iterator[str]:
    """The rows of one cart follow one another, and the number of its abandonments does not go down."""
    rest, state, number = sorted(rows, key=lambda r: (r["at"], r["abandonment_no"])), "none", 0
    while rest:
        row = next((r for r in rest if r["at"] == rest[0]["at"] and r["from"] == state), None)
        if row is None or row["abandonment_no"] < number:
            shown = [(r["at"], r["from"], r["to"], r["abandonment_no"]) for r in rows]
            yield f"the rows of a cart are no chain: {shown}"
            return
        rest.remove(row)
        state, number = row["to"], row["abandonment_no"]
