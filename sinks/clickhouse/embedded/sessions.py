"""What requests of one `session_id` leave to the next: settings, the database, an administrator's temporary tables."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sinks.clickhouse.embedded.answers import refusal
from sinks.clickhouse.embedded.encodings import TRUE

TIMEOUT: Final = 60
"""Seconds that a session is kept without a request, where none are named."""
LONGEST: Final = 3600
"""Seconds that may be named, as a server has it."""
MOST: Final = 1000
"""Sessions at once: for one more, the one that has been idle longest is dropped."""


@dataclass
class Session:
    """What one session of a user has: `settings` by name, a `database` once it was chosen, and an open `handle`.

    Only the administrator's sessions have a handle of their own: what a reader may set is a few values.
    """

    settings: dict[str, str] = field(default_factory=dict)
    database: str | None = None
    handle: Any = None
    is_busy: bool = True
    expires: float = 0.0

    def close(self) -> None:
        """Drop what the engine keeps for it."""
        handle, self.handle = self.handle, None
        if handle is not None:
            handle.close()


@dataclass(frozen=True)
class Wish:
    """What a request says of its session. `seconds`: how long to keep it; `known`: it must be there already."""

    id: str
    seconds: int = TIMEOUT
    known: bool = False
    last: bool = False
    """Whether the session ends with this request."""


def wish(fields: Mapping[str, str]) -> Wish | None:
    """What the parameters of a URL, `fields`, say of a session; None without one. Raises EngineError."""
    if "session_id" not in fields:
        return None
    if not fields["session_id"]:
        raise refusal(744, "SESSION_ID_EMPTY", "Session id query parameter was provided, but it was empty")
    text = fields.get("session_timeout", str(TIMEOUT))
    if not text.isascii() or not text.isdecimal() or int(text) > LONGEST:
        told = f"Invalid session timeout: '{text}'; it is in seconds, {LONGEST} at most"
        raise refusal(374, "INVALID_SESSION_TIMEOUT", told)
    return Wish(
        fields["session_id"], int(text), fields.get("session_check", "0").lower() in TRUE,
        fields.get("close_session", "0").lower() in TRUE,
    )  # fmt: skip


class Sessions:
    """The sessions of all users, `most` at once. `clock`: seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = MOST) -> None:
        self._clock, self._most = clock, most
        self._sessions: dict[tuple[str, str], Session] = {}
        self._lock = threading.Lock()

    def take(self, user: str, what: Wish) -> Session:
        """The session of a `user`, for one request.

        Raises EngineError when another request has it, and when it is not there but must be, as `what` says.
        """
        self.drop_idle()
        with self._lock:
            session = self._sessions.get((user, what.id))
            if session is None and what.known:
                raise refusal(372, "SESSION_NOT_FOUND", f"Session {what.id} not found")
            if session is not None and session.is_busy:
                raise refusal(373, "SESSION_IS_LOCKED", f"Session {what.id} is locked by a concurrent client")
            if session is None:
                session = self._sessions[user, what.id] = Session()
            session.is_busy = True
        self.drop_idle()
        return session

    def give_back(self, user: str, what: Wish) -> None:
        """A request of a `user`, which had wished for `what`, has done with its session."""
        with self._lock:
            session = self._sessions[user, what.id]
            session.is_busy, session.expires = False, self._clock() + what.seconds
            if what.last:
                del self._sessions[user, what.id]
        if what.last:
            session.close()

    def drop_idle(self) -> None:
        """Drop the sessions whose time is over, and those beyond the most that there may be."""
        with self._lock:
            idle = sorted((one.expires, key) for key, one in self._sessions.items() if not one.is_busy)
            over = sum(expires <= self._clock() for expires, _ in idle)
            dropped = [self._sessions.pop(key) for _, key in idle[: max(over, len(self._sessions) - self._most)]]
        for session in dropped:
            session.close()

    def close(self) -> None:
        """Drop them all: nobody is there to use them."""
        with self._lock:
            sessions, self._sessions = list(self._sessions.values()), {}
        for session in sessions:
            session.close()
