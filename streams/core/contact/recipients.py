"""Where a message went, for feedback that names the message and no address: its customer may have another by now."""

from __future__ import annotations

from schemas.names import FEEDBACK_EVENTS
from streams.core.contact.statements import addresses
from streams.core.profile.event import Sealed
from streams.core.profile.state import Profile


def sent_to(profile: Profile, event: Sealed, channel: str) -> str | None:
    """The address that the event's message was sent to on a `channel`; None if the event says itself, or not which."""
    if not profile.sent or event.name not in FEEDBACK_EVENTS or channel in addresses(event):
        return None
    named = event.properties.get("message_id")
    return next((m.to for m in reversed(profile.sent) if m.message_id == named and m.channel == channel), None)
