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


@pytest.mark.parametrize(
    ("at", "text"),
    [("now", "2026-11-21"), (" Today ", "2026-11-21"), ("10 March", "2026-03-10"), ("March 5, 2025", "2025-03-05"),
     ("5 Mar 2025 23:30 -02:00", "2025-03-06")],
)  # fmt: skip
def test_what_a_time_leaves_out_is_that_of_the_message(at, text):
    """Never the clock's: a message that is decided again must be the same."""
    assert rendered("{{ at | date: '%F' }}", at=at, now="2026-11-21T18:32:59.333Z") == text


@pytest.mark.parametrize(
    ("at", "text"),
    [("", ""), (None, ""), ([], ""), (True, "true"), ({}, "{}"), ("2026-13-01", "2026-13-01"), ("unknown", "unknown"),
     (-1, "-1"), (float("nan"), "nan"), ("9" * 200, "9" * 200)],
)  # fmt: skip
def test_what_is_no_time_is_shown_as_it_is(at, text):
    """As Ruby does it, and nothing for nil."""
    assert rendered("{{ at | date: '%Y' }}", at=at) == text


def test_a_form_that_is_missing_makes_no_message():
    """Nor does a time that is; a form that is nil leaves the time as it is."""
    assert rendered("{{ at | date: missing }}", at=0) is None
    assert rendered("{{ missing | date: '%Y' }}") is None
    assert rendered("{{ at | date: form }}", at=0, form=None) == "0"


@pytest.mark.parametrize("channel", ["email", "sms", "push"])
def test_dates_are_the_same_on_every_channel(channel):
    """From a literal, from what was captured, from what another filter made, and from a value."""
    text = (
        "{{ '2026-03-05' | date: '%d.%m.' }} {% capture d %}2026-03-05{% endcapture %}{{ d | date: '%d.%m.' }} "
        "{{ at | append: '' | date: '%d.%m.' }} {{ at | date: '%d.%m.' }}"
    )
    found = Renderer(Campaigns(CampaignFile(), {("", "t", channel): text})).render("t", channel, {"at": "2026-03-05"})
    assert found is not None
    assert found.body == "05.03. 05.03. 05.03. 05.03."
