"""The core in a process of its own, which ends, and with it its memory, before ClickHouse is loaded.

`python -m deploy.stack.core_process FOLDER FILE...` writes every output record into the folder (deploy/stack/spill.py).
Settings come from the environment. On standard output it says how many lines it has read, a number a line; when it
fails, one JSON object with `error`, the kind, and `message`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
from pydantic import SecretStr

from deploy import console
from deploy.errors import BadInputError
from deploy.stack import lines
from deploy.stack.spill import Spill
from schemas.record import Record

if TYPE_CHECKING:
    from schemas.settings import Settings

FAILED: Final = 1


def run(files: Sequence[str], folder: Path, settings: Settings, report: console.Report) -> None:
    """Run the core over some lines, its outputs going into a folder; `report` is told how many have been read.

    Raises BadInputError with file and line, ValueError when the campaigns file is not valid, RuntimeError when the
    process has ended otherwise.
    """
    command = (sys.executable, "-P", "-m", "deploy.stack.core_process", str(folder), *files)
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
    """The lines as the records they would be in Kafka: partitions and offsets as `publish` gives them."""
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
        raise RuntimeError(f"the process that runs the core ended with {code}")
    told = orjson.loads(last)
    kinds: dict[str, type[Exception]] = {"BadInputError": BadInputError, "ValueError": ValueError, "OSError": OSError}
    raise kinds.get(told["error"], RuntimeError)(told["message"])


def main(folder: str, files: Sequence[str]) -> int:
    """Run the core; the exit code."""
    from infra import collector
    from schemas.settings import Settings
    from streams.testing import Topology

    def say(told: bytes) -> None:
        sys.stdout.buffer.write(told + b"\n")
        sys.stdout.buffer.flush()

    def report(done: int) -> None:
        say(b"%d" % done)

    try:
        settings = Settings()
        spill = Spill(Path(folder))
        topology = Topology(settings, outputs=spill.write)
        collector.relax_for_records()
        topology.feed(records(files, settings, report))
        topology.finish()
        spill.close()
    except (BadInputError, ValueError, OSError) as problem:
        kind = next(one for one in (BadInputError, ValueError, OSError) if isinstance(problem, one))
        say(orjson.dumps({"error": kind.__name__, "message": str(problem)}))
        return FAILED
    except KeyboardInterrupt:
        return FAILED
    return 0


if __name__ == "__main__":
    # What the process holds goes with it: taking it apart would only take time.
    code = main(sys.argv[1], sys.argv[2:])
    sys.stdout.flush()
    os._exit(code)
