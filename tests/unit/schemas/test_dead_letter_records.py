"""Dead letters as records."""

from __future__ import annotations

import pytest

from schemas.dead_letters import dead_letter_out
from schemas.events import DeadLetter
from schemas.outputs import DeadLetterHeaders
from schemas.reasons import DeadLetterReason
from schemas.record import Record


@pytest.mark.parametrize("value", [b"\xff raw", b"", None])
def test_raw_bytes_and_headers(value: bytes | None) -> None:
    """The value is untouched, there is no key, and the headers tell why and whence, as UTF-8 text."""
    record = Record("channels.web", 6, 1834, 1_795_285_979_333, b"key", value, (("h", b"v"),))
    out = dead_letter_out(DeadLetter(DeadLetterReason.INVALID_JSON, "no JSON", record), 4)
    assert (out.topic, out.partition, out.key, out.value) == ("dead.letters", 2, None, value)
    headers = {name: content.decode() for name, content in out.headers}
    assert headers == {
        "reason": "invalid_json", "detail": "no JSON", "topic": "channels.web", "partition": "6", "offset": "1834",
        "at": "2026-11-21T18:32:59.333Z",
    }  # fmt: skip
    assert DeadLetterHeaders.model_validate(headers).reason is DeadLetterReason.INVALID_JSON


@pytest.mark.parametrize(("timestamp", "at"), [(-1, "1970-01-01T00:00:00.000Z"), (2**62, "9999-12-31T23:59:59.999Z")])
def test_absurd_record_times(timestamp: int, at: str) -> None:
    """A record's absurd time is clamped to the valid range, so that its dead letter can be written."""
    record = Record("channels.web", 0, 0, timestamp, None, None)
    headers = dict(dead_letter_out(DeadLetter(DeadLetterReason.TOO_LARGE, "x", record), 1).headers)
    assert headers["at"].decode() == at


def test_the_declared_reasons() -> None:
    """The reasons are exactly those of the contract."""
    assert " ".join(DeadLetterReason) == (
        "invalid_json not_an_object invalid_utf8 unknown_type missing_event_name no_identifier invalid_timestamp "
        "too_large invalid_value internal_error"
    )
