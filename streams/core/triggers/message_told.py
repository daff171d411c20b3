"""message_clicked and message_bounced: what became of a message that was sent, the first time it is known."""

from __future__ import annotations

from typing import Final

from streams.core.engagement.feedback import Feedback
from streams.core.profile.event import Sealed
from streams.core.profile.state import Profile
from streams.core.triggers.trigger import Triggered, ref

KINDS: Final = {"clicks": "message_clicked", "bounces": "message_bounced"}
"""The trigger that a feedback may be, by what it counts as."""


def on_feedback(profile: Profile, event: Sealed, told: Feedback) -> Triggered | None:
    """The trigger that feedback of a known message is; None for any other feedback, and for what comes late."""
    kind = KINDS.get(told.counts or "")
    if kind is None or event.late:
        return None
    about = {"message_id": told.message_id, **{name: told.of[name] for name in ("campaign_id", "step", "channel")}}
    return Triggered(kind, event.time, event.time, ref(profile, kind, told.message_id), about=about)
