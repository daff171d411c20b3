"""The `date` filter of templates: times in UTC, and never the time of the machine that renders them.

Liquid's own reads the clock for `now`, fills what a text leaves out from today, and takes numbers for local time; a
message must not depend on when and where it is written.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from liquid.exceptions import FilterArgumentError

from schemas.times import parse

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def date(value: Any, form: Any) -> str:
    """The text of a time, `value` (ISO 8601, or seconds or milliseconds since 1970), by strftime's directives, in UTC.

    Raises FilterArgumentError for a `value` that is no time, or a `form` that is no text.
    """
    ms = parse(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    if ms is None or not isinstance(form, str):
        raise FilterArgumentError("date expects a time (ISO 8601, or seconds since 1970) and a form", token=None)
    # As the C library has it, %s is local time.
    plain = re.sub("%(.)", lambda found: str(ms // 1000) if found[1] == "s" else found[0], str(form))
    try:
        return (_EPOCH + timedelta(milliseconds=ms)).strftime(plain)
    except ValueError as error:
        raise FilterArgumentError(str(error), token=None) from error
