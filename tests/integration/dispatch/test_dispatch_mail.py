"""`winback dispatch` against a real mail server: what goes, what does not, and what is recorded."""

from __future__ import annotations

import asyncio
import time

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy import ports
from schemas.topics import (
    CHANNEL_TOPICS,
    RETARGETING_DECISIONS,
    RETARGETING_DELIVERIES,
    RETARGETING_MESSAGES,
    partition_of,
)
from tests.support.dispatch import (
    HOUR,
    PARTITIONS,
    cancelled,
    id_of,
    message,
    ordered,
    outcomes,
    produce,
    refused,
    values,
)


def test_what_may_go_goes_once_and_what_is_barred_does_not(address, dispatcher, mailbox):
    """Sent, expired, cancelled, converted and off: the outcomes, the feedback events, the order of a profile's mail."""
    now = int(time.time() * 1000)
    box = mailbox()
    good = [message(number, profile=number % 3) for number in range(12)]
    expired, barred, bought = message(20, ttl=-1000), message(21), message(22)
    again, thanked = message(23), message(24, trigger={"type": "order_completed", "at": "2026-01-01T00:00:00.000Z"})
    forgotten, sms, garbled = message(25, ttl=-30 * HOUR), message(26, "sms"), message(27)._replace(value=b"{}")
    unwanted = message(28, profile=1)
    produce(address, [
        cancelled(barred, "exited"), ordered(bought, now), ordered(again, now - 120_000), refused(unwanted),
        *good, expired, barred, bought, again, thanked, forgotten, sms, garbled, unwanted,
    ])  # fmt: skip
    running = dispatcher(WINBACK_DISPATCH_SMTP=f"127.0.0.1:{box.port}")
    wanted = {id_of(one): "sent" for one in [*good, again, thanked]} | {
        id_of(expired): "expired", id_of(barred): "cancelled", id_of(bought): "cancelled",
        id_of(unwanted): "cancelled",
    }  # fmt: skip
    running.wait_for(lambda: outcomes(address) == wanted, "all outcomes")
    metrics = running.told()
    running.stop()
    assert set(box.received.values()) == {1}
    for lane in range(3):
        sent = [one for _, one in box.order if int(one, 16) < 12 and int(one, 16) % 3 == lane]
        assert sent == sorted(sent), "the order of a profile"
    assert 'winback_dispatch_total{channel="email",outcome="sent"} 14.0' in metrics
    assert 'winback_dispatch_total{channel="sms",outcome="off"} 1.0' in metrics
    assert 'winback_dispatch_breaker{channel="email"} 0.0' in metrics

    events = [orjson.loads(value) for _, value in values(address, "channels.email")]
    assert {one["event"] for one in events} == {"Email Delivered"}
    assert {one["properties"]["message_id"] for one in events} == set(box.received)
    assert events[0]["context"]["traits"]["email"].endswith("@example.com")
    rows = [orjson.loads(value) for _, value in values(address, RETARGETING_DECISIONS)]
    found = {(row["outcome"], row["reason"], row["message_id"]) for row in rows if row.get("campaign_id")}
    assert found == {("cancelled", "converted", id_of(bought)), ("cancelled", "no_consent", id_of(unwanted))}

    # Once more from the beginning, as if its offsets had been lost: nothing is sent again.
    another = dispatcher(WINBACK_DISPATCH_SMTP=f"127.0.0.1:{box.port}", WINBACK_GROUP="other")
    last = message(30)
    produce(address, [last])
    another.wait_for(lambda: outcomes(address).get(id_of(last)) == "sent", "a new message")
    another.stop()
    assert set(box.received.values()) == {1}
    assert {one: outcomes(address)[one] for one in wanted} == wanted


@pytest.mark.usefixtures("servers_only")
def test_what_a_server_refuses_for_now_is_tried_again_and_for_good_is_not(address, dispatcher, mailbox):
    """4xx at RCPT is tried until it goes or its tries are over; 5xx is a bounce; both are told as feedback."""
    box = mailbox(script=["451 4.3.0 later", "450 4.2.0 grey", None, "550 5.1.1 no such user", *["452 4.2.2 full"] * 3])
    one, two, three = (message(number, profile=1) for number in range(3))
    produce(address, [one, two, three])
    running = dispatcher(WINBACK_DISPATCH_SMTP=f"127.0.0.1:{box.port}", WINBACK_DISPATCH_ATTEMPTS="3",
                         WINBACK_DISPATCH_DEFERRED_PAUSE="0.1")  # fmt: skip
    wanted = {id_of(one): "sent", id_of(two): "bounced", id_of(three): "failed"}
    running.wait_for(lambda: outcomes(address) == wanted, "all outcomes")
    running.stop()
    assert box.received == {id_of(one): 1}
    events = [orjson.loads(value) for _, value in values(address, "channels.email")]
    told = {(one["event"], one["properties"].get("bounce_type")) for one in events}
    assert told == {("Email Delivered", None), ("Email Bounced", "hard"), ("Email Bounced", "soft")}


