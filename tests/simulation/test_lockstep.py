"""Two campaigns files in step decide what each decides alone, over made-up histories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from deploy.shop import simulate
from deploy.stack.replay_steps import records
from schemas.record import Record
from schemas.settings import Settings
from schemas.topics import CART_TRANSITIONS, RETARGETING_DECISIONS, RETARGETING_MESSAGES
from streams.campaigns import load
from streams.core.campaigns import Campaigns, Cap
from streams.core.lockstep.partition import OutOfStepError, fits
from streams.testing import Topology
from tests.oracle.run import SECRET
from tests.simulation.check import campaigns_of
from tests.simulation.plan import draw

EXAMPLES = Path("deploy/examples/campaigns/campaigns.yaml")
WANTED = {CART_TRANSITIONS, RETARGETING_DECISIONS, RETARGETING_MESSAGES}
CAPS = (
    {}, {"global": (Cap(limit=1, per="7d"),)}, {"global": (Cap(limit=0, per="1d"),)},
    {"global": (Cap(limit=2, per="1d"),), "email": (Cap(limit=1, per="1h"),)},
)  # fmt: skip
DRAWN = (29, 176)
"""What is told of addresses before time moves, and profiles that come in behind the first round, are among these."""
Rows = dict[tuple[str, int, bytes | None], list[bytes | None]]


def capped(campaigns: Campaigns, caps: dict) -> Campaigns:
    """The same campaigns under other caps."""
    file = campaigns.file.model_copy(update={"caps": caps})
    return Campaigns(file, campaigns.templates, campaigns.stores.all, campaigns.partials, campaigns.rates)


def rows(
    settings: Settings, one: Campaigns, other: Campaigns | None, raw: Sequence[Record]
) -> tuple[Rows, Rows]:  # fmt: skip
    """What is decided, by topic, partition and profile, in its order: by the first file, and by the second."""
    found: tuple[Rows, Rows] = defaultdict(list), defaultdict(list)

    def take(record: Record) -> None:
        side, partition = divmod(record.partition, settings.partitions)
        if record.topic in WANTED:
            found[side][record.topic, partition, record.key].append(record.value)

    topology = Topology(settings, one, outputs=take, lean=True, other=other)
    topology.feed(raw)
    topology.finish()
    return found


def alike(seed: int, *, campaigning: bool) -> tuple[int, int]:
    """Nothing is another one in step; returns how many rows there are, and of how many profiles the files differ."""
    plan = draw(seed, campaigning=campaigning)
    settings = Settings(
        secret=SECRET, clock="event", partitions=plan.partitions, profile_limit=plan.profile_limit
    )  # fmt: skip
    one = campaigns_of(plan.campaigns)
    other = capped(one, CAPS[seed % len(CAPS)])
    assert fits(one, other)
    if seed % 2:
        one, other = other, one
    both = rows(settings, one, other, plan.records)
    alone = tuple(rows(settings, campaigns, None, plan.records)[0] for campaigns in (one, other))
    assert both == alone
    return sum(map(len, alone[1].values())), sum(alone[0].get(key) != mine for key, mine in alone[1].items())


def test_both_decide_what_each_decides_alone() -> None:
    """The same rows, of each profile in the same order; in some of these histories caps make a difference."""
    counts = [alike(seed, campaigning=True) for seed in DRAWN]
    assert all(decided for decided, _ in counts)
    assert sum(differing for _, differing in counts) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("campaigning", [True, False])
def test_many_histories(campaigning) -> None:
    """The same over many of both kinds."""
    counts = [alike(seed, campaigning=campaigning) for seed in range(1_000, 1_040)]
    assert sum(differing for _, differing in counts) > 2


@pytest.mark.slow
def test_a_shop_with_many_campaigns(tmp_path) -> None:
    """The simulated shop, with a cap of two messages a week instead of three."""
    path = tmp_path / "shop.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, simulate(40, 4, 7))))
    settings, one = Settings(clock="event"), load(EXAMPLES)
    other = capped(one, {**one.file.caps, "global": (Cap(limit=2, per="7d"),)})
    lines = list(records([str(path)], settings, lambda _: None))
    both = rows(settings, one, other, lines)
    alone = tuple(rows(settings, campaigns, None, lines)[0] for campaigns in (one, other))
    assert both == alone
    assert alone[0] != alone[1]


def test_what_comes_in_too_late_is_refused() -> None:
    """An event, once a customer has gone apart: which of the two histories of the customer it met is not known."""
    plan = draw(176, campaigning=True)
    one = campaigns_of(plan.campaigns)
    settings = Settings(secret=SECRET, clock="event", partitions=plan.partitions)
    topology = Topology(settings, one, outputs=lambda _: None, lean=True, other=capped(one, CAPS[0]))
    topology.feed(plan.records)
    topology.finish()
    again = [record._replace(offset=record.offset + len(plan.records)) for record in plan.records]
    topology.feed(again)
    with pytest.raises(OutOfStepError, match="after customers had gone apart"):
        topology.finish()


def test_files_that_differ_in_caps_alone_fit() -> None:
    """Any other difference, of the file, of a campaign or of a template, does not."""
    one = load(EXAMPLES)
    assert fits(one, capped(one, {}))
    assert fits(one, one)
    assert not fits(one, load(None))
    warmer = one.file.model_copy(update={"message_ttl": 1})
    assert not fits(one, Campaigns(warmer, one.templates, one.stores.all, one.partials, one.rates))
    (name, text), *rest = one.templates.items()
    worded = {**dict(rest), name: text + "!"}
    assert not fits(one, Campaigns(one.file, worded, one.stores.all, one.partials, one.rates))
