"""What a command may fail with on purpose: `winback` turns each into one line on standard error and an exit code."""

from __future__ import annotations


class BadInputError(Exception):
    """Something the caller gave cannot be used: exit 2. The message says what, where, and what to do."""

    code = 2


class OneByOneError(Exception):
    """Two campaigns files cannot be played in step over a history: what asked for it plays one by one."""


class UnavailableError(Exception):
    """A server that is needed does not answer, or the stack failed: exit 1. The message carries the address."""

    code = 1
