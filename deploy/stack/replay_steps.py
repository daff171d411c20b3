"""The two steps of `replay` that take memory, each in a process of its own: it ends, and its memory with it.

`python -m deploy.stack.replay_steps core FOLDER FILE...` runs the core over the lines and writes every output record
into the folder (deploy/stack/spill.py); `... load FOLDER DIRECTORY` takes what is there into a ClickHouse in an empty
directory. Settings come from the environment. On standard output `core` says how many lines it has read, a number a
line; a step that fails says one JSON object with `error`, the kind, and `message`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
from pydantic import SecretStr

from deploy import console
from deploy.errors import BadInputError, UnavailableError
from deploy.stack import lines
from deploy.stack.spill import Spill, read
from schemas.record import Record
from schemas.topics import OUTPUT_TOPICS

if TYPE_CHECKING:
    from schemas.settings import Settings

FAILED: Final = 1
KINDS: Final[dict[str, type[Exception]]] = {
    "BadInputError": BadInputError, "UnavailableError": UnavailableError, "ValueError": ValueError, "OSError": OSError,
}  # fmt: skip
"""What a step fails with on purpose, by the name it goes by between the processes."""


def core(files: Sequence[str], folder: Path, settings: Settings, report: console.Report) -> None:
    """Run the core over the lines of `files`, its outputs going into a folder; `report` takes how many have been read.

    Raises BadInputError with file and line, ValueError when the campaigns file is not valid, RuntimeError when the
    process has ended otherwise.
    """
    _run(("core", str(folder), *files), settings, report)


def load(folder: Path, directory: Path, settings: Settings) -> None:
    """Take the output records in a folder into an embedded ClickHouse in an empty directory.

    Raises UnavailableError when there is none to be had, RuntimeError when the process has ended otherwise.
    """
    _run(("load", str(folder), str(directory)), settings, lambda _: None)


def _run(step: Sequence[str], settings: Settings, report: console.Report) -> None:
    command = (sys.executable, "-P", "-m", "deploy.stack.replay_steps", *step)
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=_environment(settings)) as process:
        last = b""
        try:
            for said in process.stdout or ():
                last = said
                if said[:1].isdigit():
                    report(int(said))
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        _fail(last, process.returncode)


def records(files: Sequence[str], settings: Settings, report: console.Report) -> Iterator[Record]:
    """The lines of `files` as the records they would be in Kafka: partitions and offsets as `publish` gives them."""
    offsets: dict[tuple[str, int], int] = defaultdict(int)
    count = 0
    for chunk in lines.read(files, settings.partitions, event_clock=True):
        for line in chunk:
            place = (line.topic, line.partition)
            yield Record(line.topic, line.partition, offsets[place], line.timestamp, line.key, line.value)
            offsets[place] += 1
        count += len(chunk)
        report(count)


def _environment(settings: Settings) -> dict[str, str]:
    """This environment, with what was set otherwise in these settings."""
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    plain = {name: one.get_secret_value() if isinstance(one, SecretStr) else one for name, one in given.items()}
    ours = {f"WINBACK_{name.upper()}": str(value) for name, value in plain.items() if value is not None}
    return {**os.environ, **ours}


def _fail(last: bytes, code: int) -> None:
    if not last.startswith(b"{"):
        raise RuntimeError(f"a step of the replay ended with {code}")
    told = orjson.loads(last)
    raise KINDS.get(told["error"], RuntimeError)(told["message"])


def _core(folder: str, files: Sequence[str]) -> None:
    from infra import collector
    from schemas.settings import Settings
    from streams.testing import Topology

    settings = Settings()
    spill = Spill(Path(folder))
    topology = Topology(settings, outputs=spill.write)
    collector.relax_for_records()
    topology.feed(records(files, settings, lambda done: _say(b"%d" % done)))
    topology.finish()
    spill.close()


def _load(folder: str, directory: str) -> None:
    from deploy.operate import clickhouse
    from schemas.settings import Settings

    found = chain.from_iterable(read(Path(folder), topic) for topic in OUTPUT_TOPICS)
    clickhouse.load(Settings(), found, Path(directory))


def _say(told: bytes) -> None:
    sys.stdout.buffer.write(told + b"\n")
    sys.stdout.buffer.flush()


def main(step: str, folder: str, *more: str) -> int:
    """Do one step, `core` or `load`, with the records in a folder; returns the exit code."""
    try:
        if step == "core":
            _core(folder, more)
        else:
            _load(folder, *more)
    except tuple(KINDS.values()) as problem:
        kind = next(name for name, one in KINDS.items() if isinstance(problem, one))
        _say(orjson.dumps({"error": kind, "message": str(problem)}))
        return FAILED
    except KeyboardInterrupt:
        return FAILED
    return 0


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    # What the process holds goes with it: taking it apart would only take time.
    os._exit(code)
