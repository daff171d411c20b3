"""Weak evidence of who an event is about: addresses only typed, machines of the staff, numbers of a purchase.

What is weak stands behind all other identifiers of an event, and joins less (contract 1, identity policy).
"""

from __future__ import annotations

from typing import Any, TypeAlias

from schemas import identifiers as ids
from schemas.identifiers import Identifier
from schemas.names import ORDER_EVENTS
from schemas.people import Known

Identifiers: TypeAlias = tuple[Identifier, ...]
Rows: TypeAlias = tuple[dict[str, Any], ...]


def of_customers(identifiers: Identifiers, rows: Rows, previous: Identifiers) -> tuple[Identifiers, Rows, Identifiers]:
    """What a till or an agent's machine tells of the customer: not the machine's own identifiers (contract 1).

    All three are those of the event, `rows` the form of the `identifiers` in its body.
    """
    kept = ids.without_devices(identifiers)
    if kept[0][0] in ids.OF_MACHINES or kept[0][0] in ids.REFERENCES:
        return identifiers, rows, previous
    # An SDK's alias call names the machine's anonymousId as the previous one, of whatever customer.
    machine = {value for type_, value in identifiers if type_ in ids.OF_MACHINES}
    previous = tuple(one for one in previous if one[0] not in ids.OF_MACHINES and one[1] not in machine)
    return kept, tuple(row for row in rows if row["type"] not in ids.OF_MACHINES), previous


def with_typed(
    identifiers: Identifiers, rows: Rows, claimed: list[Known], channel: str
) -> tuple[Identifiers, Rows, int]:
    """With the addresses that were only typed behind the others; where there is nobody else, the first is who it is.

    `claimed` are these addresses, `channel` the event's; returns identifiers, rows, and how many at the end are weak.
    """
    if channel in ids.STAFFED_CHANNELS and all(one[0] in ids.OF_MACHINES for one in identifiers):
        identifiers, rows = (), ()
    weak = len(claimed) - (not identifiers)
    at = len(claimed) - weak
    told: list[dict[str, Any]] = [row for _, row, _ in claimed]
    told[at:] = ({**row, "typed": True} for row in told[at:])
    return (*identifiers, *(one for one, _, _ in claimed)), (*rows, *told), weak


def with_references(
    identifiers: Identifiers, rows: Rows, named: list[Known], weak: int, name: str, channel: str
) -> tuple[Identifiers, Rows, int]:
    """With what names the purchase behind all others: the order of an order event links, anything else is weak.

    An order without a customer, or from the machine of a till alone, is a customer of its own under what it is named by
    (contract 1).

    `named` is what the event of this `name` and `channel` names, `weak` how many identifiers at the end are weak
    already; returns identifiers, rows, and how many are weak now.
    """
    sold = name in ORDER_EVENTS
    if sold and channel in ids.STAFFED_CHANNELS and all(one[0] in ids.OF_MACHINES for one in identifiers):
        # The next customer's order comes from the same machine.
        identifiers, rows = (), ()
    references = tuple(one for one, _, _ in named if one not in identifiers)
    if not identifiers:
        return (
            (references, tuple(row for _, row, _ in named), len(references) - 1) if sold else (identifiers, rows, weak)
        )
    if sold and references and references[0][0] == ids.ORDER_ID:
        strong = len(identifiers) - weak
        linked = (*identifiers[:strong], references[0], *identifiers[strong:], *references[1:])
        return linked, rows, weak + len(references) - 1
    return (*identifiers, *references), rows, weak + len(references)
