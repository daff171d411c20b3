"""Expressions give what Ruby's reference implementation gives: a table it wrote once (tests/data/liquid)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streams.core.campaigns import CampaignFile, Campaigns
from streams.core.messaging.render import Renderer

TABLE = json.loads((Path(__file__).parents[5] / "data/liquid/ruby-liquid.json").read_text(encoding="utf-8"))
REFUSED = {"{{ i | divided_by: 0.0 }}", "{% if i contains 7 %}a{% else %}b{% endif %}"}
"""Ruby prints Infinity, and says that no number contains another; here there is no message."""


def written(text: str, channel: str) -> str | None:
    """A template's text on a channel; None where there is no message."""
    made = Renderer(Campaigns(CampaignFile(), {("", "t", channel): text})).render("t", channel, TABLE["scope"])
    return None if made is None else made.body


@pytest.mark.parametrize(("text", "ruby"), TABLE["rows"], ids=range(len(TABLE["rows"])))
def test_an_expression_gives_what_ruby_gives(text, ruby):
    """Every standard filter and tag; what Ruby refuses gives no message."""
    made = written(text, "push")
    if text in REFUSED:
        assert made is None
    else:
        assert made == (None if ruby is None else ruby.strip())


def test_the_table_has_every_filter_of_ruby():
    """So that none is left out of the comparison."""
    shown = " ".join(text for text, _ in TABLE["rows"])
    filters = [
        "abs",
        "append",
        "at_least",
        "at_most",
        "base64_decode",
        "base64_encode",
        "base64_url_safe_decode",
        "base64_url_safe_encode",
        "capitalize",
        "ceil",
        "compact",
        "concat",
        "date",
        "default",
        "divided_by",
        "downcase",
        "escape",
        "escape_once",
        "first",
        "floor",
        "join",
        "last",
        "lstrip",
        "map",
        "minus",
        "modulo",
        "newline_to_br",
        "plus",
        "prepend",
        "remove",
        "remove_first",
        "remove_last",
        "replace",
        "replace_first",
        "replace_last",
        "reverse",
        "round",
        "rstrip",
        "size",
        "slice",
        "sort",
        "sort_natural",
        "split",
        "strip",
        "strip_html",
        "strip_newlines",
        "times",
        "truncate",
        "truncatewords",
        "uniq",
        "upcase",
        "url_decode",
        "url_encode",
        "where",
    ]
    assert [name for name in filters if f"| {name}" not in shown] == []


@pytest.mark.parametrize(
    ("text", "mail"),
    [
        ("{{ html }}", "&lt;b&gt;Tom &amp; &quot;Jerry&#39;s&quot;&lt;/b&gt;"),
        ("{{ html | escape }}", "&lt;b&gt;Tom &amp; &quot;Jerry&#39;s&quot;&lt;/b&gt;"),
        ("{{ html | escape | escape | upcase }}", "&lt;B&gt;TOM &amp; &quot;JERRY&#39;S&quot;&lt;/B&gt;"),
        ("{{ entity | escape_once }}", "1 &lt; 2 &amp; 3"),
        ("{{ html | size }} {{ html | escape | size }}", "22 22"),
        ("{{ html | append: '!' | truncate: 9, '' }}", "&lt;b&gt;Tom &amp;"),
        ("{{ html | strip_html | upcase }}", "TOM &amp; &quot;JERRY&#39;S&quot;"),
        ("{{ html | slice: 7, 1 }}", "&amp;"),
        ("{{ html | split: '&' | first }}", "&lt;b&gt;Tom"),
        ("{{ html | replace: '&', 'and' | remove: '<b>' }}", "Tom and &quot;Jerry&#39;s&quot;&lt;/b&gt;"),
        ("{{ 'Tom & Jerry' | append: ' & ' | append: html | size }}", "36"),
        ("{{ nothing | default: 'Tom & Jerry' }}", "Tom &amp; Jerry"),
        ("{{ lines | newline_to_br | strip_newlines }}", "one<br />two<br />three"),
        ("{{ html | newline_to_br }}", "&lt;b&gt;Tom &amp; &quot;Jerry&#39;s&quot;&lt;/b&gt;"),
        ("{{ list | join: '<br>' }}", "b<br>a<br>C<br>a"),
        ("{% capture x %}<p>{{ html }}</p>{% endcapture %}{{ x | strip }}{{ x | size }}",
         "<p>&lt;b&gt;Tom &amp; &quot;Jerry&#39;s&quot;&lt;/b&gt;</p>29"),
        ("{% capture x %}<p>{{ html }}</p>{% endcapture %}{{ x | strip_html }}", "Tom &amp; &quot;Jerry&#39;s&quot;"),
        ("{% assign x = html | append: '&c' %}{{ x }}", "&lt;b&gt;Tom &amp; &quot;Jerry&#39;s&quot;&lt;/b&gt;&amp;c"),
        ("{{ 'a&b' | url_encode }} <a href='?a=1&amp;b'>", "a%26b <a href='?a=1&amp;b'>"),
        ("{% tablerow x in nums cols: 2 %}{{ x }}{% endtablerow %}",
         ('<tr class="row1">\n<td class="col1">3</td><td class="col2">1.5</td></tr>\n'
         '<tr class="row2"><td class="col1">2</td></tr>')),
        ("{% for x in (1..2) %}{% cycle html, 'b' %}{% endfor %}",
         "&lt;b&gt;Tom &amp; &quot;Jerry&#39;s&quot;&lt;/b&gt;b"),
        ("{% if html contains '<b>' %}yes{% endif %}{% case html %}{% when 'x' %}{% else %}no{% endcase %}", "yesno"),
        ("{{ html | safe }}", "<b>Tom & \"Jerry's\"</b>"),
        ("{{ day | date: '%d.%m. <%H>' }}", "05.03. &lt;07&gt;"),
        ("{{ '2026-03-05' | date: '%d' }}{% capture d %}2026-03-05{% endcapture %}{{ d | date: '%m' }}", "0503"),
    ],
)  # fmt: skip
def test_in_mail_filters_get_plain_text_and_escaping_happens_once(text, mail):
    """At output, whatever a value went through; what the author wrote as markup stays markup."""
    assert written(text, "email") == mail


def test_a_value_cannot_pass_for_markup():
    """Not even with the code points that mark the author's own."""
    hidden = "".join(chr(0x10FF00 + n) for n in range(5)) + "<i>"
    renderer = Renderer(Campaigns(CampaignFile(), {("", "t", "email"): "{{ p.name }}|{{ p.all[0] }}"}))
    made = renderer.render("t", "email", {"p": {"name": hidden, "all": [hidden]}})
    assert made is not None
    assert made.body == "&lt;i&gt;|&lt;i&gt;"
