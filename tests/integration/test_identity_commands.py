"""profile, split and erase against the whole stack: what they say, and that nothing of an erased person is left."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from contextlib import closing
from datetime import UTC, datetime, timedelta

import clickhouse_connect
import pytest

from deploy.cli import main as cli
from deploy.operate import draining
from schemas.settings import Settings
from schemas.topics import CHANNEL_TOPICS, catalog
from streams.runtime.state.rocks import RocksBase
from tests.integration.test_once import product
from tests.integration.test_up import Up
from tests.support.stack import wait_for, winback, write

ANNA = {"user": "anna-7f3a", "email": "Anna-7f3a@Example.com", "phone": "+49 30 73517351", "browser": "anna-7f3a-web"}
TRACES = re.compile(rb"anna-7f3a|73517351", re.IGNORECASE)
"""Whatever a value of Anna's looks like anywhere."""
START = datetime.now(UTC) - timedelta(minutes=45)


def event(minute, name=None, *, channel="web", **given):
    """An input line of this many minutes after the start: a track call, an identify without a name."""
    at = START + timedelta(minutes=minute)
    kind = {"type": "track", "event": name} if name else {"type": "identify"}
    value = {**kind, "messageId": f"m{minute}", "timestamp": at.isoformat(), **given}
    key = str(given.get("anonymousId") or given.get("userId") or "")
    return {"topic": f"channels.{channel}", "key": key, "timestamp": int(at.timestamp() * 1000), "value": value}


STORY = [
    event(0, "Product Added", anonymousId=ANNA["browser"], properties=product()),
    event(1, userId=ANNA["user"], anonymousId=ANNA["browser"], traits={"email": ANNA["email"]}),
    event(2, userId=ANNA["user"], traits={"phone": ANNA["phone"], "email": ANNA["email"]}),
    event(3, "Product Added", userId="ben", anonymousId="ben-web", properties=product(sku="s2")),
    event(4, userId="ben", traits={"email": "ben@example.com"}),
    event(5, "Order Completed", channel="store", userId="ben", properties={"order_id": "o1", "revenue": 30}),
    event(6, "Product Viewed", userId=ANNA["user"], properties=product()),
    event(7, "Referred", userId="ben", properties={"code": "r1"}),
    # Cut off after Anna's user id: a dead letter.
    {"topic": "channels.web", "timestamp": int(START.timestamp() * 1000), "value_b64": "eyJ1c2VySWQiOiAiYW5uYS03ZjNh"},
]  # fmt: skip


