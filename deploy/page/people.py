"""The search for a customer: what `winback profile` tells, as the page shows it, with those who were erased."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from deploy.operate.person.identifiers import HashedIdentifier
    from schemas.settings import Settings

ENTRIES: Final = 200
"""Entries of a timeline that are shown, the newest."""
_ERASED: Final = """
SELECT argMax(erased_at, version) AS at FROM identifiers WHERE identifier = %(id)s
HAVING argMax(profile_id, version) = ''
"""


def search(settings: Settings, identifier: HashedIdentifier) -> dict[str, Any]:
    """What is known of the customer with an `identifier`; `erased` is when they were erased, else null.

    `profile_id` is empty for somebody unknown. Raises BadInputError, UnavailableError.
    """
    from deploy.operate.person import explanations, lookup, tables, timeline

    with lookup.opened(settings, identifier, wait=0) as (client, found):
        if not found.known:
            return {"profile_id": "", "erased": _erased(client, identifier)}
        entries = explanations.explained(timeline.timeline(client, found, ENTRIES), explanations.sent_to(client, found))
        return {"erased": _erased(client, identifier), **shown(tables.described(found, entries))}


def shown(described: Mapping[str, Any]) -> dict[str, Any]:
    """A person as `deploy.operate.person.tables` has `described` them, as the page shows them: the newest first."""
    from deploy.operate.person import tables

    return {
        "profile_id": described["profile_id"],
        "former_ids": described["former_ids"],
        "identifiers": [
            {
                "type": one["type"] or "",
                "value": one["value"] or tables.UNSEEN,
                "since": one["since"] or "",
                "linked_to": _named(one["linked_to"]),
            }
            for one in described["identifiers"]
        ],
        "timeline": [
            {"at": one["at"], "kind": one["kind"], "channel": one.get("channel", ""), "what": tables.told(one)}
            for one in reversed(described["timeline"])
        ],
        "entries": sum(described["rows"].values()),
    }


def _named(identifier: Mapping[str, Any] | None) -> str:
    if identifier is None:
        return ""
    return f"{identifier['type'] or 'identifier'}:{identifier['value'] or identifier['hash'][:8] + '...'}"


def _erased(client: Client, identifier: HashedIdentifier) -> str | None:
    from deploy.operate.person.timeline import moment

    rows = client.query(_ERASED, parameters={"id": identifier.hash}).result_rows
    return moment(rows[0][0]) if rows and rows[0][0] is not None else None
