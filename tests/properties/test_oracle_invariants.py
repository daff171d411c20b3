"""What must hold of every history, asked of the oracle itself: whatever is held against it had better be right."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings

from tests.oracle.consistent import NEXT, consistent
from tests.oracle.histories import HOUR, History, histories, random_history
from tests.oracle.outcome import Outcome
from tests.oracle.run import SECRET, run


def outcome_of(history: History) -> Outcome:
    """What the oracle makes of a history."""
    return run(history.records(), secret=SECRET, campaigns=history.campaigns)


def check(history: History) -> None:
    """Every invariant of one history."""
    records = history.records()
    out = run(records, secret=SECRET, campaigns=history.campaigns)
    assert len(out.stitched) + out.duplicates + len(out.dead) == len(records), "every event is accounted for"
    assert len({row[4] for row in out.stitched}) == len(out.stitched), "no event takes effect twice"
    times = defaultdict(list)
    for profile, _, time, _, source in out.stitched:
        times[profile].append((time, *source))
    assert all(keys == sorted(keys) for keys in times.values()), "events of a profile are in order"

    assert not list(consistent(out.transitions, out.decisions, out.messages, out.conversions))

    holders = Counter(i for cluster in out.clusters.values() for i in cluster)
    assert set(holders.values()) <= {1}, "an identifier belongs to one profile"
    retired = {m["merged_profile_id"] for m in out.merges if not m.get("refused")}
    assert not retired & set(out.clusters), "a retired profile does not come back"


def test_invariants_of_many() -> None:
    """Hundreds of seeded histories keep every invariant."""
    for seed in range(600):
        check(random_history(seed))


@settings(max_examples=100, deadline=None)
@given(histories())
def test_invariants_of_the_smallest(history: History) -> None:
    """Histories that shrink keep every invariant."""
    check(history)


@pytest.mark.parametrize("seed", range(100))
def test_arrival_order_changes_nothing(seed: int) -> None:
    """The same events, delivered in another order within each partition, come to the same."""
    history = random_history(seed)
    # Distinct times: between equals the offset decides, which is the order of arrival.
    steps = [replace(step, gap=step.gap + 1) if step.gap == 0 else step for step in history.steps]
    steps = [replace(step, repeat=None) for step in steps]
    rng = random.Random(seed)
    other = [replace(step, delay=rng.choice((0, HOUR, 40 * HOUR))) for step in steps]
    a, b = (outcome_of(History(s, history.campaigns)) for s in (steps, other))
    assert a.clusters == b.clusters
    assert [row[:4] for row in a.stitched] == [row[:4] for row in b.stitched]
    assert (a.merges, a.transitions, a.decisions, a.conversions) == (
        b.merges,
        b.transitions,
        b.decisions,
        b.conversions,
    )


@pytest.mark.parametrize("seed", range(100))
def test_clusters_do_not_depend_on_the_order_of_links(seed: int) -> None:
    """The same links in any order end in the same clusters as long as no limit is hit."""
    steps = [replace(step, gap=1, delay=0, repeat=None) for step in random_history(seed, longest=12).steps]
    before = outcome_of(History(steps))
    random.Random(seed).shuffle(steps)
    after = outcome_of(History(steps))
    if not any(m.get("refused") for m in (*before.merges, *after.merges)):
        assert set(map(frozenset, before.clusters.values())) == set(map(frozenset, after.clusters.values()))


def test_the_generator_reaches_everything() -> None:
    """Seeded histories hold every transition, decision outcome, reason and identity rule at least once."""
    seen: set[str] = set()
    for seed in range(400):
        out = outcome_of(random_history(seed))
        seen |= {f"{t['from']}>{t['to']}" for t in out.transitions}
        seen |= {f"{d['outcome']} {d['reason']}" for d in out.decisions}
        seen |= {f"{m['reason']} {m.get('refused')}" for m in out.merges}
        seen |= {"recovered" for c in out.conversions if c["recovered"]}
    assert seen >= {f"{a}>{b}" for a, b in NEXT} | {
        "sent None", "held_out None", "suppressed no_contact", "suppressed no_consent", "suppressed capped",
        "deferred quiet_hours", "cancelled converted", "cancelled exited", "link None", "alias None",
        "device_reassigned user_limit", "person_id_kept user_limit", "recovered",
    }  # fmt: skip
