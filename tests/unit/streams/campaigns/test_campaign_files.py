"""Campaign files: what is read, and what is refused."""

from __future__ import annotations

import pytest

from streams.campaigns import load, sources
from streams.campaigns.reading import mapping
from streams.core.messaging.render import Renderer

STEP = "{id: s, channel: email, template: cart_reminder}"


def campaign(id_: str, *steps: str, on: str = "cart_abandoned", more: str = "") -> str:
    """One item of the list of campaigns."""
    return f"  - {{id: {id_}, trigger: {{on: {on}}}, {more}steps: [{', '.join(steps)}]}}\n"


def write(tmp_path, text):
    """A file with that text."""
    path = tmp_path / "campaigns.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_built_in_file_is_valid_and_its_templates_are_liquid():
    """What runs without any setting."""
    campaigns = load(None)
    assert set(campaigns.by_trigger) == {"cart_abandoned", "checkout_abandoned"}
    assert Renderer(campaigns).errors == {}


def test_bare_words_mean_what_they_say(tmp_path):
    """`on`, `no` and 21:00 are a key, an id and a time, as in YAML 1.2."""
    night = "quiet_hours: {from: 21:00, to: 09:00}\n"
    path = write(tmp_path, f"{night}campaigns:\n{campaign('no', STEP)}")
    file = load(path).file
    assert file.campaigns[0].id == "no"
    assert file.quiet_hours is not None
    assert file.quiet_hours.start.hour == 21


def test_a_template_beside_the_file_comes_before_the_built_in_one(tmp_path):
    """A shop's own words win, the channel's own file first."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "cart_reminder.liquid").write_text("mine", encoding="utf-8")
    path = write(tmp_path, f"campaigns:\n{campaign('a', STEP)}")
    assert load(path).templates["", "cart_reminder", "email"] == "mine"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("campaigns: [", "no YAML"),
        ("campaigns:\n  - {id: a, id: b}", "line 2, column 13: 'id' is there twice"),
        ("a: \x07", "no YAML"),
        ("- a", "mapping"),
        ("timezone: Mars/Base", "time zone"),
        ("caps: {email: [{limit: 1, per: soon}]}", "duration"),
        ("campain: []", "campain"),
        ("attribution: {lookback: 12h}", "attribution.lookback: it is from 1d to 365d"),
        ("attribution: {half_life: 366d}", "attribution.half_life: it is from 1d to 365d"),
        ("attribution: {halflife: 3d}", "halflife"),
        ("campaigns:\n" + campaign("a", STEP, on="eclipse"), "'eclipse' is not known"),
        ("campaigns:\n" + campaign("a", STEP, on="lapsed"), "needs `after`"),
        ("campaigns:\n" + campaign("a", STEP, on="lapsed, after: 30d, radius: 2km"), "does not know 'radius'"),
        ("campaigns:\n" + campaign("a", STEP, STEP), "two steps have the id 's'"),
        ("campaigns:\n" + campaign("a", STEP.replace("email", "pigeon")), "'pigeon' is not known"),
        ("campaigns:\n" + campaign("a", STEP.replace("cart_reminder", "nowhere")), "no template 'nowhere'"),
        ("campaigns:\n" + campaign("a", STEP) + campaign("a", STEP), "two campaigns have the id 'a'"),
        ("campaigns:\n" + campaign("a", STEP, more="holdout: 110%, "), "0% to 100%"),
        ("campaigns:\n" + campaign("a", STEP.replace("}", ", if: cart.value >}")), "campaign 'a', step 's': `if`"),
        ("campaigns:\n" + campaign("a", STEP.replace("}", ", if: 'x %}{% raw'}")), "without {%"),
        ("campaigns:\n" + campaign("a", STEP, on="store_nearby"), "needs `stores`"),
        ("campaigns:\n" + campaign("a", STEP.replace("email", "broadcast")), "stores with `billboards`"),
        ("campaigns:\n" + campaign("a", STEP.replace("}", ", hour: noon}")), "campaigns.a.steps.s.hour"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line_that_says_why(tmp_path, text, says):
    """The file, the place and the reason, without a traceback."""
    with pytest.raises(ValueError, match="campaigns") as refused:
        load(write(tmp_path, text))
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


EXAMPLE = """
timezone: Europe/Berlin          # when the profile has none
caps: {global: [{limit: 3, per: 7d}], email: [{limit: 1, per: 16h}], sms: [{limit: 1, per: 24h}]}
quiet_hours: {from: "21:00", to: "09:00", policy: defer}     # customer's own zone
campaigns:
  - id: abandoned-cart
    trigger: {on: cart_abandoned, min_value: 20}
    holdout: 10%
    exit_on: [order_completed, cart_emptied, unsubscribed]
    steps:
      - {id: reminder, after: 0m, channel: best, of: [push, email, sms], template: cart_reminder,
         variants: {plain: 50, offer: 50}}
      - {id: second-channel, after: 20h, unless: engaged, channel: other, of: [email, sms, ads], template: cart_nudge}
      - {id: why-not, after: 72h, channel: best, of: [email], template: why_not_survey}
