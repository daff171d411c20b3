"""What `winback doctor` looks at: each check says what it found, and if that is wrong, what to do about it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.errors import BadInputError, UnavailableError
from deploy.operate import broker, campaigns, clickhouse, http_in
from deploy.operate.health import clocks, stack, tls, written
from schemas import variables, zones
from schemas.topics import catalog
from schemas.unread_topics import unread

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from schemas.settings import Settings


class Check(NamedTuple):
    """The result of one check."""

    what: str
    ok: bool
    detail: str


def settings_shown(settings: Settings) -> dict[str, str]:
    """Every variable with its value, secrets masked."""
    from pydantic import SecretStr

    shown = {}
    for name, value in settings:
        masked = "***" if isinstance(value, SecretStr) else value
        shown[f"WINBACK_{name.upper()}"] = "-" if value is None else str(masked)
    try:
        shown["WINBACK_CLICKHOUSE"] = clickhouse.shown(settings)
    except BadInputError:
        shown["WINBACK_CLICKHOUSE"] = "not a DSN"
    return shown


async def all_of(settings: Settings, folder: Path, *, wait: float) -> list[Check]:
    """The results of all checks, each tried even when others fail; servers are waited for `wait` seconds.

    `folder` is that of a stack of `winback up`, which may run there.
    """
    found, shown = await _kafka(settings, wait), settings_shown(settings)
    for what, look in (
        ("variables", _variables),
        (f"ClickHouse {shown['WINBACK_CLICKHOUSE']}", lambda: _clickhouse(settings, wait)),
        ("arms of campaigns", lambda: _arms(settings, wait)),
        (f"campaigns {settings.campaigns or 'built in'}", lambda: _campaigns(settings.campaigns)),
        (f"aliases {settings.aliases or 'as shipped'}", lambda: _aliases(settings.aliases)),
        (f"callbacks {settings.callbacks or 'of nobody'}", lambda: http_in.callbacks_told(settings)),
        (f"state folder {settings.state_dir}", lambda: _folder(settings.state_dir)),
        ("secret", lambda: _secret(settings)),
        ("time zones", lambda: clocks.zones(zones.VERSION, datetime.now(UTC).year)),
        ("clock", lambda: _asked(settings, wait, _clock)),
        ("TLS files", lambda: tls.files(settings, time.time())),
        (f"stack in {folder}", lambda: stack.processes(folder, wait=wait)),
        ("restarts", lambda: stack.crash_loops(folder)),
        ("settings and stack", lambda: stack.same_system(folder, settings)),
        ("rates of exchange", lambda: _asked(settings, wait, lambda c: _rates(settings, c))),
        ("delivery", lambda: _delivery(settings)),
        ("mail in DNS", lambda: _mail_dns(settings, wait)),
    ):
        found.append(await asyncio.to_thread(_checked, what, look))
    return found


def _checked(what: str, look: Callable[[], str]) -> Check:
    try:
        return Check(what, ok=True, detail=look())
    except (BadInputError, UnavailableError, OSError) as problem:
        return Check(what, ok=False, detail=str(problem))


def _asked(settings: Settings, wait: float, look: Callable[[Client], str]) -> str:
    """What a look at ClickHouse says; without one that has its tables, which is told elsewhere, that there was none."""
    try:
        client = clickhouse.connect(settings, wait=wait)
    except UnavailableError:
        return "not looked at: ClickHouse does not answer"
    try:
        clickhouse.state(client)
    except UnavailableError:
        return "not looked at: migrations are missing"
    else:
        return look(client)
    finally:
        client.close()


def _clock(client: Client) -> str:
    before = time.time()
    theirs = clocks.theirs(client)
    return clocks.told(theirs, before, time.time())


def _rates(settings: Settings, client: Client) -> str:
    return written.rates(client, campaigns.load(settings.campaigns))


async def _kafka(settings: Settings, wait: float) -> list[Check]:
    what, topics = f"Kafka {settings.kafka}", "topics"
    try:
        async with broker.admin(settings, wait=wait) as client:
            have = await broker.partition_counts(client)
    except UnavailableError as problem:
        return [Check(what, ok=False, detail=str(problem))]
    answers = Check(what, ok=True, detail="answers")

    def compare() -> str:
        wanted = list(catalog(settings.partitions))
        broker.complain(have, wanted)
        return f"all {len(wanted)} there, with {settings.partitions} partitions"

    found = [answers, _checked(topics, compare), _checked("unread topics", lambda: unread_told(have))]
    if found[1].ok:
        found.append(await _awaited("dead letters", written.dead_letters(settings)))
        found.append(await _awaited("rows", _rows(settings, wait)))
    return found


async def _rows(settings: Settings, wait: float) -> str:
    done = await written.committed(settings, wait=wait)
    return await asyncio.to_thread(_asked, settings, wait, lambda client: written.rows(client, done))


async def _awaited(what: str, look: Coroutine[Any, Any, str]) -> Check:
    try:
        return Check(what, ok=True, detail=await look)
    except (BadInputError, UnavailableError, OSError) as problem:
        return Check(what, ok=False, detail=str(problem))


def unread_told(names: Iterable[str]) -> str:
    """What to say when no topic among the `names` looks like a raw topic without being one.

    Raises UnavailableError naming those that do.
    """
    found = unread(names)
    if not found:
        return "none is named like a raw topic and read by nobody"
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    raise UnavailableError(
        f"nobody reads {', '.join(str(one) for one in found[:5])}{more}: have the producer publish to the raw topic, "
        "publish again what is there, then delete the topic (docs/operators.md, Topics that nobody reads)"
    )


def _variables() -> str:
    if found := variables.unknown(os.environ):
        raise BadInputError("; ".join(found))
    return "all are settings"


def _clickhouse(settings: Settings, wait: float) -> str:
    client = clickhouse.connect(settings, wait=wait)
    try:
        return clickhouse.state(client)
    finally:
        client.close()


def _arms(settings: Settings, wait: float) -> str:
    """Whether the arms of every campaign are as large as the lot makes them."""
    try:
        client = clickhouse.connect(settings, wait=wait)
    except UnavailableError:
        return "not looked at: ClickHouse does not answer"
    try:
        clickhouse.state(client)
        return arms_told(client)
    finally:
        client.close()


def arms_told(client: Client) -> str:
    """How many campaigns have arms as large as the lot makes them. Raises UnavailableError naming the others."""
    from sinks.clickhouse.export import EVER, over

    ever = over("v_uplift", *EVER.values())
    sql = f"""SELECT campaign_id, control_customers, sample_ratio_expected, sample_ratio_p_value, sample_ratio_alarm
        FROM {ever} WHERE metric = 'conversion' AND sample_ratio_p_value IS NOT NULL"""  # noqa: S608 - the view is ours
    rows = client.query(sql).result_rows
    wrong = [
        f"{campaign} has {control:,} in control, not {expected:,.0f} (p {p_value:.1g})"
        for campaign, control, expected, p_value, alarm in rows if alarm
    ]  # fmt: skip
    if wrong:
        raise UnavailableError(
            f"{'; '.join(wrong)}: trust no comparison of them before it is clear why (docs/uplift.md)"
        )
    return f"as drawn, in {len(rows)} campaigns with a control group"


def _campaigns(path: Path | None) -> str:
    return f"{len(campaigns.load(path).by_id)} campaigns"


def _aliases(path: Path | None) -> str:
    """How many names of other vocabularies are read, and what the shop's own file changes."""
    from schemas.aliases import shop_file
    from schemas.aliases.table import Table

    try:
        own = shop_file.load(path)
    except ValueError as wrong:
        raise BadInputError(str(wrong)) from None
    known = f"{len(Table(own).meanings)} names of events"
    if path is None:
        return known
    return f"{known}; own: {len(own.events)} events, {len(own.properties)} properties; off: {len(own.off)}"


