"""journey: profiles and everything decided about them, one task for each partition of `profile.events`."""

from __future__ import annotations

from typing import Any

from schemas.referrers import NoReferrers
from schemas.topics import JOURNEY_CHANGELOG, PROFILE_EVENTS
from streams import campaigns
from streams.core.journey import Journey
from streams.core.protocol.ports import Emit, Store
from streams.runtime.faust_shell.agent_partitions import KeyedAgentPartitions
from streams.runtime.faust_shell.app import WinbackApp


def journey(app: WinbackApp) -> None:
    """Add the agent to the app. Raises ValueError for a campaigns file that cannot be used."""
    settings = app.settings
    secret = settings.secret.get_secret_value()
    rules = campaigns.load(settings.campaigns)
    hosts = NoReferrers(settings.no_referrer_hosts())

    def make(partition: int, store: Store, emit: Emit) -> Journey:
        return Journey(
            store, emit, partition=partition, partitions=settings.partitions, campaigns=rules, secret=secret,
            no_referrers=hosts, unsubscribe=settings.unsubscribe_url,
        )  # fmt: skip

    @app.feeding(KeyedAgentPartitions(app.engine, "journey", PROFILE_EVENTS, JOURNEY_CHANGELOG, make))
    async def agent(stream: Any) -> None:
        async for chunk in app.chunks(stream):
            app.engine.feed(chunk)
