"""Schema migrations: numbered SQL files, each applied once and then never changed; views are made anew each time.

Merges and splits that were there before are resolved at the end, once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from clickhouse_connect.driver.exceptions import DatabaseError, Error

from schemas.referrers import NoReferrers
from schemas.settings import Settings
from sinks.clickhouse.client import first_line
from sinks.clickhouse.errors import SchemaError, Verdict, verdict
from sinks.clickhouse.resolved import families

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from clickhouse_connect.driver.client import Client

SQL: Final = files("sinks.clickhouse").joinpath("sql")
NAME: Final = re.compile(r"(?P<number>[0-9]{4})_[a-z0-9_]+\.sql")
BASES: Final = (
    "merge_paths.sql", "linked_profiles.sql", "split_heads.sql", "current_profiles.sql",
    "current_events.sql", "split_events.sql", "counted_events.sql", "current_activity.sql", "current_landings.sql",
    "current_touches.sql", "current_spend.sql", "current_conversions.sql", "current_orders.sql", "moved_carts.sql",
    "carts.sql", "product_carts.sql", "cart_openings.sql", "message_facts.sql",
    "channel_events.sql", "channel_people.sql", "channel_days.sql", "campaign_days.sql", "campaign_money.sql",
    "known_people.sql", "device_hours.sql", "origins.sql", "visit_origins.sql", "sources.sql", "consent_changes.sql",
    "experiment_customers.sql", "experiment_outcomes.sql", "v_journeys_daily.sql", "v_products_daily.sql",
    "v_attribution_daily.sql", "v_budget_daily.sql",
)  # fmt: skip
"""Views that others are built on, in the order in which they need each other."""
HOST: Final = re.compile(r"[\w.-]+")
ACCESS_DENIED: Final = 497
MAY_NOT_WRITE: Final = (
    "this user may only read. An embedded ClickHouse lets whoever has the password in its file write: "
    "WINBACK_HTTP_ADMIN=<folder of winback up>/clickhouse.admin"
)
BOOKKEEPING: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations
(number UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
ENGINE = ReplacingMergeTree ORDER BY number
"""


@dataclass(frozen=True)
class Script:
    """One SQL file: its name, its text, and what of it is remembered once it has been applied.

    In it `{database}` stands for the database it is applied to, where ClickHouse does not put it in by itself, and
    `{timezone}` and `{outcome_days}` for the settings of that name; `{no_referrers}` and `{no_referrer_labels}` are
    the hosts that are no referrals and the labels of such hosts, with commas between them.
    """

    name: str
    text: str

    @property
    def number(self) -> int:
        """Its place in the order of migrations."""
        return int(self.name[:4])

    @property
    def checksum(self) -> str:
        """Of the statements alone: a comment may be corrected later."""
        return hashlib.sha256("\n".join(self.statements()).encode()).hexdigest()

    def statements(self) -> list[str]:
        """The statements of the file, without comment lines, each ended there by a semicolon at the end of a line."""
        code = "\n".join(line.rstrip() for line in self.text.splitlines() if not line.lstrip().startswith("--"))
        return [part.strip() for part in re.split(r";\s*(?:\n|$)", code) if part.strip()]


def migrate(client: Client, settings: Settings | None = None) -> list[str]:
    """Bring the client's database to the newest schema. Returns the names of migrations applied; nothing to do is [].

    `settings`: views are made with its `timezone`, `outcome_days` and `no_referrers`; those of the environment when
    None.
    Raises SchemaError when a file that was applied has changed since, or the server refuses one; other errors of the
    client as they are.
    """
    try:
        client.command(BOOKKEEPING)
    except DatabaseError as error:
        if error.code != ACCESS_DENIED:
            raise
        raise SchemaError(f"{MAY_NOT_WRITE} ({first_line(error)})") from error
    rows = client.query("SELECT number, checksum FROM schema_migrations FINAL").result_rows
    known: dict[int, str] = {row[0]: row[1] for row in rows}
    settings = settings or Settings()
    words = _words(client, settings)
    applied = []
    for script in migrations():
        checksum = known.get(script.number)
        if checksum is None:
            _apply(client, script, words)
            client.insert("schema_migrations", [(script.number, script.name, script.checksum)],
                          column_names=["number", "name", "checksum"])  # fmt: skip
            applied.append(script.name)
        elif checksum != script.checksum:
            raise SchemaError(f"{script.name} was changed after it had been applied: put it back, add a new migration")
    for view in views():
        _apply(client, view, words)
    try:
        families.fill_once(client)
    except Error as error:
        if verdict(error) is Verdict.RETRY:
            raise
        raise SchemaError(f"resolving profiles: {first_line(error)}") from error
    return applied


def migrations() -> list[Script]:
    """The migrations of this version, in order. Raises SchemaError for a bad name or a number used twice."""
    found = _scripts(SQL.joinpath("migrations"))
    for script in found:
        if not NAME.fullmatch(script.name):
            raise SchemaError(f"{script.name}: a migration is named NNNN_what.sql")
    if [script.number for script in found] != list(range(1, len(found) + 1)):
        raise SchemaError("migrations must be numbered from 0001 without a gap or a repeat")
    return found


def views() -> list[Script]:
    """The views of this version: first what others are built on, then those for analysts (`v_`), by name."""
    found = {script.name: script for script in _scripts(SQL.joinpath("views"))}
    return [*(found.pop(name) for name in BASES), *found.values()]


def _scripts(folder: Traversable) -> list[Script]:
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [Script(name, folder.joinpath(name).read_text(encoding="utf-8")) for name in names]


def _words(client: Client, settings: Settings) -> dict[str, str]:
    """What stands in braces in the files, and what it stands for."""
    referrers = NoReferrers(settings.no_referrer_hosts())
    return {
        "{database}": client.database or "",
        "{timezone}": settings.timezone,
        "{outcome_days}": str(settings.outcome_days),
        "{no_referrers}": _texts(referrers.hosts),
        "{no_referrer_labels}": _texts(referrers.labels),
    }


def _texts(words: Iterable[str]) -> str:
    # What no host can have in it is left out: it is written into a statement.
    return ", ".join(f"'{word}'" for word in sorted(words) if HOST.fullmatch(word))


def _apply(client: Client, script: Script, words: Mapping[str, str]) -> None:
    for statement in script.statements():
        for name, meant in words.items():
            statement = statement.replace(name, meant)  # noqa: PLW2901 - word by word
        try:
            client.command(statement)
        except Error as error:
            if verdict(error) is Verdict.RETRY:
                raise
            raise SchemaError(f"{script.name}: {first_line(error)}") from error
