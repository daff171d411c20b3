"""What a mail says to the provider that takes it: which message its callbacks are to name. One header a provider.

Without it a provider's callbacks name the message by its Message-ID, if at all (docs/delivery.md).
"""

from __future__ import annotations

import json
from typing import Final

from sinks.dispatch.message import Message

SENDGRID, MAILGUN, POSTMARK, SES = "sendgrid", "mailgun", "postmark", "ses"
NAMES: Final = frozenset({"X-SMTPAPI", "X-Mailgun-Variables", "X-PM-Metadata-message_id", "X-SES-MESSAGE-TAGS"})
"""Headers that stand on one line as they are: nothing but ASCII, and short."""
_LONGEST: Final = 200


def of(provider: str, message: Message) -> dict[str, str]:
    """The headers of a message for the `provider` (empty: none), by name."""
    said = {"message_id": message.message_id, "campaign_id": message.campaign_id[:_LONGEST]}
    if provider == SENDGRID:
        return {"X-SMTPAPI": json.dumps({"unique_args": said})}
    if provider == MAILGUN:
        return {"X-Mailgun-Variables": json.dumps(said)}
    if provider == POSTMARK:
        return {"X-PM-Metadata-message_id": message.message_id}
    if provider == SES:
        return {"X-SES-MESSAGE-TAGS": f"message_id={message.message_id}"}
    return {}
