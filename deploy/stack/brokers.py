"""The broker that a stack brings along: the embedded one (noida-db), or an Apache Kafka of its own.

**The embedded broker acknowledges what it has only in memory**, and writes its whole log every few seconds and when it
is stopped by SIGTERM. Killed, it goes back to what it wrote last, which is everything as of one moment: raw events,
the state's changelogs, what was sent, and which offsets were committed. So that moment is a consistent one, as long as
nobody who remembers more adds to it. Therefore, after such an end,

- the workers and sinks are killed before the broker is started again (supervisor.Ground), and
- the local state of the workers is removed: it may be ahead of its changelog, and is rebuilt from it.

What was lost is as if it had never been published, and people are told so. Published once more it is counted once,
because events, messages and rows have ids that do not depend on when they were published.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path
from typing import Final

from deploy.errors import BadInputError, UnavailableError
from deploy.stack.supervisor import Ground, Spec

APACHE: Final = "apache"
EMBEDDED: Final = "embedded"
NAME: Final = "kafka"
"""Of the broker's process, and so of its log and pid files."""
FORGETS: Final = (
    "the embedded broker loses what it acknowledged in the last seconds when it is killed or the power fails; "
    "`winback up --kafka apache` keeps it through a kill"
)
LOST: Final = (
    "the embedded broker was not stopped but killed: what it acknowledged in its last seconds may be gone. Publish "
    "again what was sent in the last minute before; what is still there is not counted twice"
)


def settle(folder: Path, kafka: str | None) -> None:
    """Note which broker a folder's state belongs to, as --kafka says (`kafka`). Raises UnavailableError for another.

    The state and ClickHouse speak of the offsets of one broker, and would take another's records for known ones.
    """
    kind = kafka if kafka == APACHE else EMBEDDED if kafka is None else "existing"
    noted = folder / "broker"
    before = noted.read_text(encoding="utf-8").strip() if noted.exists() else EMBEDDED
    if before != kind and any(next((folder / name).glob("*/*"), None) for name in ("state", "clickhouse")):
        words = {APACHE: "--kafka apache", EMBEDDED: "no --kafka", "existing": "--kafka HOST:PORT"}
        raise UnavailableError(
            f"{folder} holds what came from another broker ({words.get(before, before)}): start it with that, or "
            "choose another folder with --dir"
        )
    noted.write_text(f"{kind}\n", encoding="utf-8")


def own(
    folder: Path, kafka: str | None, port: int, *, ready: Callable[[], Awaitable[None]], say: Callable[[str], None]
) -> Spec | None:
    """The broker to run on a port of this machine, as --kafka says (`kafka`); None when an existing one is used.

    `ready` returns when the broker has its topics; `say` takes a line for the user. Raises UnavailableError.
    """
    if kafka is None:
        return _embedded(folder, port, ready, say)
    if kafka != APACHE:
        return None
    from deploy.kafka import run
    from infra.folders import private

    run.require_java()
    data = folder / "kafka-apache"
    private(data)
    if not run.fetched():
        say("fetching Apache Kafka from Maven Central; this happens once")
    return Spec(NAME, run.prepared(data, port, run.SESSION_MS), ground=Ground(ready))


def checked(kafka: str | None) -> None:
    """Raises BadInputError when `kafka` (--kafka) is neither a kind of broker nor an address."""
    if kafka not in (None, APACHE) and not kafka.rpartition(":")[2].isdigit():
        raise BadInputError(f"--kafka {kafka}: `apache`, or the host:port of a broker that runs")


def _embedded(folder: Path, port: int, ready: Callable[[], Awaitable[None]], say: Callable[[str], None]) -> Spec:
    if not _installed():
        raise UnavailableError("the embedded broker is not installed: pip install 'winback[embedded]'")
    program, unsaved = files("noida_db").joinpath("noida-db"), folder / "kafka.unsaved"

    def lost() -> None:
        say(LOST)
        for place in (folder / "state").glob("*/*/"):
            shutil.rmtree(place)

    if unsaved.exists():
        lost()
    data = str(folder / "kafka")
    command = (str(program), "start", "--only", "kafka", "--kafka-port", str(port), "--data-dir", data)
    return Spec(NAME, command, ground=Ground(ready, unsaved, lost))


def _installed() -> bool:
    from importlib.util import find_spec

    return find_spec("noida_db") is not None and os.name == "posix"
