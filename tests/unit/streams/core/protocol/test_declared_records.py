"""Records between tasks are of declared types: what a reader makes of each, and of what is none of them."""

from __future__ import annotations

from typing import Any, get_args

import orjson
import pytest
from msgspec import Raw

from schemas.record import Out, Record
from schemas.topics import CHANNEL_TOPICS, IDENTITY_LINKS, PROFILE_EVENTS
from streams.campaigns import load
from streams.core.identify import Identify
from streams.core.journey import Journey
from streams.core.protocol import link_log, profile_log
from streams.core.protocol.records import encode
from streams.runtime.state.store import MemoryBase, PartitionStore

ID, OTHER, KEY = "ab" * 16, "cd" * 16, "00" * 19
LINK_LOG = (
    link_log.Links("channels.web", 0, (link_log.Link(1, 2, (("user_id", ID), ("email", OTHER)), 1),)),
    link_log.Report((("channels.web", 0, None, 7), ("channels.app", 1, 5, 8)), 3, 9),
    link_log.Ack(1, 4, None, KEY, None),
    link_log.EndOfInput((("channels.web", 0, 7),)),
    link_log.OptionalSources((("channels.ads", None), ("channels.web", 2))),
    link_log.DeclareSource("r", "channels.web", None, "dead"),
    link_log.ListSources("r"),
    link_log.SwitchCampaigns("r", {"any": [1, "x"]}, "v"),
    link_log.SplitRequest("r", "email", ID, 5),
    link_log.EraseRequest("r", "email", ID),
    link_log.Receipt("r", "journey", partition=0, refused=True),
    link_log.Drained(),
    link_log.SuppressRequest("r", (("email", None, ID, False, "unsubscribed", 5),)),
)
PROFILE_LOG = (
    profile_log.Round(1, KEY, 5, quiescent=True, barrier_closed=KEY),
    link_log.SwitchCampaigns("r", {}, "v"),
    profile_log.ProductChanged(KEY, "price_dropped", "p", "m", Raw(b'{"price":1.50}')),
    profile_log.DayLearned({"day": 1, "numbers": None, "products": {}}),
    profile_log.Merge(ID, OTHER, KEY),
    profile_log.Leave(ID, OTHER, ID, KEY),
    profile_log.Arrive(ID, OTHER, KEY),
    profile_log.Belongs(ID, OTHER, KEY, theirs=False),
    profile_log.Sale(ID, OTHER, KEY, theirs=False, to=OTHER),
    profile_log.Divide("r", ID, OTHER, (ID,), KEY, 5, fresh=True),
    profile_log.Erase("r", ID, KEY, (ID,), {ID: OTHER}, (), current=True),
    profile_log.Transfer(ID, ((OTHER, KEY),), KEY, Raw(b'{"id":1}')),
    profile_log.Share(ID, 5, KEY, Raw(b"{}")),
    profile_log.AddressTold(
        KEY, KEY, given=False, reason="bounced", addresses=(("email", None, ID), ("sms", "news", ID))
    ),
)


@pytest.mark.parametrize(
    ("records", "union", "read"),
    [(LINK_LOG, link_log.LinkLogRecord, link_log.read), (PROFILE_LOG, profile_log.ProfileLogRecord, profile_log.read)],
    ids=["link log", "profile log"],
)
def test_every_kind_is_read_as_it_was_written(records: tuple[Any, ...], union: Any, read: Any) -> None:
    """One record of each kind comes back as the same type with the same fields, through JSON that people can read."""
    assert {type(record) for record in records} == set(get_args(union))
    for record in records:
        value = encode(record)
        assert orjson.loads(value)["k"] == type(record).__struct_config__.tag
        again = read(value)
        assert type(again) is type(record)
        assert encode(again) == value


def test_the_names_on_the_wire_are_those_of_the_contract() -> None:
    """Requests and receipts have the fields that docs/contract.md section 8 names, and what is not set is not there."""
    assert orjson.loads(encode(LINK_LOG[8])) == {"k": "split", "request": "r", "type": "email", "id": ID, "now": 5}
    assert orjson.loads(encode(LINK_LOG[10])) == {
        "k": "receipt", "request": "r", "agent": "journey", "partition": 0, "refused": True,
    }  # fmt: skip
    assert orjson.loads(encode(LINK_LOG[2])) == {
        "k": "ack", "partition": 1, "round": 4, "low": None, "moved": KEY, "next": None, "due": None,
        "at": None,
    }  # fmt: skip
    assert orjson.loads(encode(PROFILE_LOG[4])) == {"k": "merge", "from": ID, "to": OTHER, "key": KEY}


BAD = [
    b"",
    b"no JSON",
    b"\xff\xfe",
    b"[]",
    b"{}",
    b'{"k":null}',
    b'{"k":"of a later version","field":1}',
    b'{"k":"links","topic":"channels.web"}',
    b'{"k":"report","sources":[["channels.web","0",null,1]],"version":1,"now":null}',
    b'{"k":"split","request":"r","type":"email","id":"ana@example.com","now":1}',
    b'{"k":"round","round":1,"bound":7}',
    b'{"k":"merge","from":"' + ID.encode() + b'"}',
]


class Outs(list[Out]):
    """An `Emit` that keeps what it is given."""

    send = after = list.append


@pytest.mark.parametrize("value", BAD)
def test_a_record_that_says_nothing_is_passed_over_and_counted(value: bytes) -> None:
    """Neither task stops at it, nothing is emitted or kept, and what comes behind it is read."""
    assert link_log.read(value) is None
    assert profile_log.read(value) is None
    outs = Outs()
    identify = Identify(PartitionStore(MemoryBase()), outs, partitions=1)
    identify.load()
    report = encode(link_log.Report(tuple((topic, 0, 7, 1) for topic in CHANNEL_TOPICS), 0))
    records = [Record(IDENTITY_LINKS, 0, n, 0, None, one) for n, one in enumerate((value, report))]
    assert identify.process(records) == 2
    assert identify.counts["winback_unreadable_records_total", IDENTITY_LINKS] == 1
    assert [orjson.loads(out.value or b"")["k"] for out in outs] == ["round"]
    outs.clear()
    journey = Journey(
        PartitionStore(MemoryBase()), outs, partition=0, partitions=1, campaigns=load(None), secret="s"  # noqa: S106
    )  # fmt: skip
    journey.load()
    round_ = encode(profile_log.Round(1, KEY[:16]))
    assert journey.process([Record(PROFILE_EVENTS, 0, n, 0, None, one) for n, one in enumerate((value, round_))]) == 2
    assert journey.counts["winback_unreadable_records_total", PROFILE_EVENTS] == (1 if value else 0)
    assert [orjson.loads(out.value or b"")["k"] for out in outs] == ["ack"]
