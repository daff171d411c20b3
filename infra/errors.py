"""Errors of the processes, and how any error is shown without a customer's data."""

from __future__ import annotations

import traceback

from aiokafka.errors import KafkaError


class PublicError(Exception):
    """An error of ours whose message may be shown: it says what, where and what to do, and holds nobody's data."""


def describe(error: BaseException) -> str:
    """The kind of an error and where it arose. Foreign errors' messages are left out: they may quote a customer."""
    name = type(error).__name__
    if isinstance(error, PublicError | KafkaError | OSError):
        name = f"{name}: {error}"
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    where = " < ".join(f"{_short(f.filename)}:{f.lineno} {f.name}" for f in reversed(frames))
    cause = error.__cause__ or error.__context__
    behind = f"; caused by {describe(cause)}" if cause is not None and cause is not error else ""
    return f"{name} at {where or 'an unknown place'}{behind}"


def _short(path: str) -> str:
    """The last two parts of a file's path."""
    return "/".join(path.split("/")[-2:])
