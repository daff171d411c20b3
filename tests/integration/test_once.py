"""`winback once`: the whole stack over some lines gives what the pure core gives, whatever happens to it."""

from __future__ import annotations

import json
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.topics import OUTPUT_TOPICS
from tests.support.stack import Once, committed, same_files, wait_for, winback, write, write_shop

START = datetime(2026, 3, 2, 10, tzinfo=UTC)


def event(minute, name=None, *, channel="web", **given):
    """An input line: a track call (an identify without a name) at this minute of the story."""
    at = START + timedelta(minutes=minute)
    kind = {"type": "track", "event": name} if name else {"type": "identify"}
    value = {**kind, "messageId": f"m{minute}", "timestamp": at.isoformat(), **given}
    key = str(given.get("anonymousId") or given.get("userId") or "")
    return {"topic": f"channels.{channel}", "key": key, "timestamp": int(at.timestamp() * 1000), "value": value}


def product(**given):
    """Properties of a Product Added."""
    return {"product_id": "p1", "sku": "s1", "price": 30, "quantity": 1, "currency": "EUR", **given}


STORY = [
    # Anna fills a cart as nobody in particular, then says who she is, and leaves: one message to her.
    event(0, "Product Added", anonymousId="anna-browser", properties=product()),
    event(2, userId="anna", anonymousId="anna-browser", traits={"email": "Anna@Example.com"}),
    # Ben fills a cart on the web and buys in the store 20 minutes later, known there by his card: no message.
    event(1, userId="ben", anonymousId="ben-browser", traits={"email": "ben@example.com"},
          context={"externalIds": [{"id": "77", "type": "loyalty"}]}),
    event(3, "Product Added", anonymousId="ben-browser", properties=product(price="45.50")),
    event(23, "Order Completed", channel="store", properties={"order_id": "o1", "revenue": 45.5, "currency": "EUR"},
          context={"externalIds": [{"id": "77", "type": "loyalty"}]}),
    # What producers also send.
    event(5, "Product Viewed", anonymousId="anna-browser", properties=product()),
    event(5, "Product Viewed", anonymousId="anna-browser", properties=product()),
    {"topic": "channels.web", "key": "x", "timestamp": 1772445600000, "value_b64": "bm90IGpzb24="},
    {"topic": "channels.web", "key": "x", "timestamp": 1772445600000, "value": {"type": "page", "name": "Home"}},
]  # fmt: skip


def rows(folder, topic):
    """Values of an output topic."""
    return [json.loads(line) for line in (folder / f"{topic}.jsonl").read_text().splitlines()]


