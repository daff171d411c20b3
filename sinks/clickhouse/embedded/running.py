"""The queries under way: by their ids, whose they are, and how one is ended before its time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from sinks.clickhouse.embedded.answers import EngineError, refusal

log = logging.getLogger("winback.http")

AGAIN: Final = 0.02
"""Seconds until a query that is to end is looked at again: it may not have begun yet when the engine was told."""
CANCELLED: Final = 394


@dataclass
class Task:
    """One query. `id`: as its client named it, or a new one; `why`: what its client is told when it was ended.

    `format`: of its answer, once that is known; `ended`: when the engine has done with it.
    """

    id: str
    user: str
    format: str | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    why: EngineError | None = None


class Running:
    """The queries under way, at most `most`. `kill` tells the engine to end those with these ids."""

    def __init__(self, most: int, kill: Callable[[Collection[str]], None]) -> None:
        self._most, self._kill = most, kill
        self._tasks: dict[str, Task] = {}
        self._lock = threading.Lock()
        self._killer: threading.Thread | None = None

    def enter(self, task: Task) -> None:
        """A query begins. Raises EngineError when there are too many, or one has its id."""
        with self._lock:
            if len(self._tasks) >= self._most:
                told = f"Too many simultaneous queries. Maximum: {self._most}"
                raise refusal(202, "TOO_MANY_SIMULTANEOUS_QUERIES", told)
            if task.id in self._tasks:
                told = f"Query with id = {task.id} is already running"
                raise refusal(216, "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING", told)
            self._tasks[task.id] = task

    def leave(self, task: Task) -> None:
        """A query has ended or will not begin, and its answer is sent or given up."""
        task.ended.set()
        with self._lock:
            del self._tasks[task.id]

    def of(self, user: str | None) -> list[Task]:
        """The queries of a user; of everybody for None."""
        with self._lock:
            return [task for task in self._tasks.values() if user in (None, task.user)]

    def cancel(self, tasks: Iterable[Task], why: EngineError | None = None) -> None:
        """End these queries, by and by; their clients are told `why`."""
        with self._lock:
            for task in tasks:
                task.why = task.why or why or refusal(CANCELLED, "QUERY_WAS_CANCELLED", "Query was cancelled")
            if self._killer is None:
                self._killer = threading.Thread(target=self._end, name="kill", daemon=True)
                self._killer.start()

    def cancel_all(self) -> None:
        """End every query: nobody is there to answer."""
        with self._lock:
            tasks = list(self._tasks.values())
        self.cancel(tasks)

    def _end(self) -> None:
        while True:
            with self._lock:
                doomed = [task for task in self._tasks.values() if task.why is not None and not task.ended.is_set()]
                if not doomed:
                    self._killer = None
                    return
            try:
                self._kill([task.id for task in doomed])
            except EngineError as error:
                log.warning("queries could not be ended: %s", error)
            doomed[0].ended.wait(AGAIN)
