"""`winback deadletters`: what was not taken and why, and publishing it again once it can be."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy import console
from deploy.cli import config, letter_tables, running
from deploy.cli.commands.options import Json, Yes
from deploy.errors import BadInputError, UnavailableError

if TYPE_CHECKING:
    from deploy.letters.letter import Wanted
    from deploy.letters.reading import Found
    from deploy.letters.replaying import Plan
    from schemas.settings import Settings

WAIT = 10.0
"""Seconds for a broker to answer."""
app = typer.Typer(help="Records that were not taken: list, group, show, export and replay them.")

Reason = Annotated[str | None, typer.Option("--reason", metavar="REASON", help="Only of this reason.")]
Source = Annotated[
    str | None, typer.Option("--source", metavar="TOPIC[:PARTITION]", help="Only from this raw topic, or partition.")
]
By = Annotated[
    str | None, typer.Option("--by", metavar="NAMES", help="Count by reason, source, topic, detail, day; with commas.")
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="The newest so many.")]
Again = Annotated[bool, typer.Option("--again", help="Also what was replayed before.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and send nothing.")]
Which = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FILE|TOPIC:PARTITION:OFFSET...]",
        help="A file of `export` that was mended (- is standard input), or single letters; else all, or --reason, "
        "--source.",
    ),
]


@app.callback(invoke_without_command=True)
def deadletters(
    context: typer.Context, *, by: By = None, reason: Reason = None, source: Source = None, limit: Limit = 20,
    json: Json = False,
) -> None:  # fmt: skip
    """List the newest dead letters, or count them by what they have in common."""
    if context.invoked_subcommand is not None:
        return
    from deploy.letters import grouping, letter

    settings = config.load()
    names = None if by is None else grouping.keys(by)
    found = running.run(_found(settings, letter.wanted(settings.partitions, reason, source)))
    if names is not None:
        rows = grouping.grouped(found, names)
        _tell(rows, letter_tables.groups(names, rows), json=json)
        return
    found.sort(key=lambda one: (one.letter.refused_at, one.letter.stands), reverse=True)
    newest = [one.told() for one in found[:limit]]
    _tell(newest, letter_tables.newest(newest, len(found)), json=json)


@app.command()
def show(letter: Annotated[str, typer.Argument(metavar="TOPIC:PARTITION:OFFSET")], *, json: Json = False) -> None:
    """Show one dead letter with its bytes, which may be personal data, and whether it would be taken now."""
    from deploy.letters import letter as named

    settings = config.load()
    found = running.run(_found(settings, named.Wanted(places=frozenset([named.place_named(letter)])), values=True))
    if not found:
        raise UnavailableError(f"there is no dead letter {letter}: `winback deadletters` lists those that there are")
    from deploy.letters.replaying import Trial

    told = letter_tables.whole(found[-1], Trial(settings))
    _tell(told, letter_tables.one(told), json=json)


@app.command()
def export(*, reason: Reason = None, source: Source = None, again: Again = False) -> None:
    """Write dead letters, which may be personal data, as lines that can be mended and given to `replay`."""
    from deploy.letters import letter

    settings = config.load()
    want = letter.wanted(settings.partitions, reason, source)
    running.run(_export(settings, want, again=again))


@app.command()
def replay(
    which: Which = None, *, reason: Reason = None, source: Source = None, again: Again = False, dry_run: Dry = False,
    yes: Yes = False, json: Json = False,
) -> None:  # fmt: skip
    """Publish dead letters again that would be taken now; what would be refused is said before anything is sent."""
    from deploy.letters import letter

    settings = config.load()
    console.can_ask(yes=yes or dry_run)
    files = [one for one in which or () if one == "-" or Path(one).exists() or one.endswith(".jsonl")]
    if files:
        if len(which or ()) > 1 or reason or source:
            raise BadInputError("a file is replayed by itself: `deadletters replay FILE`")
        _replay_file(settings, files[0], again=again, dry_run=dry_run, yes=yes, json=json)
        return
    want = letter.wanted(settings.partitions, reason, source, tuple(which or ()))
    _replay(settings, want, again=again, dry_run=dry_run, yes=yes, json=json)


def _replay(settings: Settings, want: Wanted, *, again: bool, dry_run: bool, yes: bool, json: bool) -> None:
    from deploy.letters import replaying

    now = _now()
    running.run(replaying.ready_to_send(settings, wait=WAIT))
    plan = running.run(replaying.plan(settings, want, now, again=again))
    letter_tables.note(plan)
    if want.places and (plan.failing or plan.gone or not (plan.ready or plan.replayed)):
        what = "would be refused again" if plan.failing else "cannot be found any more"
        raise UnavailableError(f"nothing is sent: {'; '.join(sorted(want.places))} {what}")
    sent = 0
    if plan.ready and not dry_run:
        console.sure(f"Publish {len(plan.ready):,} records again?", yes=yes)
        sent = running.run(replaying.replay(settings, want, plan.ready, now))
    _done(plan, sent, json=json)


def _replay_file(settings: Settings, path: str, *, again: bool, dry_run: bool, yes: bool, json: bool) -> None:
    from deploy.letters import lines, replaying

    now = _now()
    given = list(lines.mended(path, settings.partitions))
    running.run(replaying.ready_to_send(settings, wait=WAIT))
    plan, ready = running.run(replaying.planned(settings, given, now, again=again))
    letter_tables.note(plan)
    if plan.failing:
        refusal, first = next(iter(plan.refused.items()))
        number, others = first.removeprefix("line "), plan.failing.total() - 1
        more = f", and {others} lines more" if others else ""
        raise BadInputError(
            f"{path}:{number}: would be refused again ({refusal.reason}: {refusal.detail}){more}; nothing is sent"
        )
    sent = 0
    if ready and not dry_run:
        console.sure(f"Publish {len(ready):,} records again?", yes=yes)
        sent = running.run(replaying.replay_lines(settings, ready, now))
    _done(plan, sent, json=json)


def _done(plan: Plan, sent: int, *, json: bool) -> None:
    if json:
        console.data({**plan.told(), "sent": sent})
    elif sent:
        console.note(f"{sent:,} records were published again")
    elif not plan.ready:
        console.note("there is nothing to replay")


async def _found(settings: Settings, want: Wanted, *, values: bool = False) -> list[Found]:
    """The letters; without `values` their bytes are let go of, as there may be more of them than memory."""
    from deploy.letters import reading
    from deploy.operate import links

    async with links.consumer(settings) as consumer:
        return [one if values else one.lean() async for one in reading.letters(consumer, settings, want)]


async def _export(settings: Settings, want: Wanted, *, again: bool) -> None:
    from deploy.letters import lines, reading
    from deploy.operate import links

    out = console.output()
    async with links.consumer(settings) as consumer:
        async for letter, replayed_at in reading.letters(consumer, settings, want):
            if again or replayed_at is None:
                out.write(lines.line(letter))
    out.flush()


def _tell(told: object, table: object, *, json: bool) -> None:
    if json:
        console.data(told)
    else:
        console.show(table)


def _now() -> int:
    return time.time_ns() // 1_000_000
