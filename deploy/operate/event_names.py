"""Names of events that came in, and what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from deploy.errors import BadInputError
from schemas.aliases import shop_file
from schemas.aliases.effects import Effects
from sinks.clickhouse.export import EVER, over

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from schemas.settings import Settings

MOST: Final = 1_000
"""Names that are looked at, the most frequent first: as many as `v_event_names` has."""


def of(client: Client, settings: Settings) -> list[dict[str, Any]]:
    """Each name: name, original_name, events, first_seen, last_seen, does, nearest, needs_source.

    The file of aliases that the `settings` name is asked, too. Raises BadInputError when it is not valid.
    """
    try:
        effects = Effects(shop_file.load(settings.aliases))
    except ValueError as wrong:
        raise BadInputError(f"WINBACK_ALIASES: {wrong}") from None
    rows = client.query(f"SELECT * FROM {over('v_event_names', *EVER.values())} LIMIT {MOST}").named_results()  # noqa: S608
    return [effects.told({**row, **{name: _time(row[name]) for name in ("first_seen", "last_seen")}}) for row in rows]


def unknown(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of the names that `of` has `found`, those that do nothing and resemble one that acts."""
    return [row for row in found if row["nearest"] is not None]


def _time(moment: Any) -> str:
    # The columns are in UTC; the client leaves that out.
    return str(moment.replace(tzinfo=None).isoformat(timespec="milliseconds")) + "Z"