def _folder(path: Path) -> str:
    """Writable, or can be made: the nearest folder above that exists decides."""
    there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not there.is_dir():
        raise UnavailableError(f"{there} is not a folder; set WINBACK_STATE_DIR")
    probe = there / ".winback-probe"
    try:
        probe.touch()
        probe.unlink()
    except OSError as problem:
        raise UnavailableError(f"{there} cannot be written ({problem.strerror}); set WINBACK_STATE_DIR") from None
    return "can be written"


def _secret(settings: Settings) -> str:
    default: Any = type(settings).model_fields["secret"].default
    if settings.secret == default:
        return "the built-in one: fine for trying things out; set WINBACK_SECRET before real customers"
    if (given := settings.secret.get_secret_value()) != given.strip():
        return "set; it begins or ends with a blank, which counts"
    return "set"


def _delivery(settings: Settings) -> str:
    """The channels that `winback dispatch` would send on, and the webhooks that it would tell of audiences."""
    from sinks.dispatch import channels
    from sinks.dispatch.audiences import webhooks

    try:
        told = tuple(webhooks.of(settings))
        names = channels.with_address(settings)
        if names:
            channels.of(settings)
    except ValueError as wrong:
        raise BadInputError(str(wrong)) from None
    if not names and not told:
        return "off: no channel has an address"
    return ", ".join(names) + (f"{'; ' if names else ''}audiences: {', '.join(told)}" if told else "")


def _mail_dns(settings: Settings, wait: float) -> str:
    """SPF, DKIM and DMARC of the sender, when mail leaves this machine."""
    from infra.addresses import is_loopback, parse_address
    from sinks.dispatch import channels

    if not settings.dispatch_smtp:
        return "no e-mail is sent"
    try:
        host, _ = parse_address(settings.dispatch_smtp, "WINBACK_DISPATCH_SMTP")
        sender = channels.sender_of(settings)
    except ValueError as wrong:
        raise BadInputError(str(wrong)) from None
    if is_loopback(host):
        return "not looked at: the mail server is on this machine"
    from deploy.operate import mail_dns

    return mail_dns.checked(sender, mail_dns.texts(wait))
