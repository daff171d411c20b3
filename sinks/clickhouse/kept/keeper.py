"""Everything that is kept, brought up to date: once whole, and after that as far as new rows touch it."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from schemas.settings import Settings
from sinks.clickhouse.kept import families
from sinks.clickhouse.kept.interface import Kept, Touched

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

log = logging.getLogger("winback.sinks")

MERGES: Final = "profile_merges"


class Families:
    """Where profiles are today (tables resolved_profiles and resolved_splits): all that follows is built on it."""

    name: Final = families.NAME

    def revision(self, _: Settings) -> str:
        """Returns the same for all settings: rows depend on none."""
        return families.REVISION

    def fill(self, client: Client) -> None:
        """Every family."""
        families.fill(client)

    def refresh(self, client: Client, touched: Touched) -> None:
        """The families of profiles in rows of profile_merges."""
        families.refresh(client, touched.get(MERGES, frozenset()))


FAMILIES: Final = Families()
KEPT: Final[tuple[Kept, ...]] = ()
"""What is kept beside families, in the order in which one needs the other."""


def fill(client: Client, settings: Settings, kept: Collection[Kept] = (FAMILIES, *KEPT)) -> list[str]:
    """Fill what has not been filled yet, or depends on what is another now. Returns the names of it.

    Left off, it begins anew at the next call. Raises what the client raises.
    """
    rows = client.query("SELECT name, revision FROM kept_tables FINAL").result_rows
    filled: dict[str, str] = {row[0]: row[1] for row in rows}
    done = []
    for one in kept:
        revision = one.revision(settings)
        if filled.get(one.name) != revision:
            one.fill(client)
            client.insert("kept_tables", [(one.name, revision)], column_names=["name", "revision"])
            done.append(one.name)
    return done
