"""message_clicked and message_bounced: what became of a message that was sent, the first time it is known."""

from __future__ import annotations

from typing import Final

from streams.core.engagement.feedback import Feedback
from streams.core.engagement.sent import is_followed
from streams.core.profile.event import Sealed
from streams.core.profile.state import Profile
from streams.core.triggers.trigger import Triggered, ref

CLICKED: Final = "message_clicked"
KINDS: Final = {"clicks": CLICKED, "bounces": "message_bounced"}
"""The trigger that a feedback may be, by what it counts as."""


def on_feedback(profile: Profile, event: Sealed, told: Feedback) -> Triggered | None:
    """The trigger that feedback of a known message is; None for any other feedback, and for what comes late.

    A click that is taken back was no person's, so the next one is the first, unless the first has been followed.
    """
    kind = KINDS.get(told.counts or "")
    if kind is None or event.late or (kind == CLICKED and is_followed(profile, told.message_id)):
        return None
    about = {"message_id": told.message_id, **{name: told.of[name] for name in ("campaign_id", "step", "channel")}}
    return Triggered(kind, event.time, event.time, ref(profile, kind, told.message_id, event.time), about=about)