@pytest.fixture
def story(tmp_path):
    """The story above as a file."""
    return write(tmp_path / "story.jsonl", STORY)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A day of a small simulated shop, as a file: about 1,000 lines with everything that a shop sends."""
    return write_shop(tmp_path_factory.mktemp("shop") / "shop.jsonl", customers=120, days=1, seed=3)


def test_a_story_ends_as_the_contract_says(once, story):
    """One message, to the one who left; the one who bought elsewhere gets none; every line is accounted for."""
    run = once(story, "--clock", "event")
    report = run.report()
    assert report["input"] == {
        "records": 9, "stitched": 6, "duplicates": 1, "unaccounted": 0,
        "dead_letters": {"invalid_json": 1, "no_identifier": 1},
    }  # fmt: skip
    moves = [(row["from"], row["to"], row["at"]) for row in rows(run.out, "cart.transitions")]
    assert sorted(moves) == sorted([
        ("none", "open", "2026-03-02T10:00:00.000Z"), ("open", "abandoned", "2026-03-02T10:35:00.000Z"),
        ("abandoned", "expired", "2026-04-01T10:05:00.000Z"),
        ("none", "open", "2026-03-02T10:03:00.000Z"), ("open", "converted", "2026-03-02T10:23:00.000Z"),
    ])  # fmt: skip
    assert [(row["step"], row["outcome"], row["reason"]) for row in rows(run.out, "retargeting.decisions")] == [
        ("reminder", "sent", None)
    ]
    assert report["campaigns"] == [{
        "campaign_id": "abandoned-cart", "triggers": 1, "sent": 1, "held_out": 0, "suppressed": {},
        "cancelled": {}, "deferred": 0, "retracted": 0, "delivered": 0, "opens": 0, "clicks": 0,
        "recovered_orders": 0, "recovered_revenue": 0,
    }]  # fmt: skip
    assert report["conversions"]["revenue"] == 45.5
    assert report["profiles"]["seen"] == 2
    assert {f"{topic}.jsonl" for topic in OUTPUT_TOPICS} < {path.name for path in run.out.iterdir()}
    assert (run.out / "v_cart_funnel.csv").read_text().startswith('"position"')


def test_once_equals_replay(once, replay, story):
    """The same files, byte for byte, from the whole stack and from the core alone."""
    run = once(story, "--clock", "event")
    run.report()
    same_files(replay(story)[0], run.out)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_day_of_a_shop_equals_replay(once, replay, shop, workers):
    """Merges, hand-overs and moved devices across partitions and workers change nothing in any output."""
    run = once(shop, "--clock", "event", "--workers", workers)
    report = run.report()
    folder, alone = replay(shop)
    same_files(folder, run.out)
    assert report == alone


@pytest.mark.parametrize("victim", ["streams-1", "sinks"])
def test_a_killed_process_changes_nothing(once, replay, shop, victim):
    """SIGKILL in the middle of the input: another one takes over, and every file is the same."""
    lines = shop.read_bytes().splitlines(keepends=True)
    half = len(lines) // 2
    run = once("-", "--clock", "event", "--workers", 2, stdin=subprocess.PIPE)
    run.process.stdin.write(b"".join(lines[:half]))
    run.process.stdin.flush()
    address, group = run.address("Kafka"), run.address("group")
    wait_for(lambda: committed(address, group) > half // 2, "half of the input", alive=run.process)
    first = run.kill(victim)
    run.process.stdin.write(b"".join(lines[half:]))
    run.process.stdin.close()
    run.process.stdin = None
    wait_for(lambda: run.pid(victim) != first, "another process", alive=run.process)
    run.report()
    assert f"{victim} was killed by SIGKILL" in run.told
    same_files(replay(shop)[0], run.out)


def test_wall_clock_drains_too(once, story):
    """With the wall clock the end of input still lets time run out; an old trigger sends nothing, as stale."""
    run = once(story)
    report = run.report()
    assert report["carts"]["by_fate"] == {"converted": 1, "expired": 1}
    assert [(row["outcome"], row["reason"]) for row in rows(run.out, "retargeting.decisions")] == [
        ("suppressed", "stale")
    ]


def test_a_bad_line_ends_it_with_exit_2(once, tmp_path):
    """A line that cannot be read stops everything: one line with file and number, no process left."""
    path = write(tmp_path / "bad.jsonl", STORY[:2])
    with path.open("a") as more:
        more.write("{nonsense\n")
    run = once(path, "--clock", "event")
    run.process.communicate(timeout=60)
    assert run.process.returncode == 2
    assert run.said.read_text().startswith(f"winback: {path}:3: bad JSON")
    assert not list(run.folder.glob("logs/*.pid"))


def test_sigterm_stops_everything(once):
    """Stopped while it waits for input, it leaves no process behind and exits 143."""
    run = once("-", stdin=subprocess.PIPE)
    run.address("Kafka")
    children = [run.pid("streams-1"), run.pid("sinks")]
    run.process.send_signal(signal.SIGTERM)
    run.process.wait(60)
    assert run.process.returncode == 143
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)


def test_input_that_is_there_already_is_refused(kafka, story, tmp_path):
    """On a broker that already holds events `once` refuses: its files would mix two inputs."""
    if kafka is None:
        pytest.skip("the embedded broker of `once` is always new")
    assert winback("topics", WINBACK_KAFKA=kafka).returncode == 0
    assert winback("publish", story, WINBACK_KAFKA=kafka).returncode == 0
    run = Once(tmp_path / "second", [story, "--kafka", kafka])
    run.process.communicate(timeout=60)
    assert run.process.returncode == 1
    assert "holds events already" in run.said.read_text()
