"""Partials: what templates show with `render`, from their own folder and from nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.campaigns import load, sources, writing
from streams.core.campaigns import Campaigns
from streams.core.messaging.render import Renderer

FILE = """
language: en
campaigns:
  - id: a
    trigger: {on: cart_abandoned}
    steps: [{id: s, channel: best, of: [email, push], template: t}]
"""


def folder(tmp_path: Path, **texts: str) -> Path:
    """A campaigns file with these templates; `de__t` is the template t in the folder de, `t_email` is for e-mail."""
    for name, text in texts.items():
        language, _, rest = name.rpartition("__")
        place = tmp_path / "templates" / language / f"{rest.replace('_', '.')}.liquid"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    (tmp_path / "campaigns.yaml").write_text(FILE)
    return tmp_path / "campaigns.yaml"


def written(campaigns: Campaigns, channel: str = "email", language: str = "en", **scope) -> str | None:
    """The body of the message; None where there is none."""
    made = Renderer(campaigns).render("t", channel, {"name": "<Ann>", "list": [1, 2], **scope}, language)
    return None if made is None else made.body


@pytest.mark.parametrize(
    ("text", "mail"),
    [
        ("{% render 'foot' %}", "by &lt;Ann&gt;"),
        ("<p>{% render 'foot' %}</p>", "<p>by &lt;Ann&gt;</p>"),
        ("{% render 'foot', name: 'Bob & co' %}", "by Bob &amp; co"),
        ("{% for i in list %}{% render 'foot', name: i %} {% endfor %}", "by 1 by 2"),
        ("{% render 'foot' for list as name %}", "by 1by 2"),
        ("{% render 'foot' with list as name %}", "by 12"),
        ("{% assign name = 'hidden' %}{% render 'foot' %}", "by &lt;Ann&gt;"),
        ("{% liquid\nrender 'foot'\n%}", "by &lt;Ann&gt;"),
    ],
)
def test_a_template_shows_a_partial(tmp_path, text, mail):
    """It sees what templates see, and what it is given; of what the template assigns, nothing."""
    assert written(load(folder(tmp_path, t=text, foot="by {{ name }}"))) == mail


def test_a_partial_is_the_one_of_language_and_channel(tmp_path):
    """Looked for as templates are: the customer's language, the file's, none; the channel's before any."""
    campaigns = load(folder(
        tmp_path, t="{% render 'foot' %}", de__t="{% render 'foot' %}!", foot="any", foot_email="any mail",
        en__foot="english", de__foot_email="deutsche Post",
    ))  # fmt: skip
    found = {(c, of): written(campaigns, c, of) for c in ("email", "push") for of in ("en", "de", "fr")}
    assert found == {
        ("email", "en"): "english", ("push", "en"): "english", ("email", "de"): "deutsche Post!",
        ("push", "de"): "english!", ("email", "fr"): "english", ("push", "fr"): "english",
    }  # fmt: skip


def test_partials_travel_with_the_campaigns(tmp_path):
    """To the workers that switch, into the copy on disk, and into the version; a change of one is noticed."""
    place = folder(tmp_path, t="{% render 'foot' %}", foot="{% render 'inner' %}", inner="deep", unused="{% if %}")
    campaigns = load(place)
    assert written(Campaigns.load(campaigns.dump())) == "deep"
    copied = load(writing.write(campaigns, tmp_path / "copy"))
    assert written(copied) == "deep"
    assert copied.version == campaigns.version
    assert tmp_path / "templates" / "inner.liquid" in sources(place)
    (tmp_path / "templates" / "inner.liquid").write_text("changed")
    assert load(place).version != campaigns.version


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        ({"t": "a\n{% render 'gone' %}"}, "template 't', line 2, column 4: no partial 'gone' for email"),
        ({"t": "subject: x\n\n  {% render 'gone' %}"}, "line 3, column 6"),
        ({"t": "{% render 't' %}"}, "'t' would show itself: t in t"),
        ({"t": "{% render 'a' %}", "a": "{% render 'b' %}", "b": "{% render 'a' %}"}, "'a' would show itself"),
        ({"t": "{% render 'x' %}", "de__x": "nur deutsch"}, "no partial 'x' for email"),
    ],
)
def test_a_partial_that_cannot_be_shown_is_told_with_its_place(tmp_path, texts, fault):
    """When the file is read, not when the first customer should get it."""
    with pytest.raises(ValueError, match="templates") as told:
        load(folder(tmp_path, **texts))
    assert fault in str(told.value)


@pytest.mark.parametrize("name", ["../secret", "a/b", "/etc/x", "..", "", "a.liquid", "de/foot", "a\\b"])
def test_a_name_that_is_a_path_is_no_partial(tmp_path, name):
    """So no name leads out of the folder, whatever lies there."""
    (tmp_path / "secret.liquid").write_text("not to be read")
    campaigns = load(folder(tmp_path, t=f"{{% render '{name}' %}}", de__foot="x"))
    assert written(campaigns) is None
    assert campaigns.partials == {}


@pytest.mark.parametrize("tag", ["{% render name %}", "{% include 'foot' %}", "{% render nothing %}"])
def test_a_partial_is_named_in_quotes(tmp_path, tag):
    """A customer's value never chooses what is shown."""
    assert written(load(folder(tmp_path, t=tag, foot="x"))) is None


def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path):
    """As a name would be."""
    outside = tmp_path / "outside.liquid"
    outside.write_text("not to be read")
    place = folder(tmp_path, t="{% render 'foot' %}")
    (tmp_path / "templates" / "foot.liquid").symlink_to(outside)
    with pytest.raises(ValueError, match="leads out of the folder"):
        load(place)
