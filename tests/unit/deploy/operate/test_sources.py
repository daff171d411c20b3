"""`winback sources`: what is asked, what an answer says to people, what is refused."""

from __future__ import annotations

import orjson
import pytest
from msgspec.structs import replace

from deploy.cli import config
from deploy.cli import main as cli
from deploy.errors import BadInputError
from deploy.operate import sources
from schemas.settings import Settings
from streams.core.protocol.link_log import DeclareSource, ListSources, Receipt
from streams.core.protocol.records import encode

NOON = 1_772_452_800_000
RECEIPT = Receipt(
    "r1", "identify", now=NOON, reached=NOON - 7_230_000, holder=("channels.store", 1),
    sources=[
        ("channels.web", 0, NOON - 30_000, 17, "live"),
        ("channels.store", 0, NOON - 30_000, 3, "live"),
        ("channels.store", 1, NOON - 7_230_000, 5, "live"),
        ("channels.mail", 0, None, 0, "optional"),
        ("channels.ads", 2, NOON - 90_061_000, 8, "dead"),
    ],
)  # fmt: skip


def test_whoever_holds_time_comes_first():
    """The holder, then what is slowest; times are ISO, delays are seconds of the wall clock."""
    found = sources.shown(RECEIPT)
    assert found["holder"] == "channels.store:1"
    assert (found["clock"], found["reached"]) == ("2026-03-02T12:00:00.000Z", "2026-03-02T09:59:30.000Z")
    assert found["sources"][0] == {
        "topic": "channels.store", "partition": 1, "state": "live", "watermark": "2026-03-02T09:59:30.000Z",
        "delay_seconds": 7230.0, "position": 5, "holds": True,
    }  # fmt: skip
    order = [f"{one['topic']}:{one['partition']}" for one in found["sources"]]
    assert order[1:] == ["channels.mail:0", "channels.ads:2", "channels.store:0", "channels.web:0"]
    assert [one["holds"] for one in found["sources"]] == [True, False, False, False, False]


def test_nothing_is_known_yet():
    """Without a wall clock, or before the first report, there is no delay and nobody holds anything."""
    found = sources.shown(replace(RECEIPT, now=None, reached=None, holder=None))
    assert (found["clock"], found["reached"], found["holder"]) == (None, None, None)
    assert {one["delay_seconds"] for one in found["sources"]} == {None}


@pytest.mark.parametrize(
    ("text", "want"), [("channels.store", ("channels.store", None)), ("channels.app:3", ("channels.app", 3))]
)
def test_sources_are_named_by_topic_and_partition(text, want):
    """A topic is all of its partitions."""
    found = sources.parse(text, Settings(partitions=4))
    assert found == want
    assert str(found) == text


def test_settings_name_sources():
    """Optional and steady sources are read from lists; a slip is told with the name of the variable."""
    settings = config.load(optional_sources=" channels.ads, channels.mail:1 ,", steady_sources="channels.store")
    assert settings.optional() == (("channels.ads", None), ("channels.mail", 1))
    assert settings.steady() == (("channels.store", None),)
    for wrong in ("channels.fax", "channels.web:4", "channels.web;channels.app"):
        with pytest.raises(BadInputError, match="WINBACK_OPTIONAL_SOURCES"):
            config.load(optional_sources=wrong)


@pytest.mark.parametrize("text", ["store", "stitched.events", "channels.web:4", "channels.web:", "channels.web:-1", ""])
def test_what_is_no_source_is_refused(text):
    """Other topics, partitions that are not there: one line that says what there is."""
    with pytest.raises(BadInputError):
        sources.parse(text, Settings(partitions=4))


def test_only_identifys_answer_to_this_request_counts():
    """Tombstones, other records, receipts of others and of other requests are passed over; the first answer stays."""
    answer = sources.Answer()
    mine = replace(RECEIPT, request=answer.request)
    for value in (None, b"", b'{"k":"links"}', encode(replace(mine, request="r2")),
                  encode(replace(mine, agent="journey"))):  # fmt: skip
        answer.take(value)
    assert answer.waiting == ["identify"]
    answer.take(encode(mine))
    answer.take(encode(replace(mine, holder=None)))
    assert answer.waiting == []
    assert answer.receipt == mine


@pytest.mark.parametrize(
    ("seconds", "want"),
    [(None, "-"), (0.4, "0 s"), (59.9, "59 s"), (90, "1 min 30 s"), (7230, "2 h 00 min"), (90_061, "1 d 01 h")],
)
def test_lengths_of_time_for_people(seconds, want):
    """Two units, the largest that there are."""
    assert sources.span(seconds) == want


def test_the_commands(monkeypatch, capfd):
    """List, dead and live ask identify for just that, and print the sources as a table or as JSON."""
    asked = []

    async def answered(settings, request, answer, *, seconds):
        asked.append((replace(request, request=""), seconds))
        answer.take(encode(replace(RECEIPT, request=request.request)))

    monkeypatch.setattr(sources.requests, "publish_and_wait", answered)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main(["sources", *arguments])
        assert ended.value.code == 0
        return capfd.readouterr()

    said = run()
    assert "Time has reached 2026-03-02T09:59:30.000Z" in said.out
    assert any(
        "channels.store:1" in row and "holds time" in row and "2 h 00 min" in row for row in said.out.split("\n")
    )
    assert orjson.loads(run("--json", "--timeout", "5").out) == sources.shown(RECEIPT)
    assert "channels.store is dead" in run("dead", "channels.store", "--json").err
    assert "channels.ads:2 is live" in run("live", "channels.ads:2").err
    assert asked == [
        (ListSources(""), 30.0),
        (ListSources(""), 5.0),
        (DeclareSource("", "channels.store", None, "dead"), 30.0),
        (ListSources(""), 30.0),
        (DeclareSource("", "channels.ads", 2, "live"), 30.0),
        (ListSources(""), 30.0),
    ]
