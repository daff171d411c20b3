"""State remembers which secret it was made with: another would make every customer a stranger, without a word.

The fingerprint (schemas/fingerprint.py) is a key of each partition's state, written by the first claim, so it is
wherever the state is: in the local base, in the changelog, on the next machine. A copy lies in the state folder, so
that a worker with another secret is refused before it has said anything to anybody.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from infra import files
from schemas.fingerprint import SALT_BYTES, fingerprint, fits, salt_of
from streams.runtime.errors import SecretError, StateFormatError
from streams.runtime.state.store import RESERVED, Base

log = structlog.get_logger("winback.secret")

KEY: Final = RESERVED + b"secret"
"""The key of state that holds the fingerprint."""
NAME: Final = "secret.fingerprint"
"""The file of a state folder that holds it."""


class SecretCheck:
    """Compares what state says with the secret that is set. `folder`: the worker's state folder, None without one."""

    def __init__(self, secret: str, folder: Path | None) -> None:
        self._secret = secret
        self._folder = folder
        self._own: bytes | None = None

    def folder(self) -> None:
        """Compare the copy in the state folder, if there is one. Raises SecretError."""
        if self._folder is None:
            return
        with suppress(OSError):
            self._check((self._folder / NAME).read_bytes(), f"{self._folder} (WINBACK_STATE_DIR)")

    def claimed(self, base: Base, where: str) -> dict[bytes, bytes]:
        """What the claim of a partition has to write: the fingerprint, if its state `base` has none.

        `where` names the state, for the error. Raises SecretError for state of another secret, StateFormatError for
        state with units and no fingerprint: versions that wrote none kept profiles in another form.
        """
        stored = base.get(KEY)
        if stored is not None and self._check(stored, where):
            return {}
        if stored is None and base.position() is not None:
            raise StateFormatError(
                f"the state in {where} was written by an earlier version of Winback, in a form that this one cannot "
                "read: begin anew with a new state folder and new topics (with `winback up`: another --dir)"
            )
        return {KEY: self._mine()}

    def keep(self) -> None:
        """Put a copy into the state folder, once a partition's state has been seen to fit."""
        if self._folder is None or (self._folder / NAME).exists():
            return
        try:
            files.put(self._folder / NAME, self._mine() + b"\n", private=True)
        except OSError as error:
            log.warning("the fingerprint of the secret could not be kept", folder=str(self._folder), error=str(error))

    def _check(self, stored: bytes, where: str) -> bool:
        """Whether it is a fingerprint, and of this secret. Raises SecretError."""
        try:
            if not fits(stored, self._secret):
                raise SecretError(refusal(where))
        except ValueError:
            log.warning("the fingerprint of the secret cannot be read; it is written anew", where=where)
            return False
        if self._own is None:
            self._own = fingerprint(self._secret, salt_of(stored))
        return True

    def _mine(self) -> bytes:
        if self._own is None:
            self._own = fingerprint(self._secret, os.urandom(SALT_BYTES))
        return self._own


def refusal(where: str) -> str:
    """The one line that says what is wrong, where, and what to do."""
    return (
        f"the state in {where} was made with another WINBACK_SECRET: set that one again, or every customer would be a "
        "stranger; to begin anew with this one, use a new state folder and new topics"
    )
