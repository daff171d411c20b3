"""ingest: raw events of every channel become events of a profile (`profile.events`) and links (`identity.links`).

After each line it reports to identify how far its sources are: their watermarks, their committed positions and the
version of the replica it looked profiles up in.
"""

from __future__ import annotations

from typing import Any

from schemas.identifiers import Hasher
from schemas.message_ids import MessageIds
from schemas.reading import reader_of
from schemas.topics import CHANNEL_TOPICS
from streams.agents.reports import Reports
from streams.core.ingest import Ingest
from streams.core.protocol.ports import Emit
from streams.runtime.faust_shell.agent_partitions import IntakeAgentPartitions
from streams.runtime.faust_shell.app import WinbackApp
from streams.runtime.state.replica import Replica
from streams.runtime.tasks.intake import Reporter


def ingest(app: WinbackApp) -> None:
    """Add the agent to the app."""
    settings = app.settings
    secret = settings.secret.get_secret_value()
    hasher, message_ids = Hasher(secret), MessageIds(secret)
    reader = reader_of(settings)

    def make(emit: Emit, replica: Replica) -> tuple[Ingest, Reporter]:
        core = Ingest(
            emit,
            reader=reader,
            hasher=hasher,
            message_ids=message_ids,
            replica=replica.owners,
            erased=replica.erased,
            partitions=settings.partitions,
        )
        reports = Reports(
            app.engine.probe,
            core.seen,
            replica,
            wall=settings.clock == "wall",
            lateness=settings.lateness,
            steady=settings.steady(),
        )
        return core, reports

    @app.feeding(IntakeAgentPartitions(app.engine, "ingest", CHANNEL_TOPICS, make))
    async def agent(stream: Any) -> None:
        async for chunk in app.chunks(stream):
            app.engine.feed(chunk)
