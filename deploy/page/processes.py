"""Which processes there are: as WINBACK_PAGE_PROCESSES names them, else those of the stack in a folder."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from deploy.errors import BadInputError
from infra.addresses import parse_address

SETTING: Final = "WINBACK_PAGE_PROCESSES"
METRICS: Final = " metrics"
"""How the names of metrics end in a stack's addresses.json."""


class Process(NamedTuple):
    """A process: its name, its metrics (host:port), and how often it was started again (None: nobody counts).

    Of one without metrics, as the broker, the address is empty, and `runs` says whether its supervisor sees it run.
    """

    name: str
    address: str
    restarts: int | None = None
    runs: bool = True


def finder(named: str, folder: Path) -> Callable[[], list[Process]]:
    """A function that tells the processes of now: those `named` by the setting, or of the stack in a `folder`.

    Raises BadInputError for a setting that cannot be read.
    """
    if chosen := parsed(named):
        return lambda: list(chosen)
    return lambda: of_stack(folder)


def parsed(text: str) -> list[Process]:
    """The processes in a `text` such as `streams=10.0.0.1:9464, sinks=10.0.0.2:9464`. Raises BadInputError."""
    found = []
    for one in text.replace(",", " ").split():
        name, equals, address = one.partition("=")
        if not (name and equals):
            raise BadInputError(f"{SETTING}: {one!r} is not name=host:port")
        try:
            parse_address(address, SETTING)
        except ValueError as wrong:
            raise BadInputError(str(wrong)) from None
        found.append(Process(name, address))
    if len({process.name for process in found}) < len(found):
        raise BadInputError(f"{SETTING}: two processes have the same name")
    return found


def of_stack(folder: Path) -> list[Process]:
    """The processes of the stack in a `folder`, as its addresses.json tells; none without one."""
    try:
        told = orjson.loads((folder / "addresses.json").read_bytes())
        pairs = [(str(name), str(address)) for name, address in told.items()]
    except (OSError, ValueError, AttributeError):
        return []
    logs = folder / "logs"
    measured = {
        name.removesuffix(METRICS): address.removeprefix("http://").removesuffix("/metrics")
        for name, address in pairs
        if name.endswith(METRICS)
    }
    others = sorted({path.stem for path in logs.glob("*.restarts")} - set(measured))
    return [
        *(Process(name, address, _restarts(logs / f"{name}.restarts")) for name, address in measured.items()),
        *(Process(name, "", _restarts(logs / f"{name}.restarts"), (logs / f"{name}.pid").exists()) for name in others),
    ]


def _restarts(path: Path) -> int | None:
    with suppress(OSError, ValueError):
        return int(path.read_text(encoding="utf-8"))
    return None
