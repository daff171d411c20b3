"""Whether an offer code is good, and why not: of what `v_offers` says of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

VALID, EXPIRED, REDEEMED, UNKNOWN = "valid", "expired", "redeemed", "unknown"
_WHY: Final = {
    VALID: "", EXPIRED: "its time is over", REDEEMED: "an order or a cart has used it",
    UNKNOWN: "no message has carried it",
}  # fmt: skip
_SHOWN: Final = ("campaign_id", "discount", "expires_at", "redeemed_at", "order_id")
"""What a till is told of a code: nothing that says whose it is."""
_LONGEST: Final = 100


class Answer(NamedTuple):
    """The answer to a question for a code: an HTTP status and a body."""

    status: int
    body: dict[str, Any]


def code_of(given: str) -> str:
    """A code as it is kept, of what was typed (`given`); empty for what can be none."""
    return given.strip().upper() if len(given) <= _LONGEST else ""


def state_of(row: Mapping[str, Any], now: datetime) -> str:
    """What a till needs to know of a row of `v_offers`: valid, expired or redeemed. Times without a zone are UTC."""
    if row["redeemed"]:
        return REDEEMED
    expires = row["expires_at"]
    return EXPIRED if expires is not None and _aware(expires) <= now else VALID


def answer(code: str, row: Mapping[str, Any] | None, now: datetime) -> Answer:
    """Of a `code`, with its row of `v_offers` (None: nobody has ever got it)."""
    state = UNKNOWN if row is None else state_of(row, now)
    said = {"code": code, "good": state == VALID, "state": state, "reason": _WHY[state]}
    if row is None:
        return Answer(404, said)
    shown = {name: row.get(name) for name in _SHOWN}
    times = {name: _text(value) for name, value in shown.items() if isinstance(value, datetime)}
    return Answer(200, {**said, **{name: value or None for name, value in shown.items()}, **times})


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(moment: datetime) -> str:
    return _aware(moment).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
