"""Words that public records are made of: the closed lists of states, reasons and outcomes, and common forms."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

Time = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
        description="ISO 8601, UTC, milliseconds",
        examples=["2026-11-21T18:32:59.333Z"],
    ),
]
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", examples=["5f1d7a84db00d2fce00b31a7fc73224f"])]
MessageId = Annotated[
    str, Field(pattern=r"^[0-9a-v]{48}$", examples=["5o9f1ggd5i00sbtms1j7q8kgvk2r4n0p6c3uqa8v1lhe7dmt"])
]
Money = Annotated[float, Field(description="an amount in the record's currency, exact to 1e-6", examples=[19.99])]
CallType = Literal["track", "identify", "page", "screen", "alias", "group"]
Channel = Literal[
    "web", "app", "email", "sms", "push", "messenger", "store", "marketplace", "ads", "social", "search",
    "callcenter", "broadcast", "mail",
]  # fmt: skip
CartState = Literal["none", "open", "abandoned", "converted", "emptied", "expired"]
CartReason = Literal["opened", "inactivity", "reopened", "order", "order_cancelled", "emptied", "expired"]
CartStage = Literal["cart", "checkout"]
Arm = Literal["treatment", "control"]
Outcome = Literal["sent", "held_out", "suppressed", "deferred", "cancelled"]
DecisionReason = Literal[
    "no_consent", "no_contact", "capped", "quiet_hours", "converted", "exited", "stale", "invalid_template",
    "contaminated", "channel_down",
]  # fmt: skip
TriggerType = Literal[
    "cart_abandoned", "checkout_abandoned", "browse_abandoned", "order_completed", "product_added", "price_dropped",
    "back_in_stock", "lapsed", "content_viewed", "hashtag_used", "store_nearby", "event", "message_clicked",
    "message_bounced", "segment_entered",
]  # fmt: skip
AdIdentifier = Literal["email", "email_gmail", "email_untagged", "phone", "phone_digits"]
SegmentChange = Literal["entered", "left"]
SegmentReason = Literal["event", "time", "merge", "split", "campaigns"]
MergeReason = Literal[
    "link", "alias", "device_reassigned", "first", "person_id_kept", "type_limit", "profile_limit", "typed",
    "order_reassigned", "order_kept", "made_room", "split", "split_history", "erased",
]  # fmt: skip
RefusedRule = Literal["user_limit", "type_limit", "profile_limit", "typed", "order_id"]
CreditModel = Literal["first", "last", "last_non_direct", "linear", "time_decay", "position"]
