"""identify: the single reader of `identity.links`, the single writer of the identity graph and of time."""

from __future__ import annotations

from typing import Any

from schemas.topics import IDENTIFY_CHANGELOG, IDENTITY_LINKS
from streams.core.identify import Identify
from streams.core.identity.graph import Policy
from streams.core.protocol.ports import Emit, Store
from streams.runtime.faust_shell.agent_partitions import KeyedAgentPartitions
from streams.runtime.faust_shell.app import WinbackApp


def identify(app: WinbackApp) -> None:
    """Add the agent to the app."""
    settings = app.settings

    def make(partition: int, store: Store, emit: Emit) -> Identify:
        del partition  # there is one
        policy = Policy(device=settings.device_policy, profile_limit=settings.profile_limit)
        return Identify(store, emit, partitions=settings.partitions, policy=policy, optional=settings.optional())

    @app.feeding(KeyedAgentPartitions(app.engine, "identify", IDENTITY_LINKS, IDENTIFY_CHANGELOG, make))
    async def agent(stream: Any) -> None:
        async for chunk in app.chunks(stream):
            app.engine.feed(chunk)
