"""The Faust app: the three agents, in the order an event meets them."""

from __future__ import annotations

from schemas.settings import Settings
from streams.agents.identify import identify
from streams.agents.ingest import ingest
from streams.agents.journey import journey
from streams.runtime.faust_shell.app import WinbackApp


def build(settings: Settings) -> WinbackApp:
    """The app of a worker. Call it inside a running event loop."""
    app = WinbackApp(settings)
    ingest(app)  # channels.<name> -> profile.events, identity.links, dead.letters
    identify(app)  # identity.links -> identity.assignments, identity.merges, profile.events
    journey(app)  # profile.events -> stitched.events and everything decided from them, identity.links
    return app
