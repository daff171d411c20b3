"""The four steps that make nothing lost and nothing doubled, about once a second for each partition of a keyed agent.

1. **Compute.** The task has consumed whole records and, at `flush`, written what it holds decoded to its store.
   Fails: an exception. Nothing has left the process but outputs that are the same when they are made again.
2. **Outputs acknowledged.** Everything emitted is on the broker; what was emitted with `after` went behind the rest.
   Fails: the outputs that did go out come again after the restart, under the same deterministic ids.
3. **One unit in the changelog acknowledged**, its marker last; then the same unit as one write batch to the base.
   Fails before the marker: the unit is unfinished and ignored, its keys are repaired by the next claim; the input is
   read again from the last marker. Fails between marker and base: the base is behind and takes the unit from the
   changelog.
4. **The input offset committed** to the consumer group.
   Fails: the group is behind; processing resumes at the marker's offset, whatever the group says.

Each failure ends the worker with nothing committed beyond the last whole unit, and the supervisor starts it again.
A worker that may have lost its membership writes nothing: `guard` is asked before steps 2, 3 and 4.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from streams.core.protocol.ports import Task
from streams.metrics import COMMIT_SECONDS
from streams.runtime.state.changelog import ChangelogWriter
from streams.runtime.state.store import PartitionStore, Position
from streams.runtime.tasks.outbox import Outbox


class Committer:
    """Commits the units of one partition. `finished` is told the input offset that may be committed to the group.

    `guard` raises when this worker may not write any more.
    """

    def __init__(
        self,
        store: PartitionStore,
        outbox: Outbox,
        writer: ChangelogWriter,
        *,
        guard: Callable[[], None],
        finished: Callable[[int], None],
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._writer = writer
        self._guard = guard
        self._finished = finished

    async def commit(self, task: Task, offset: int) -> Position:
        """Steps 1 to 3, and 4 handed to the group commit; `offset` is that of the first record not consumed.

        Raises whatever fails; the unit is then not settled and must not be built on.
        """
        began = perf_counter()
        task.flush()  # 1
        await self._outbox.flush()  # 2
        self._guard()
        position = await self._writer.write(self._store.unit(), offset)  # 3: changelog
        self._store.settle(position)  # 3: base
        self._guard()
        self._finished(offset)  # 4
        COMMIT_SECONDS.observe(perf_counter() - began)
        return position
