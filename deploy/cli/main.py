"""The `winback` command. Each command is a small file in `commands/`; heavy modules are imported when one runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from deploy import console, errors
from deploy.cli.commands import (
    attribution,  # fmt: skip
    backtest,  # fmt: skip
    campaigns,  # fmt: skip
    collect,  # fmt: skip
    deadletters,  # fmt: skip
    dispatch,  # fmt: skip
    doctor,  # fmt: skip
    erase,  # fmt: skip
    events,  # fmt: skip
    imports,  # fmt: skip
    migrate,  # fmt: skip
    offer,  # fmt: skip
    once,  # fmt: skip
    page,  # fmt: skip
    profile,  # fmt: skip
    publish,  # fmt: skip
    query,  # fmt: skip
    replay,  # fmt: skip
    report,  # fmt: skip
    schema,  # fmt: skip
    simulate,  # fmt: skip
    sinks,  # fmt: skip
    sources,  # fmt: skip
    split,  # fmt: skip
    streams,  # fmt: skip
    suppressed,  # fmt: skip
    tail,  # fmt: skip
    topics,  # fmt: skip
    up,  # fmt: skip
    uplift,  # fmt: skip
)
from deploy.cli.running import StoppedError

app = typer.Typer(
    name="winback",
    help="Real-time cross-channel retargeting on Kafka. Settings: WINBACK_* variables, shown by `winback doctor`.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    up,
    once,
    replay,
    backtest,
    publish,
    simulate,
    imports,
    report,
    uplift,
    query,
    attribution,
    events,
    tail,
    profile,
    offer,
    split,
    erase,
    sources,
    suppressed,
    streams,
    sinks,
    dispatch,
    collect,
    page,
    migrate,
    topics,
    schema,
    doctor,
):
    command.add_to(app)
app.add_typer(campaigns.app, name="campaigns")
app.add_typer(deadletters.app, name="deadletters")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command in `arguments` (None: those of the process) and exit.

    Exit code 0: done, 1: something is not available or wrong, 2: bad input; one line on standard error says which.
    A fault of our own is one line as well; with WINBACK_LOG_LEVEL=debug it is shown with its traceback.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = app(given or ["--help"], standalone_mode=False, prog_name="winback")
    except typer.TyperException as problem:
        code = _fail(problem.format_message().replace("\n", " "), 2)
    except (errors.BadInputError, errors.UnavailableError) as problem:
        code = _fail(str(problem), problem.code)
    except StoppedError as problem:
        code = _fail(str(problem), problem.code)
    except (KeyboardInterrupt, typer.Abort):
        code = _fail("stopped", 130)
    except OSError as problem:
        what = f"{problem.filename}: " if problem.filename else ""
        code = _fail(f"{what}{problem.strerror or problem}", 1)
    except Exception as problem:
        if os.environ.get("WINBACK_LOG_LEVEL", "").lower() == "debug":
            raise
        code = _fail(f"{type(problem).__name__}: {problem} (WINBACK_LOG_LEVEL=debug shows where)", 1)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> int:
    console.note(f"winback: {message}")
    return code


if __name__ == "__main__":
    main()
