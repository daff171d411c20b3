"""Times in templates: the same text wherever and whenever it is written."""

from __future__ import annotations

import pytest

from streams.core.campaigns import CampaignFile, Campaigns
from streams.core.messaging.render import Renderer


def rendered(text: str, **scope) -> str | None:
    """A template's text for an SMS; None when it is invalid."""
    renderer = Renderer(Campaigns(CampaignFile(), {("", "t", "sms"): text}))
    found = renderer.render("t", "sms", scope)
    return None if found is None else found.body


@pytest.mark.parametrize(
    ("at", "form", "text"),
    [
        ("2026-11-21T18:32:59.333Z", "%d.%m.%Y %H:%M", "21.11.2026 18:32"),
        ("2026-11-21T23:32:59+03:00", "%d %H", "21 20"),
        (1_767_600_000, "%Y-%m-%d %s", "2026-01-05 1767600000"),
        ("1767600000000", "%%s %A", "%s Monday"),
        (0, "%H", "00"),
    ],
)
def test_times_are_shown_in_utc(at, form, text, monkeypatch):
    """Whatever zone the machine is in."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert rendered("{{ at | date: form }}", at=at, form=form) == text


@pytest.mark.parametrize("at", ["now", "today", "10 March", "", None, True, [], {}, "2026-13-01", float("nan"), -1])
def test_what_is_no_time_makes_no_message(at):
    """Also `now`: a message that is decided again must be the same."""
    assert rendered("{{ at | date: '%Y' }}", at=at) is None


def test_a_form_that_is_none_makes_no_message():
    """Nor does a name that is missing."""
    assert rendered("{{ at | date: form }}", at=0, form=5) is None
    assert rendered("{{ missing | date: '%Y' }}") is None
