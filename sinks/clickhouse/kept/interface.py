"""What a kept table has to do: be filled once, and brought up to date for the profiles that new rows are about."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Protocol

from schemas.settings import Settings

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

Touched = Mapping[str, AbstractSet[str]]
"""By table, the profiles that its new rows are about, under the ids that the rows have; erased ones among them.

Under `profile_merges`: every profile of the families that were resolved anew, as all they have done may be another
customer's now. A table without new rows is left out.
"""


class Kept(Protocol):
    """One or more tables whose rows follow from those of others."""

    @property
    def name(self) -> str:
        """What it is known by, in logs and among the tables that have been filled."""

    def revision(self, settings: Settings) -> str:
        """What its rows depend on besides other tables: when it changes, everything is filled anew."""

    def fill(self, client: Client) -> None:
        """Make all rows, whatever there is already. All views are there by then. Raises what the client raises."""

    def refresh(self, client: Client, touched: Touched) -> None:
        """Bring rows up to date. It may be done twice, and by two processes at once. Raises what the client raises."""