@pytest.mark.slow
@pytest.mark.usefixtures("servers_only")
def test_a_mail_server_that_is_away_opens_the_breaker_until_messages_expire(address, dispatcher, mailbox):
    """Messages wait while it is away; one that expires then is cancelled with channel_down; the rest goes later."""
    (port,) = ports.free(1)
    patient = message(1)
    produce(address, [patient])
    running = dispatcher(WINBACK_DISPATCH_SMTP=f"127.0.0.1:{port}", WINBACK_DISPATCH_FAILURES="2")
    opened = 'winback_dispatch_breaker{channel="email"} 1.0'
    running.wait_for(lambda: opened in running.told(), "the breaker to open")
    short = message(2, ttl=1_500)
    produce(address, [short])
    running.wait_for(lambda: outcomes(address).get(id_of(short)) == "channel_down", "the message to expire")
    assert outcomes(address)[id_of(patient)] in ("released", "claimed")
    box = mailbox(port=port)
    running.wait_for(lambda: outcomes(address)[id_of(patient)] == "sent", "the server to be used again")
    running.stop()
    [row] = [orjson.loads(value) for _, value in values(address, RETARGETING_DECISIONS)]
    assert (row["outcome"], row["reason"], row["message_id"]) == ("cancelled", "channel_down", id_of(short))
    assert box.received == {id_of(patient): 1}


@pytest.mark.slow
def test_two_dispatchers_that_read_the_same_messages_send_each_once(address, dispatcher, mailbox):
    """Two groups, so that each message is read twice at the same time: the first claim in the ledger decides."""
    box = mailbox(delay=0.002)
    records = [message(number) for number in range(150)]
    produce(address, records)
    both = [dispatcher(WINBACK_DISPATCH_SMTP=f"127.0.0.1:{box.port}", WINBACK_GROUP=group) for group in "ab"]
    both[0].wait_for(lambda: set(outcomes(address).values()) == {"sent"}, "all to be sent")
    for one in both:
        one.stop()
    assert box.received == {id_of(record): 1 for record in records}


def test_a_dry_run_writes_files_and_nothing_else(address, dispatcher, tmp_path):
    """What would go is in files; topics are as they were."""
    mail, push, late = message(1), message(2, "push"), message(3, ttl=-1000)
    barred = message(4)
    produce(address, [mail, push, late, barred, cancelled(barred)])
    running = dispatcher("--dry-run", tmp_path / "would")
    files = {tmp_path / f"would/email/{id_of(mail)}.eml", tmp_path / f"would/push/{id_of(push)}.json"}
    running.wait_for(lambda: all(path.exists() for path in files), "the files")
    running.stop()
    assert {path for path in (tmp_path / "would").rglob("*") if path.is_file()} == files
    assert b"To: c1@example.com" in (tmp_path / f"would/email/{id_of(mail)}.eml").read_bytes()
    assert orjson.loads((tmp_path / f"would/push/{id_of(push)}.json").read_bytes())["message_id"] == id_of(push)
    assert values(address, RETARGETING_DELIVERIES) == []
    assert all(values(address, topic) == [] for topic in CHANNEL_TOPICS)


def test_offsets_beyond_the_end_are_told_and_nothing_is_sent_again(address, dispatcher, mailbox):
    """More is committed than there is, as when a broker has lost records: said, counted, what comes anew is sent."""
    box, before, after = mailbox(), message(0), message(4)
    produce(address, [before])
    lost = TopicPartition(RETARGETING_MESSAGES, partition_of(before.key.decode(), PARTITIONS))

    async def commit():
        group = "winback-dispatch"
        async with AIOKafkaConsumer(bootstrap_servers=address, group_id=group, enable_auto_commit=False) as consumer:
            consumer.assign([lost])
            await consumer.commit({lost: 500})

    asyncio.run(commit())
    running = dispatcher(WINBACK_DISPATCH_SMTP=f"127.0.0.1:{box.port}")
    counted = f'winback_offsets_beyond_end_total{{topic="{RETARGETING_MESSAGES}"}} 1.0'
    running.wait_for(lambda: counted in running.told(), "the loss to be counted")
    produce(address, [after._replace(key=before.key)])
    running.wait_for(lambda: outcomes(address).get(id_of(after)) == "sent", "what comes anew")
    running.stop()
    assert "was read up to offset 500 and ends at 1; what comes from now on is delivered" in running.log.read_text()
    assert dict(box.received) == {id_of(after): 1}
