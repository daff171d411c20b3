"""Messages from templates."""

from __future__ import annotations

import pytest

from streams.core.campaigns import CampaignFile, Campaigns
from streams.core.messaging.render import Renderer
from streams.core.messaging.template_scope import with_message_id


def renderer(text: str, channel: str = "email") -> Renderer:
    """One template by the name t."""
    return Renderer(Campaigns(CampaignFile(), {("", "t", channel): text}))


def test_subject_and_body_are_told_apart():
    """The first line is the subject, the rest after a blank line the body."""
    rendered = renderer("subject: Hello {{ name }}\n\n<p>{{ name }}</p>").render("t", "email", {"name": "Ann"})
    assert rendered is not None
    assert tuple(rendered) == ("Hello Ann", "<p>Ann</p>")


def test_html_is_escaped_in_mail_and_not_in_a_text_message():
    """A product's name must not become markup; on SMS there is none."""
    scope = {"name": "<b>&"}
    mail, text = (
        renderer("{{ name }}").render("t", "email", scope),
        renderer("{{ name }}", "sms").render("t", "sms", scope),
    )
    assert mail is not None
    assert text is not None
    assert (mail.body, text.body) == ("&lt;b&gt;&amp;", "<b>&")


@pytest.mark.parametrize("text", ["{{ missing }}", "{{ cart.nothing }}", "{% if %}", "{{ name | no_such_filter }}"])
def test_what_is_missing_or_wrong_gives_no_message(text):
    """A half filled message is worse than none."""
    assert renderer(text).render("t", "email", {"name": "Ann", "cart": {}}) is None


@pytest.mark.parametrize(
    "text",
    [
        "{{ missing | default: 'you' }}", "{{ missing.too | default: 'you' }}", "{{ cart.nothing | default: 'you' }}",
        "{{ list[9].name | default: 'you' }}", "{{ missing | default: name }}",
        "{{ missing | default: 'YOU' | downcase }}",
        "{% assign x = missing | default: 'you' %}{{ x }}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("channel", ["email", "push"])
def test_default_stands_in_for_a_name_that_is_missing(text, channel):
    """Of a value, of a part of it, of an item; what stands in may not be missing itself."""
    made = renderer(text, channel).render("t", channel, {"name": "you", "cart": {}, "list": []})
    assert made is not None
    assert made.body == "you"
    assert renderer("{{ a | default: b }}", channel).render("t", channel, {}) is None


def test_a_template_cannot_read_files_or_attributes():
    """Includes find nothing and underscored names lead nowhere."""
    assert renderer("{% include '/etc/passwd' %}").render("t", "email", {}) is None
    assert renderer("{{ name.__class__ }}").render("t", "email", {"name": "Ann"}) is None


@pytest.mark.parametrize(
    ("url", "tagged"),
    [
        ("https://shop.example/p", "https://shop.example/p?wb_mid=m"),
        ("https://shop.example/p?a=1#top", "https://shop.example/p?a=1&wb_mid=m#top"),
    ],
)
def test_a_link_tells_its_message(url, tagged):
    """The page's own address, its query and fragment kept."""
    assert with_message_id(url, "m") == tagged
