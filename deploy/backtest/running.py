"""One backtest: the history is read once, two campaigns files are played over it side by side, and compared."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from deploy import console
from deploy.backtest import core, report, stored, words
from deploy.backtest.sides import Window
from deploy.errors import BadInputError, OneByOneError
from deploy.stack import child, lines, outputs
from deploy.stack.replay_steps import READ, SETTLE
from deploy.stack.spill import Spill
from schemas import topics, zones
from schemas.record import Record
from schemas.times import iso
from schemas.topics import DAY_MS
from streams.campaigns import source

if TYPE_CHECKING:
    from rich.progress import Progress

    from schemas.settings import Settings

WRITTEN: Final = (topics.RETARGETING_DECISIONS, topics.RETARGETING_MESSAGES)
CHANGES: Final = "changes.jsonl"
FIRST, LAST = date(1970, 1, 1), date(2299, 12, 31)
"""Days that times of ClickHouse can be of."""


class Asked(NamedTuple):
    """What to test: the new campaigns file, and the one in force (None: the built-in one)."""

    campaigns: Path
    against: Path | None


class Days(NamedTuple):
    """Days of the shop, both inclusive, and the history before them that is played as well (None: all there is)."""

    since: date
    until: date
    before: int | None = None


def files(
    asked: Asked, paths: Sequence[str], settings: Settings, out: Path | None, operators: Path | None = None
) -> dict[str, Any]:  # fmt: skip
    """The report of a backtest over input lines (`paths`); with `out`, what it says row by row is in files there.

    `operators`: a folder with what operators have said meanwhile (`words.of_folder`). Raises BadInputError.
    """
    checked(asked)
    lines.check(paths)
    said = words.Said([], 0)
    if operators is not None:
        merges, suppressions = words.of_folder(operators)
        unknown = sum(row["reason"] == "split" and not row.get("identifier") for row in merges)
        said = words.Said(words.words(merges, suppressions, round(settings.lateness * 1000)), unknown)
    with _place() as place, console.progress() as shown:
        regular = [_regular(path, place / f"input-{n}") for n, path in enumerate(paths)]
        played = (core.LINES, *regular)
        return _play(asked, played, settings, out, place, shown, window=Window(), recorded=None, said=said)


def history(asked: Asked, days: Days, settings: Settings, out: Path | None) -> dict[str, Any]:
    """The same over the events of ClickHouse. Raises BadInputError, UnavailableError."""
    from deploy.operate import clickhouse
    from sinks.clickhouse import history as past

    checked(asked)
    since, until = bounds(days, settings.timezone)
    first = 0 if days.before is None else max(0, since - days.before * DAY_MS)
    lateness = round(settings.lateness * 1000)
    client = clickhouse.connect(settings, wait=0)
    try:
        clickhouse.state(client)
        with _place() as place, console.progress() as shown:
            total = past.count(client, first, until)
            if not total:
                raise BadInputError(f"ClickHouse holds no events before the end of {days.until}")
            reading = shown.add_task("events", total=total)
            spooled = place / "events"
            stored.write(
                spooled, past.events(client, first, until, lateness),
                lambda done: shown.update(reading, completed=done),
            )  # fmt: skip
            shown.update(reading, completed=total)
            recorded = report.Recorded(place / "recorded", past.requests(client, until))
            merges = past.merges(client, until)
            said = words.words(merges, past.suppressions(client, until), lateness)
            unknown = sum(row["reason"] == "split" and row["identifier"] is None for row in merges)
            recorded.folder.mkdir()
            _spill_decisions(past.decisions(client, since, until), recorded.folder, settings.partitions)
            window = Window(iso(since), iso(until))
            played = (core.HISTORY, str(spooled))
            return _play(
                asked, played, settings, out, place, shown, window=window, recorded=recorded,
                said=words.Said(said, unknown),
            )  # fmt: skip
    finally:
        client.close()


def bounds(days: Days, zone: str) -> tuple[int, int]:
    """When the days begin and end in a time `zone`, in epoch milliseconds. Raises BadInputError."""
    if days.until < days.since:
        raise BadInputError(f"{days.until} is before {days.since}: name the first day, then the last one")
    if days.since < FIRST or days.until > LAST:
        raise BadInputError(f"days are from {FIRST} to {LAST}")
    return _midnight(days.since, zone), _midnight(days.until + timedelta(days=1), zone)


def checked(asked: Asked) -> None:
    """Raises BadInputError when one of the campaigns files is not valid."""
    for path in asked:
        try:
            core.loaded(str(source(path).resolve()))
        except ValueError as wrong:
            raise BadInputError(str(wrong)) from None


def _play(
    asked: Asked, played: Sequence[str], settings: Settings, out: Path | None, place: Path, shown: Progress, *,
    window: Window, recorded: report.Recorded | None, said: words.Said,
) -> dict[str, Any]:  # fmt: skip
    new, current = str(asked.campaigns.resolve()), str(source(asked.against).resolve())
    alike = core.loaded(new).version == core.loaded(current).version
    stages = (READ, f"{SETTLE} {core.NEW}", *(() if alike else (f"{SETTLE} {core.CURRENT}",)))
    bars = {stage: shown.add_task(stage, total=None) for stage in stages}
    bounds = (bound or "" for bound in window)
    files = (new, "" if alike else current)
    arguments = (str(place), *bounds, *files, words.dump(place / "said", said.words))
    shares: dict[str, dict[str, int]] = {stage: {} for stage in bars}

    def progress(_: int, said: str, done: int) -> None:
        stage, share = said.partition("/")[::2]
        shares[stage][share] = done
        shown.update(bars[stage], completed=sum(shares[stage].values()))

    def run(kind: str) -> None:
        event = settings.model_copy(update={"clock": "event"})
        # Where the database is asked there are threads, and what they hold would be held for ever in a fork.
        work = None if kind == core.HISTORY else core.play
        child.run([child.Step(core.MODULE, (*arguments, kind, *played[1:]), event, work)], progress)

    try:
        run(played[0])
    except OneByOneError:
        for side in (core.NEW, core.CURRENT):
            shutil.rmtree(place / side, ignore_errors=True)
        run(core.APART)
    for bar in bars.values():
        shown.update(bar, total=1, completed=1)
    comparing = shown.add_task("compare", total=settings.partitions)
    decided = place / core.NEW
    sides = report.Sides(
        decided, decided if alike else place / core.CURRENT, settings.partitions, window, recorded, said
    )
    with _changes(out) as write:
        found = report.build(sides, settings.timezone, write, lambda: shown.advance(comparing))
    if out is not None:
        outputs.write_spilled(out, decided, WRITTEN)
    named = {"new": str(asked.campaigns), "current": None if asked.against is None else str(asked.against)}
    return {"campaigns": {**named, "alike": alike}, **found}


@contextmanager
def _changes(out: Path | None) -> Iterator[Callable[[dict[str, Any]], None]]:
    """What writes a change as a line of a file in `out`; nothing without."""
    if out is None:
        yield lambda _: None
        return
    with (out / CHANGES).open("wb", buffering=1 << 20) as file:

        def write(row: dict[str, Any]) -> None:
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))

        yield write


@contextmanager
def _place() -> Iterator[Path]:
    with TemporaryDirectory(prefix="winback-") as place:
        yield Path(place)


def _regular(path: str, copy: Path) -> str:
    """A file that can be read twice: standard input and pipes are copied to disk first."""
    if path != "-" and Path(path).is_file():
        return str(Path(path).resolve())
    copy = copy.with_name(copy.name + (".gz" if path.endswith(".gz") else ""))
    with copy.open("wb") as file:
        if path == "-":
            shutil.copyfileobj(sys.stdin.buffer, file)
        else:
            with Path(path).open("rb") as pipe:
                shutil.copyfileobj(pipe, file)
    return str(copy)


def _midnight(day: date, zone: str) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zones.zone(zone)).timestamp() * 1000)


def _spill_decisions(rows: Iterator[dict[str, Any]], folder: Path, partitions: int) -> None:
    spill = Spill(folder)
    for row in rows:
        partition = topics.partition_of(row["profile_id"], partitions)
        spill.write(Record(topics.RETARGETING_DECISIONS, partition, 0, 0, None, orjson.dumps(row)))
    spill.close()
