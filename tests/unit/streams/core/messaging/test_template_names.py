"""What no template asks for is not worked out, and what one may ask for always is."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.campaigns import load, samples
from streams.core.aggregates.population import NoStats
from streams.core.messaging import render
from streams.core.messaging.templating.names import names_of
from tests.unit.streams.core.messaging.test_scope import said

EXAMPLES = Path(__file__).parents[5] / "deploy/examples/campaigns/campaigns.yaml"


class Bought(NoStats):
    """Whoever bought A bought B; counts how often it is asked."""

    def __init__(self):
        self.asked = 0

    def bought_with(self, product_id, at):
        self.asked += 1
        return [("B", 2)]


@pytest.mark.parametrize(("text", "name"), [
    ("{{ recommendations-}}", "recommendations"), ("{%-for r in recommendations-%}", "recommendations"),
    ("{{a.b|default:store.name}}", "store"), ("{% liquid\nassign x = store\n%}", "store"), ("{{ my-name }}", "my-name"),
    ("{% if a%}{{größe}}", "größe"), ("{{ store['city'] }}", "store"), ("{{ products[store.id].name }}", "store"),
])  # fmt: skip
def test_names_in_a_text_are_found(text, name):
    """However a name is written down in a tag."""
    names = names_of([text])
    assert names is not None
    assert name in names


@pytest.mark.parametrize("text", [
    "{{ [name] }}", '{{ ["recom" ] }}', "{% if a == [b] %}", "{% liquid\nassign x = [b]\n%}", "{{ a | default: [b] }}",
    "{{[b].c}}", "{% for x in [b] %}", "{{ a|append:[b] }}",
])  # fmt: skip
def test_a_name_that_is_worked_out_may_be_any(text):
    """A bracket where a name could begin; of one template, or of what it renders."""
    assert names_of(["no code", text]) is None


@pytest.mark.parametrize(
    "text", ["{{ products[0].name }}", "{{ a['b']['c'] }}", "<!--[if mso]> [x] {{ a }}", "{{ a?[0] }}"]
)
def test_a_bracket_behind_a_name_is_no_name(text):
    """Nor is one outside of tags."""
    assert names_of([text]) is not None


@pytest.mark.parametrize(("templates", "asked"), [
    ({"t": "{{ url }}"}, 0),
    ({"t": "{% for r in recommendations %}{{ r.product_id }}{% endfor %}"}, 1),
    ({"t": "{% assign name = 'recommendations' %}{{ [name][0].product_id }}"}, 1),
])  # fmt: skip
def test_what_others_bought_is_asked_for_where_a_template_may_show_it(templates, asked):
    """By its name, or by one that is worked out."""
    known = Bought()
    body = said("", known=known, templates=templates)
    assert (known.asked > 0) is bool(asked)
    assert body is not None
    assert (body == "B") is bool(asked)


@pytest.mark.parametrize("file", [None, EXAMPLES], ids=["built-in", "examples"])
def test_messages_are_the_same_as_with_all_names(file, monkeypatch):
    """Of every campaign that ships, on every channel, in every language."""
    campaigns = load(file)
    found = list(samples.samples(campaigns))
    assert any(sample.body for sample in found)
    monkeypatch.setattr(render, "names_of", lambda _: None)
    render.names_in.cache_clear()
    assert list(samples.samples(campaigns)) == found