"""


def test_the_example_of_the_contract_runs_as_it_stands(tmp_path):
    """All its templates are built in."""
    campaigns = load(write(tmp_path, EXAMPLE))
    assert [step.id for step in campaigns.by_id["abandoned-cart"].steps] == ["reminder", "second-channel", "why-not"]
    assert Renderer(campaigns).errors == {}


def folder(tmp_path, **files):
    """A campaigns file of one e-mail step in German, with templates at these paths (`__` for a slash)."""
    for path, text in files.items():
        place = tmp_path / "templates" / f"{path.replace('__', '/')}.liquid"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return write(tmp_path, f"language: de\ncampaigns:\n{campaign('a', STEP)}")


def test_each_language_has_a_folder(tmp_path):
    """The channel's own file comes first in each; what is outside the folders is for all others."""
    path = folder(tmp_path, de__cart_reminder="hallo", cart_reminder="hello", fr__cart_reminder="salut")
    (tmp_path / "templates" / "fr" / "cart_reminder.email.liquid").write_text("bonjour", encoding="utf-8")
    found = load(path).templates
    assert {name[0]: text for name, text in found.items()} == {"de": "hallo", "": "hello", "fr": "bonjour"}


def test_a_template_must_be_there_in_the_language_of_the_file(tmp_path):
    """One that is there in another language alone is named with that language."""
    with pytest.raises(ValueError, match=r"no template 'cart_reminder' for email .there is one in fr"):
        load(folder(tmp_path, fr__cart_reminder="salut"))


def test_a_folder_of_templates_is_a_language(tmp_path):
    """Two small letters, as customers' languages are known."""
    with pytest.raises(ValueError, match="de-DE: a folder of templates is a language"):
        load(folder(tmp_path, **{"de-DE__cart_reminder": "hallo", "cart_reminder": "hello"}))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1", "a list of stores"),
        ("- {id: s1, name: Mitte, latitude: 95, longitude: 13.4}", "s1.latitude: Input should be less"),
        ("- {id: s1, name: Mitte, latitude: 52.5}", "s1.longitude: Field required"),
        (
            "- {id: s1, name: A, latitude: 1, longitude: 1}\n- {id: s1, name: B, latitude: 1, longitude: 1}",
            "two stores",
        ),
        ("- {id: s1, name: A, latitude: 1, longitude: 1, lat: 2}", "s1.lat: Extra inputs"),
        ("- [", "no YAML"),
    ],
)
def test_a_stores_file_that_cannot_be_used(tmp_path, text, says):
    """The file, the store by its id, and what is wrong, in one line."""
    (tmp_path / "stores.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"stores\.yaml") as refused:
        load(write(tmp_path, "stores: stores.yaml"))
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_all_files_that_matter_are_known(tmp_path):
    """The campaigns file, its stores and the templates beside it, also when what they say cannot be used."""
    path = folder(tmp_path, de__cart_reminder="hallo", unused="x")
    path.write_text("stores: shops.yaml\ncampaigns: 7", encoding="utf-8")
    names = [str(place.relative_to(tmp_path)) for place in sources(path)]
    assert names == ["campaigns.yaml", "shops.yaml", "templates/de/cart_reminder.liquid", "templates/unused.liquid"]


def test_a_file_that_stays_as_it_is_is_not_parsed_again(tmp_path, monkeypatch):
    """Whoever looks each second only looks; when the file changes, what it names is read anew."""
    path, parsed = tmp_path / "campaigns.yaml", []
    monkeypatch.setattr("streams.campaigns.mapping", lambda place: parsed.append(place) or mapping(place))
    path.write_text("stores: one.csv")
    assert [[place.name for place in sources(path)] for _ in range(3)] == [["campaigns.yaml", "one.csv"]] * 3
    assert len(parsed) == 1
    path.write_text("stores: another.csv")
    assert [place.name for place in sources(path)] == ["campaigns.yaml", "another.csv"]


def test_a_file_that_is_not_there(tmp_path):
    """Names the path."""
    with pytest.raises(ValueError, match="cannot be read"):
        load(tmp_path / "none.yaml")
    with pytest.raises(ValueError, match=r"none\.yaml: cannot be read"):
        load(write(tmp_path, "stores: none.yaml"))
