"""The stack that `winback up` runs in a folder: whether its processes answer, and how often they were restarted."""

from __future__ import annotations

import fcntl
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from deploy import ports
from deploy.errors import UnavailableError
from infra import restarts

if TYPE_CHECKING:
    from schemas.settings import Settings

OFTEN: Final = 3
"""Restarts of one process within WINDOW that are no accident any more."""
WINDOW: Final = 600.0


def runs(folder: Path) -> bool:
    """Whether a stack runs in a folder: it holds the folder's lock."""
    try:
        with (folder / ".lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def processes(folder: Path, *, wait: float) -> str:
    """What to say when every process answers within `wait` seconds. Raises UnavailableError naming the others."""
    if not runs(folder):
        return f"none runs in {folder} (--dir names another)"
    told = orjson.loads((folder / "addresses.json").read_bytes())
    silent, metrics = [], {name: url for name, url in told.items() if name.endswith(" metrics")}
    for name, url in metrics.items():
        if not _answers(url, max(wait, 0.5)):
            child = name.removesuffix(" metrics")
            silent.append(f"{child} at {url}: `tail {folder / 'logs' / child}.log` says why")
    if silent:
        raise UnavailableError(f"does not answer: {'; '.join(silent)}")
    return f"all {len(metrics)} answer" if metrics else "runs, without metrics"


def crash_loops(folder: Path) -> str:
    """What to say when no process was restarted often lately. Raises UnavailableError with the end of its log."""
    if not runs(folder):
        return "no stack runs"
    logs, now = folder / "logs", time.time()
    lately = {path.stem: restarts.since(path, now - WINDOW) for path in sorted(logs.glob(f"*{restarts.SUFFIX}"))}
    faults = [
        f"{name} was restarted {len(found)} times in {WINDOW / 60:g} minutes, at last it {found[-1]}: "
        f"`tail {logs / name}.log` says why ({_last_line(logs / f'{name}.log')})"
        for name, found in lately.items()
        if len(found) >= OFTEN
    ]
    if faults:
        raise UnavailableError("; ".join(faults))
    return f"{sum(map(len, lately.values()))} restarts in the last {WINDOW / 60:g} minutes"


def same_system(folder: Path, settings: Settings) -> str:
    """What to say when the settings are about the stack in a folder. Raises UnavailableError when about another."""
    if not runs(folder):
        return "no stack runs"
    told = orjson.loads((folder / "addresses.json").read_bytes())
    faults = []
    if told["Kafka"] != settings.kafka.replace("localhost", ports.HOST):
        faults.append(f"export WINBACK_KAFKA={told['Kafka']}")
    if (told.get("group") or settings.group) != settings.group:
        faults.append(f"export WINBACK_GROUP={told['group']}")
    web = told["ClickHouse HTTP"].removeprefix("http://")
    if web not in settings.clickhouse.get_secret_value().replace("localhost", ports.HOST):
        faults.append(f"export WINBACK_CLICKHOUSE=http://{web}/winback")
    if faults:
        raise UnavailableError(f"the settings are about another system than the stack in {folder}: {'; '.join(faults)}")
    data = folder / "clickhouse"
    if not any(data.glob("*")):
        raise UnavailableError(
            f"{data} is gone while the sinks write there: stop `winback up` and start it again, and it is filled anew"
        )
    return f"the settings are those of the stack in {folder}"


def _answers(url: str, seconds: float) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=seconds) as answer:  # noqa: S310 - from a file of the stack's own
            return bool(answer.status == 200)
    except OSError:
        return False


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return "it has no log"
    return lines[-1][:200] if lines else "its log is empty"
