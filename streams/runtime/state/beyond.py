"""Offsets beyond a log's end: said, counted, and never taken for read.

A broker may go back to an earlier moment: killed before it has written what it acknowledged, or put back from a copy.
Then what is remembered elsewhere is ahead of it. What that means differs:

- **A base ahead of its changelog** (restore.py) is removed and rebuilt: the changelog is the truth,
  because outputs, offsets and the other partitions' states are in the same broker and went back with it.
- **A changelog ahead of its input** begins at the input's end: what it has taken in and is no longer there is not
  undone, and what comes now under those offsets is processed. The claim writes this, so it holds from then on.
- **A group that has committed ahead of a raw topic** begins `AGAIN_MS` before its end, because records may have come
  between the loss and its detection. What is read twice so is dropped, as an event is when its producer repeats it.
- **While a worker runs**, the watchdog and the replica see that an end has gone back. The worker ends, and the next
  start is one of the above. A producer that the broker does not know any more (error 45) ends it likewise.

Offsets that have been passed again before anybody looks cannot be told from those of before.
"""

from __future__ import annotations

from typing import Final

import structlog
from faust.types import TP

from streams.metrics import BEYOND_END
from streams.runtime.errors import TopicError

log = structlog.get_logger("winback.beyond")

AGAIN_MS: Final = 600_000
"""Well within the day for which repeats of an event are known."""


def say(tp: TP, known: int, end: int, what: str) -> None:
    """Somebody remembers an offset (`known`) that is beyond the `end`; `what` is done about it."""
    BEYOND_END.labels(tp.topic).inc()
    log.error(
        "the broker has lost records: an offset is beyond the end of its log",
        topic=tp.topic, partition=tp.partition, known=known, end=end, then=what,
    )  # fmt: skip


def check(tp: TP, known: int, end: int) -> None:
    """Raises TopicError when a log that was read up to the offset `known` is shorter now: its `end` is before it."""
    if end < known:
        raise TopicError(
            f"{tp.topic} partition {tp.partition} ends at offset {end} and was read up to {known}: the broker has lost "
            "records; the worker stops and begins anew with what is there"
        )
