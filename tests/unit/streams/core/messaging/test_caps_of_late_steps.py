"""Caps where a step is decided behind messages that have gone out since."""

from __future__ import annotations

import pytest

from streams.core.messaging.caps import capped
from streams.core.profile.state import Profile, SentMessage
from tests.support.campaigning import campaign, campaigns_of

HOUR = 3_600_000


@pytest.mark.parametrize(("at", "full"), [(9 * HOUR, True), (26 * HOUR, True), (60 * HOUR, True), (-HOUR, False)])
def test_what_went_out_since_counts(at, full):
    """A step that a late event set is decided at its own time; a message of after it fills its window, too."""
    rules = campaigns_of([campaign()], caps={"email": [{"limit": 1, "per": "24h"}]})
    message = SentMessage(at, "email", "m", "c", "s", "r", "", None, 0, "lapsed", at, at)
    profile = Profile("p", sent=[message])
    assert capped(profile, rules.file, "email", 24 * HOUR - HOUR) is full
