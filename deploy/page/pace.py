"""When ClickHouse is asked again: never for what cannot have changed, and seldom beyond a share of its process.

ClickHouse embedded runs in the process of the sinks, so what the page asks is taken from them. The page's account is
credited with a share of the processor time that the sinks have used, since they were started, and charged with the
seconds that each question took, which are no less than its processor time: a question runs on one thread. A question
that the account does not cover waits, but not for ever: where hardly anything is written, the share is next to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from deploy.page.questions import Question

SHARE: Final = 0.015
"""Of the sinks' processor time, what all questions together may take; each scrape of metrics comes on top."""
EMPTY: Final = 2.0
"""How many of its rests a question without an answer waits at most: a page that stays empty is of no use either."""
UNMEASURED: Final = 100.0
"""How many times as long as it took a question rests where nobody says how much processor time the sinks have used."""


@dataclass
class Account:
    """The processor time that questions may take, in seconds."""

    share: float = SHARE
    measured: bool = False
    """Whether the sinks say how much they have used."""
    _used: float = 0.0
    _balance: float = 0.0

    @property
    def covered(self) -> bool:
        """Whether a question may be asked."""
        return self._balance >= 0

    def credit(self, used: float | None) -> None:
        """The sinks have `used` so many seconds since they were started; None: they do not say."""
        self.measured = used is not None
        if used is not None:
            self._balance += self.share * (used - self._used if used >= self._used else used)
            self._used = used

    def charge(self, seconds: float) -> None:
        """A question has taken so many seconds."""
        self._balance -= seconds


@dataclass
class Asked:
    """The last time a question was asked: when (`at`, seconds), how long it took, how many rows its tables had."""

    at: float
    took: float
    rows: float | None
    failed: bool
    empty: bool


@dataclass
class Pace:
    """Which question is due. A first answer is never waited for: a page that says nothing is of no use."""

    account: Account = field(default_factory=Account)
    _asked: dict[str, Asked] = field(default_factory=dict)

    def due(self, question: Question, now: float, rows: Mapping[str, float] | None) -> bool:
        """Whether to ask at `now` (seconds), `rows` having been written by table since the sinks were started."""
        last = self._asked.get(question.name)
        if last is None:
            return True
        if now - last.at < max(question.every, 0.0 if self.account.measured else UNMEASURED * last.took):
            return False
        longest = EMPTY * question.every if last.empty else question.longest
        if not self.account.covered and now - last.at < longest:
            return False
        return last.failed or rows is None or _written(question, rows) != last.rows

    def asked(
        self, question: Question, now: float, took: float, rows: Mapping[str, float] | None, *, failed: bool = False,
        empty: bool = False,
    ) -> None:  # fmt: skip
        """Note a question asked at `now` (seconds), which `took` so many and may have `failed`.

        `rows` are those before it was asked; `empty`: there was nothing to tell of yet.
        """
        self.account.charge(took)
        written = None if rows is None else _written(question, rows)
        self._asked[question.name] = Asked(now, took, written, failed, empty)


def _written(question: Question, rows: Mapping[str, float]) -> float:
    return sum(rows.get(table, 0.0) for table in question.tables)
