"""A campaigns file that changes while the stack runs: applied once it can be used, told once when it cannot."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

import deploy
from deploy.errors import UnavailableError
from deploy.operate import campaign_switch
from deploy.stack import campaign_watch
from deploy.stack.applied_campaigns import AppliedCampaigns
from schemas.settings import Settings
from streams.campaigns import load

EXAMPLE = Path(deploy.__file__).parent / "examples" / "campaigns" / "campaigns.yaml"
FILE = """
campaigns:
  - id: {}
    trigger: {{on: cart_abandoned}}
    steps: [{{id: s, channel: email, template: {}}}]
"""


class Place:
    """A campaigns file with a template, watched; `applied` are the ids of the campaigns of each switch."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.applied, self.said, self.down = folder, [], [], False
        self.path = folder / "campaigns.yaml"
        (folder / "templates").mkdir()
        self.write("one")
        monkeypatch.setattr(campaign_switch, "apply", self.apply)
        self.kept = AppliedCampaigns(folder / "stack")
        self.watch = self.started()

    def started(self):
        """A watch, as of a stack that starts."""
        self.kept.begin(load(self.path))
        return campaign_watch.CampaignWatch(self.path, self.kept, Settings(), self.said.append)

    def write(self, id_, template="cart_reminder"):
        """Another file."""
        self.path.write_text(FILE.format(id_, template), encoding="utf-8")

    async def apply(self, settings, campaigns, *, seconds):
        """What the workers would do."""
        if self.down:
            raise UnavailableError("no answer")
        self.applied.append(next(iter(campaigns.by_id)))
        return SimpleNamespace(at="2026-11-21T12:00:00.000Z")

    async def look(self, times=3):
        """As often as it takes to see that nothing is written any more."""
        for _ in range(times):
            await self.watch.look()


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a campaigns file."""
    return Place(tmp_path, monkeypatch)


async def test_a_file_that_does_not_change_is_not_applied(place):
    """The workers have begun with it, and go on with it after a restart."""
    await place.look()
    place.watch = place.started()
    await place.look()
    assert place.applied == place.said == []


async def test_a_change_is_applied_once_it_has_been_written_to_the_end(place):
    """Of the file, of a template beside it; not while two looks differ, and only once."""
    await place.look()
    place.write("two-of-them")
    await place.look(1)
    assert place.applied == []
    await place.look()
    (place.folder / "templates" / "cart_reminder.liquid").write_text("mine", encoding="utf-8")
    await place.look()
    assert place.applied == ["two-of-them", "two-of-them"]
    kept = load(place.kept.file)
    assert kept.version == place.kept.version == load(place.path).version
    assert kept.templates == {("", "cart_reminder", "email"): "mine"}
    assert "is in force since 2026-11-21T12:00:00.000Z" in place.said[-1]


@pytest.mark.parametrize("text", ["campaigns: [", FILE.format("x", "nowhere")])
async def test_a_file_that_cannot_be_used_is_told_once(place, text):
    """One line; what was in force stays, until the file is put right."""
    await place.look()
    place.path.write_text(text, encoding="utf-8")
    await place.look(5)
    assert place.applied == []
    assert len(place.said) == 1
    assert place.said[0].startswith("campaigns stay as they are: ")
    assert list(load(place.kept.file).by_id) == ["one"]
    place.write("three")
    await place.look()
    assert place.applied == ["three"]


async def test_a_switch_that_failed_is_tried_again(place):
    """While the workers do not answer, it is said and asked again."""
    await place.look()
    place.write("two")
    place.down = True
    await place.look(4)
    place.down = False
    await place.look()
    assert place.applied == ["two"]
    assert "no answer" in place.said[0]


async def test_what_changed_while_the_stack_was_down_is_applied_at_the_start(place):
    """The workers' state holds the campaigns of before."""
    await place.look()
    place.write("two")
    place.watch = place.started()
    await place.look()
    assert place.applied == ["two"]


def test_what_is_kept_can_be_read_whatever_becomes_of_the_file(tmp_path):
    """With its templates by language and its stores; another one takes its place in one move, and leaves nothing."""
    kept, example = AppliedCampaigns(tmp_path), load(EXAMPLE)
    assert kept.version == ""
    kept.begin(example)
    again = load(kept.file)
    assert (again.version, again.templates, again.stores.all) == (
        example.version, example.templates, example.stores.all,
    )  # fmt: skip
    kept.begin(load(None))
    assert kept.version == example.version
    kept.take(load(None))
    kept.take(load(None))
    assert load(kept.file).version == kept.version == load(None).version
    assert sorted(path.name for path in (tmp_path / "campaigns").iterdir()) == sorted(["current", kept.version])
    (tmp_path / "campaigns" / kept.version / "campaigns.yaml").write_text("of another version", encoding="utf-8")
    kept.begin(example)
    assert load(kept.file).version == example.version
