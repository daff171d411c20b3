"""Why a raw record was not taken: the one declared list of dead-letter reasons."""

from __future__ import annotations

from enum import StrEnum


class DeadLetterReason(StrEnum):
    """Label of a dead letter: header `reason` on `dead.letters`, label of `winback_dead_letters_total`."""

    INVALID_JSON = "invalid_json"
    NOT_AN_OBJECT = "not_an_object"
    INVALID_UTF8 = "invalid_utf8"
    UNKNOWN_TYPE = "unknown_type"
    MISSING_EVENT_NAME = "missing_event_name"
    NO_IDENTIFIER = "no_identifier"
    INVALID_TIMESTAMP = "invalid_timestamp"
    TOO_LARGE = "too_large"
    INVALID_VALUE = "invalid_value"
    INTERNAL_ERROR = "internal_error"
