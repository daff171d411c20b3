"""The sink process from Kafka to its views: crashes, a ClickHouse that goes away, unreadable records, a clean stop."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from schemas import topics
from schemas.record import Record
from tests.support import sink_rows as make
from tests.support.sink_processes import KILLED_BEFORE_COMMIT, Sink, committed, produce
from tests.support.stack import wait_for

Start = Callable[..., Sink]
KPIS = "SELECT channel, events, reach, sends, conversions, toInt64(revenue) FROM v_channel_daily"
FUNNEL = "SELECT step, carts FROM v_cart_funnel_daily WHERE position < 4"
BUSY = """
import os
os.environ.update(WINBACK_SQUASH_INTERVAL="0.05")
"""
"""Settings of a process that looks for quiet months all the time."""


def history(customers: int) -> list[Record]:
    """Each customer looks, abandons a cart, gets a message and buys; every second turns out to be the one before."""
    records: list[Record] = []
    for at in range(customers):
        who = make.hexed(at)
        records += [
            make.event(who, "Product Viewed", make.NOON + at),
            make.event(who, "Order Completed", make.NOON + at + make.HOUR, revenue=10),
            make.transition(who, f"cart-{at}", "none>open", make.NOON + at),
            make.transition(who, f"cart-{at}", "open>abandoned", make.NOON + at + 30 * make.MINUTE, no=1),
            make.transition(who, f"cart-{at}", "abandoned>converted", make.NOON + at + make.HOUR, no=1),
            make.decision(who, f"decision-{at}", "sent"),
            make.message(who, f"message-{at}"),
            make.conversion(who, f"order-{at}", 10, message_id=f"message-{at}"),
            make.cell("channel_hour", {"channel": "web"}, {"events": at + 1}, version=at + 1),
        ]
        if at % 2:
            records.append(make.merge(who, make.hexed(at - 1), make.NOON + 2 * make.HOUR, version=at))
    return records


def test_from_kafka_to_the_views(address: str, sink: Start, tmp_path: Path) -> None:
    """Every topic fills its table, unreadable records are passed over, and all offsets are committed."""
    records = history(100)
    poison = [
        make.record(topic, value)
        for topic in (topics.STITCHED_EVENTS, topics.CONVERSIONS)
        for value in (b"{", None, b"[]")
    ]
    produce(address, [*poison, *records, *poison])
    running = sink()
    running.until(KPIS, "email\t0\t0\t100\t0\t0\nweb\t200\t50\t0\t100\t1000")
    running.until(FUNNEL, "opened\t100\ncheckout started\t0\nabandoned\t100")
    running.until("SELECT triggered, sent, conversions FROM v_campaign_daily", "100\t100\t100")
    running.until("SELECT values['events'] FROM cells FINAL", "100")
    wait_for(lambda: committed(address) == len(records) + 12, "all offsets to be committed")
    assert running.metric('winback_sink_rows_total{table="events"}') == 200
    assert running.metric('winback_sink_skipped_total{topic="conversions"}') == 6
    assert running.metric("winback_sink_buffered_rows") == 0
    assert running.stop() == 0
    assert "record skipped: not JSON [topic=conversions partition=" in (tmp_path / "sink.log").read_text()


def test_killed_between_insert_and_commit(address: str, sink: Start) -> None:
    """SIGKILL after the insert and before the commit: the rows come again, and no view counts any of them twice."""
    records = history(60)
    produce(address, records)
    for _ in range(2):
        assert sink(before=KILLED_BEFORE_COMMIT).process.wait(timeout=60) == -9
        assert committed(address) == 0
    running = sink()
    wait_for(lambda: committed(address) == len(records), "the same records to be written again", alive=running.process)
    assert int(running.ask("SELECT count() FROM events")) > 120  # the rows did come twice
    assert running.ask(KPIS) == "email\t0\t0\t60\t0\t0\nweb\t120\t30\t0\t60\t600"
    assert running.ask(FUNNEL) == "opened\t60\ncheckout started\t0\nabandoned\t60"
    assert running.ask("SELECT count() FROM decisions FINAL") == "60"


def test_a_database_that_was_emptied_is_filled_again(address: str, sink: Start, tmp_path: Path) -> None:
    """Its folder is removed when all has been committed: the next start reads all topics from their beginning."""
    records = history(20)
    produce(address, records)
    running = sink()
    running.until("SELECT count() FROM events FINAL", "40")
    whole = "email\t0\t0\t20\t0\t0\nweb\t40\t10\t0\t20\t200"
    running.until(KPIS, whole)
    wait_for(lambda: committed(address) == len(records), "all offsets to be committed")
    running.stop()
    for folder in tmp_path.glob("clickhouse*"):
        shutil.rmtree(folder) if folder.is_dir() else folder.unlink()
    running = sink()
    running.until("SELECT count() FROM events FINAL", "40")
    running.until(KPIS, whole)
    wait_for(lambda: committed(address) == len(records), "all offsets to be committed again")
    assert running.stop() == 0
    assert "ClickHouse has no rows" in (tmp_path / "sink.log").read_text()


def test_a_clean_stop_writes_what_is_waiting(address: str, sink: Start) -> None:
    """SIGTERM ends with exit 0, and the next start has nothing to read again."""
    running = sink()
    running.until("SELECT 1", "1")
    records = history(10)
    produce(address, records)
    wait_for(
        lambda: running.metric("winback_sink_buffered_rows") or committed(address) == len(records),
        "some record to come in", alive=running.process,
    )  # fmt: skip
    assert running.stop() == 0
    written = committed(address)
    after = sink()
    wait_for(lambda: committed(address) == len(records), "all offsets to be committed", alive=after.process)
    assert written > 0
    after.until("SELECT sum(events) FROM v_channel_daily", "20")


def test_a_server_that_goes_away_and_comes_back(address: str, sink: Start, tmp_path: Path) -> None:
    """Over HTTP: while the server is down the sink waits and commits nothing; when it is back nothing is missing."""
    # The interface of one embedded ClickHouse is the server of another sink; nobody's broker keeps it from reading.
    server = sink(folder="server", kafka="127.0.0.1:1")
    server.until("SELECT 1", "1")
    running = sink(dsn=f"http://127.0.0.1:{server.port}/winback", admin=tmp_path / "server.admin")
    first = history(20)
    produce(address, first)
    wait_for(lambda: committed(address) == len(first), "the first records to be written", alive=running.process)
    server.crash()
    more = history(40)[len(first) :]
    produce(address, more)
    wait_for(
        lambda: running.metric('winback_sink_retries_total{kind="transport"}') >= 2, "retries", alive=running.process
    )
    assert committed(address) == len(first)
    again = sink(folder="server", kafka="127.0.0.1:1", port=server.port)
    wait_for(lambda: committed(address) == len(first) + len(more), "the rest to be written", alive=running.process)
    assert again.ask(KPIS) == "email\t0\t0\t40\t0\t0\nweb\t80\t20\t0\t40\t400"
    assert "does not answer" not in (tmp_path / "sink.log").read_text()
    assert "insert into" in (tmp_path / "sink.log").read_text()
    assert running.stop() == 0


def test_killed_between_erasure_and_commit(address: str, sink: Start) -> None:
    """SIGKILL after a person's rows are deleted and before the commit: the erasure is done again, and stays done."""
    records, gone = history(6), make.hexed(0)
    stones = [make.record(record.topic, None, gone) for record in (records[0], records[2], *records[5:8])]
    produce(address, records)
    first = sink()
    first.until("SELECT count() FROM conversions", "6")
    wait_for(lambda: committed(address) == len(records), "all offsets to be committed")
    assert first.stop() == 0
    produce(address, stones)
    assert sink(before=KILLED_BEFORE_COMMIT).process.wait(timeout=120) != 0
    again = sink()
    wait_for(lambda: committed(address) == len(records) + len(stones), "the tombstones to be taken")
    for table in ("events", "profiles", "cart_transitions", "messages", "decisions", "conversions"):
        again.until(f"SELECT uniqExact(profile_id), countIf(profile_id = '{gone}') FROM {table}", "5\t0")  # noqa: S608
    assert again.stop() == 0


def test_merges_are_resolved_beside_the_inserts(address: str, sink: Start) -> None:
    """The process resolves merges while records come in and months are looked at, and no number moves."""
    records = history(40)
    running = sink(before=BUSY)
    running.until("SELECT 1", "1")
    produce(address, records)
    running.until(KPIS, "email\t0\t0\t40\t0\t0\nweb\t80\t20\t0\t40\t400")
    running.until("SELECT count() FROM resolved_profiles FINAL", "40")
    assert running.ask(KPIS) == "email\t0\t0\t40\t0\t0\nweb\t80\t20\t0\t40\t400"
    assert running.metric("winback_open_merges") == 0
    assert running.stop() == 0