class Shop:
    """A stack that runs, and commands of this process that talk to it."""

    def __init__(self, up, capfd):
        self.up, self._capfd = up, capfd

    def run(self, *arguments):
        """A command's exit code, standard output and standard error."""
        self._capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        return ended.value.code, *self._capfd.readouterr()

    def asked(self, *arguments):
        """What a command prints as JSON."""
        code, out, said = self.run(*arguments, "--json")
        assert code == 0, said + self.logs()
        return json.loads(out)

    def profile(self, name):
        """A person's profile."""
        return self.asked("profile", name)

    def publish(self, path, lines):
        """Lines to Kafka."""
        assert winback("publish", write(path, lines), **self.up.settings).returncode == 0

    def number(self, sql):
        """The one number a query gives."""
        with self._clickhouse() as client:
            return client.query(sql).result_rows[0][0]

    def until(self, sql, number, what):
        """Wait until a query gives this number."""
        wait_for(lambda: self.number(sql) == number, what, alive=self.up.process)

    def tables(self):
        """Every row of every table of ClickHouse, as text; views hold nothing of their own."""
        sql = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine NOT LIKE '%View'"
        with self._clickhouse() as client:
            names = [row[0] for row in client.query(sql).result_rows]
            return {name: client.raw_query(f"SELECT * FROM {name}", fmt="JSONEachRow") for name in names}  # noqa: S608

    def topics(self):
        """What every topic holds, see `compacted`."""
        return asyncio.run(compacted(Settings(kafka=self.up.settings["WINBACK_KAFKA"])))

    def state(self):
        """What is in the local state: the bytes of its files, and every key and value; the stack has stopped."""
        folder = self.up.folder / "state"
        held = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for path in {path.parent for path in folder.rglob("CURRENT")}:
            base = RocksBase(path)
            held[f"{path} opened"] = b"\n".join(key + value for key, value in base.scan(b""))
            base.close()
        return held

    def logs(self):
        """What the stack's processes have written."""
        files = sorted((self.up.folder / "logs").glob("*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in files)

    def _clickhouse(self):
        return closing(clickhouse_connect.get_client(host="127.0.0.1", port=self.up.http, database="winback"))


@pytest.fixture
def shop(tmp_path, request, monkeypatch, capfd):
    """A stack of the test's own, with both people's events in ClickHouse."""
    if request.config.getoption("--broker") == "kafka":
        pytest.skip("`up` brings its own broker")
    up = Up(tmp_path / "stack", WINBACK_LATENESS="1")
    for name, value in up.settings.items():
        monkeypatch.setenv(name, value)
    running = Shop(up, capfd)
    running.publish(tmp_path / "story.jsonl", STORY)
    running.until("SELECT count() FROM events", 8, "the events to arrive")
    running.until("SELECT uniq(identifier) FROM identifiers", 8, "the identifiers to arrive")
    yield running
    if up.process.poll() is None:
        up.process.kill()
        up.process.communicate()


def kinds(shown):
    """Types of a profile's identifiers, and names of its events."""
    types = sorted(one["type"] for one in shown["identifiers"])
    return types, [one["name"] for one in shown["timeline"] if one["kind"] == "event"]


def test_a_person_is_explained_split_and_forgotten(shop):
    """Profile, split, erase, erase again; then no topic, no file of state and no table holds a value of hers."""
    user, browser = f"user_id:{ANNA['user']}", f"anonymous_id:{ANNA['browser']}"

    # Every identifier leads to the same profile, and each says which event brought it.
    anna = shop.profile(user)
    assert shop.profile(f"email:{ANNA['email']}") == shop.profile(f"phone:{ANNA['phone']}") == anna
    assert kinds(anna) == (["anonymous_id", "email", "phone", "user_id"], ["Product Added", "", "", "Product Viewed"])
    assert all(one["event"]["topic"] == "channels.web" and one["linked_to"] for one in anna["identifiers"])
    assert {one["reason"] for one in anna["merges"]} == {"link"}
    assert next(one["to_state"] for one in anna["timeline"] if one["kind"] == "cart") == "open"
    # What is looked for in the end is found now.
    assert all(
        TRACES.search(held[name]) for held, name in [(shop.tables(), "events"), (shop.topics(), "stitched.events")]
    )

    # Her browser is cut off: two profiles, each with its own events.
    cut = shop.asked("split", browser, "--yes")
    assert sorted(one["identifiers"] for one in cut["clusters"]) == [1, 3]
    shop.until("SELECT count() FROM profile_merges WHERE reason = 'split'", 1, "the split to arrive")
    assert kinds(shop.profile(user)) == (["email", "phone", "user_id"], ["", "", "Product Viewed"])
    other = shop.profile(browser)
    assert other["profile_id"] not in (anna["profile_id"], *anna["former_ids"])
    assert kinds(other) == (["anonymous_id"], ["Product Added"])

    # Both are forgotten, with a receipt that holds no value.
    ben = shop.profile("user_id:ben")
    for name, events in ((user, 3), (browser, 1)):
        code, out, said = shop.run("erase", name, "--yes", "--json")
        assert code == 0, said + shop.logs()
        assert not TRACES.search((out + said).encode())
        receipt = json.loads(out)
        assert receipt["found"]
        assert receipt["removed"]["clickhouse"]["events"] == events
        assert set(receipt["removed"]["tombstones"].values()) == {len(receipt["profiles"])}
        assert receipt["stays"]["raw_records"]["channels.web"]["records"] >= 1
        assert shop.run("profile", name)[0] == 1

    # A second run finds nothing but what is still in the raw topics, and takes that away.
    again = shop.asked("erase", user, "--yes", "--truncate-raw")
    assert again["found"] is False
    assert sum(again["removed"]["clickhouse"].values()) == 0
    assert again["removed"]["raw_records_truncated"] >= len(STORY)
    assert again["stays"]["raw_records"] == {}

    # Nothing is left of her; all is left of Ben.
    topics, tables = shop.topics(), shop.tables()
    assert [name for name, held in topics.items() if TRACES.search(held)] == []
    assert [name for name, held in tables.items() if TRACES.search(held)] == []
    assert shop.profile("user_id:ben") == ben
    shop.up.stop()
    state = shop.state()
    assert [name for name, held in state.items() if TRACES.search(held)] == []
    for held in (topics, tables, state):
        assert any(b"ben@example.com" in one for one in held.values())
    assert not TRACES.search(shop.logs().encode())


def test_a_queued_erasure_is_done_later_and_nothing_of_before_comes_back(shop, tmp_path):
    """Not answered in time: one line, exit 1, done once the workers go on. Then the same events again are dropped."""
    user = f"user_id:{ANNA['user']}"
    before = shop.profile(user)
    worker = int((shop.up.folder / "logs" / "streams-1.pid").read_text())
    os.kill(worker, signal.SIGSTOP)
    code, out, said = shop.run("erase", user, "--yes", "--json", "--timeout", "2")
    os.kill(worker, signal.SIGCONT)
    assert (code, out) == (1, "")
    assert "no answer from identify within 2 s. The request is in identity.links" in said
    assert not TRACES.search(said.encode())
    shop.until("SELECT count() FROM events", 4, "the erasure to be carried out")
    assert shop.asked("erase", user, "--yes", "--no-count")["found"] is False

    # The same events once more change nothing; a later one is a new customer under a new id.
    last = {**STORY[3], "value": {**STORY[3]["value"], "messageId": "last"}}
    shop.publish(tmp_path / "again.jsonl", [*STORY, last])
    shop.until("SELECT count() FROM events", 5, "the last of them to arrive")
    assert shop.run("profile", user)[0] == 1
    now = datetime.now(UTC)
    back = {"type": "track", "event": "Came Back", "userId": ANNA["user"], "timestamp": now.isoformat()}
    line = {"topic": "channels.web", "key": "k", "timestamp": int(now.timestamp() * 1000), "value": back}
    shop.publish(tmp_path / "back.jsonl", [line])
    shop.until("SELECT count() FROM events", 6, "her return")
    shown = shop.profile(user)
    assert kinds(shown) == (["user_id"], ["Came Back"])
    assert shown["profile_id"] not in (before["profile_id"], *before["former_ids"])


async def compacted(settings):
    """What every topic holds by the rules of compaction: the last value of each key, and all without a key."""
    from aiokafka import AIOKafkaConsumer  # noqa: PLC0415

    consumer = AIOKafkaConsumer(**settings.aiokafka(), enable_auto_commit=False)
    await consumer.start()
    try:
        names = [topic.name for topic in catalog(settings.partitions)]
        held = {}
        async for record in draining.everything(consumer, await draining.ends(consumer, names, settings)):
            kept = (
                record.key if record.key and record.topic not in CHANNEL_TOPICS else (record.partition, record.offset)
            )
            held[record.topic, kept] = record.value or b""
    finally:
        await consumer.stop()
    found = dict.fromkeys(names, b"")
    for (topic, key), value in held.items():
        found[topic] += (key if isinstance(key, bytes) else b"") + value + b"\n"
    return found
