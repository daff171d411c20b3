"""Work that takes memory or a processor of its own, in a process each: it ends, and its memory with it.

`python -m MODULE ARGUMENT...` is such a process; its module ends in `child.main(work)`. Settings come from the
environment. On standard output it says how far it is, `STAGE COUNT` a line; one that fails says one JSON object with
`error`, the kind, and `message`.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Final, NamedTuple

import orjson
from pydantic import SecretStr

from deploy.errors import BadInputError, OneByOneError, UnavailableError

if TYPE_CHECKING:
    from schemas.settings import Settings

FAILED: Final = 1
KINDS: Final[dict[str, type[Exception]]] = {
    "BadInputError": BadInputError, "OneByOneError": OneByOneError, "UnavailableError": UnavailableError,
    "ValueError": ValueError, "OSError": OSError,
}  # fmt: skip
"""What a process fails with on purpose, by the name it goes by between the processes."""
PIECE: Final = 1 << 16

Report = Callable[[int, str, int], None]
"""Takes which of the processes it is, counted from 0, what it is at, and how much of that is done."""


class Step(NamedTuple):
    """A process: its module, its arguments, and the settings it gets.

    With `work`, which is what the module does, it is a fork of this one, and need not import again what is there: where
    nothing but this thread is at work.
    """

    module: str
    arguments: tuple[str, ...]
    settings: Settings
    work: Callable[..., None] | None = None


class Forked:
    """A fork of this process that does the `work` of a step, with as much of `Popen` as is asked of one here."""

    def __init__(self, step: Step, work: Callable[..., None]) -> None:
        heard, said = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self._pid = os.fork()
        if not self._pid:
            os.close(heard)
            os.dup2(said, 1)
            os.close(said)
            sys.stdout = os.fdopen(1, "w", encoding="utf-8")  # whatever this process had put in its place
            os.environ.update(_env(step.settings))
            main(work, *step.arguments)
        os.close(said)
        self.stdout: IO[bytes] | None = os.fdopen(heard, "rb", buffering=0)
        self._code: int | None = None

    def wait(self) -> int:
        """Wait for its end, however many seconds it takes; returns the exit code, or a signal as a negative number."""
        if self._code is None:
            self._code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self._code

    def terminate(self) -> None:
        """Have it end."""
        if self._code is None:
            os.kill(self._pid, signal.SIGTERM)


def run(steps: Sequence[Step], report: Report = lambda *_: None) -> None:
    """Run processes side by side; returns when all have ended.

    Raises what one has failed with (`KINDS`), RuntimeError when one has ended otherwise. The others are ended then.
    """
    processes: list[subprocess.Popen[bytes] | Forked] = []
    try:
        # Those that have begun end when the next one cannot begin.
        processes.extend(_begun(step) for step in steps)
        with selectors.DefaultSelector() as heard:
            rests: dict[int, bytes] = {}
            for nth, process in enumerate(processes):
                heard.register(_out(process), selectors.EVENT_READ, nth)
            while heard.get_map():
                for key, _ in heard.select():
                    nth = key.data
                    piece = _out(processes[nth]).read(PIECE)
                    *lines, rests[nth] = (rests.get(nth, b"") + (piece or b"")).split(b"\n")
                    _hear(nth, lines, report)
                    if not piece:
                        heard.unregister(key.fileobj)
                        _end(steps[nth], processes[nth])
    except BaseException:
        for process in processes:
            process.terminate()
        raise
    finally:
        for process in processes:
            process.wait()
            _out(process).close()


def main(work: Callable[..., None], *arguments: str) -> None:
    """Do the `work` of a process with its `arguments`, and end the process: code 0, or 1 when it has failed."""
    code = FAILED
    try:
        work(*arguments)
        code = 0
    except tuple(KINDS.values()) as problem:
        kind = next(name for name, one in KINDS.items() if isinstance(problem, one))
        with suppress(OSError):  # nobody listens any more
            _write(orjson.dumps({"error": kind, "message": str(problem)}))
    except KeyboardInterrupt:
        pass
    # What the process holds goes with it: taking it apart would only take time.
    os._exit(code)


def say(stage: str, count: int) -> None:
    """Tell the parent the `count` of what is done of a `stage`."""
    _write(b"%s %d" % (stage.encode(), count))


def _begun(step: Step) -> subprocess.Popen[bytes] | Forked:
    if step.work is not None:
        return Forked(step, step.work)
    command = (sys.executable, "-P", "-m", step.module, *step.arguments)
    return subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0, env=_env(step.settings))


def _hear(nth: int, lines: Sequence[bytes], report: Report) -> None:
    for line in lines:
        if line.startswith(b"{"):
            told: Mapping[str, str] = orjson.loads(line)
            raise KINDS.get(told["error"], RuntimeError)(told["message"])
        stage, _, count = line.rpartition(b" ")
        if count.isdigit():
            report(nth, stage.decode(), int(count))


def _end(step: Step, process: subprocess.Popen[bytes] | Forked) -> None:
    if code := process.wait():
        raise RuntimeError(f"{step.module} ended with {code}")


def _out(process: subprocess.Popen[bytes] | Forked) -> IO[bytes]:
    if process.stdout is None:
        raise RuntimeError("started without a pipe")
    return process.stdout


def _write(told: bytes) -> None:
    sys.stdout.buffer.write(told + b"\n")
    sys.stdout.buffer.flush()


def _env(settings: Settings) -> dict[str, str]:
    """This environment, with what was set otherwise in these settings."""
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    plain = {name: one.get_secret_value() if isinstance(one, SecretStr) else one for name, one in given.items()}
    ours = {f"WINBACK_{name.upper()}": str(value) for name, value in plain.items() if value is not None}
    return {**os.environ, **ours}
