"""Dead letters: what they are called, how they are grouped, mended in a file, and tried before they are sent."""

from __future__ import annotations

import json

import pytest

from deploy.errors import BadInputError
from deploy.letters import grouping, letter, lines
from deploy.letters.reading import Once
from deploy.letters.replaying import Plan, Refusal, Trial
from schemas.dead_letters import dead_letter_out
from schemas.events import DeadLetter, Event, Reader
from schemas.record import Record
from schemas.settings import Settings

SETTINGS = Settings(secret="of the test")  # noqa: S106
AT = 1_795_285_979_333
NO_NAME = b'{"type":"track","userId":"u1","properties":{"price":1.10}}'
CLOUD = b'{"type":"track","userId":"u1"}'


def refused(value, *, topic="channels.web", offset=7, partition=1, at=AT, headers=()):
    """A record of `dead.letters` as ingest writes it, of a raw record that cannot be read."""
    read = Reader().read(Record(topic, partition, offset, at, b"key", value, headers))
    assert isinstance(read, DeadLetter)
    out = dead_letter_out(read, 4)
    return Record(out.topic, out.partition, offset, AT + 1000, out.key, out.value, out.headers)


def found(*records, audit=()):
    """The letters in some records of `dead.letters`."""
    once = Once(dict(audit))
    return [one for one in map(once.take, records) if one is not None]


def test_a_letter_is_its_record_again():
    """Place, time, reason and bytes are those of the raw record; a CloudEvent keeps the headers that make it one."""
    headers = (("ce_specversion", b"1.0"), ("ce_id", b"m1"), ("trace", b"t"), ("reason", b"mine"))
    [one] = found(refused(CLOUD, headers=headers))
    assert (one.letter.place, one.letter.reason, one.letter.at) == ("channels.web:1:7", "missing_event_name", AT)
    assert one.letter.record == Record("channels.web", 1, 7, AT, None, CLOUD, headers[:2])
    told = one.lean().told()
    assert (told["bytes"], told["refused_at"], told["replayed_at"]) == (len(CLOUD), "2026-11-21T18:33:00.333Z", None)


def test_a_letter_written_twice_is_one():
    """What a restarted worker wrote twice is one letter; another record at a place that was lost is another."""
    twice = found(
        refused(NO_NAME), refused(NO_NAME), refused(b"{}"), Record("dead.letters", 0, 1, AT, None, b"by hand")
    )
    assert [one.letter.value for one in twice] == [NO_NAME, b"{}"]


def test_what_was_replayed_is_known():
    """A letter that the audit names is marked with the time; one that was refused after that is not."""
    assert found(refused(NO_NAME), audit={"channels.web:1:7": AT + 1000})[0].replayed_at == AT + 1000
    assert found(refused(NO_NAME), audit={"channels.web:1:7": AT + 999})[0].replayed_at is None


def test_letters_are_grouped():
    """By reason and source, the largest group first, with the first, the last and what was replayed."""
    all_ = found(
        refused(b"{", offset=1), refused(b"{", offset=2), refused(NO_NAME, offset=3),
        refused(b"{", offset=4, topic="channels.app"), audit={"channels.web:1:2": AT + 5000},
    )  # fmt: skip
    rows = grouping.grouped(all_, grouping.keys("reason, source"))
    assert [(row["reason"], row["source"], row["letters"], row["replayed"], row["latest"]) for row in rows] == [
        ("invalid_json", "channels.web:1", 2, 1, "channels.web:1:2"),
        ("invalid_json", "channels.app:1", 1, 0, "channels.app:1:4"),
        ("missing_event_name", "channels.web:1", 1, 0, "channels.web:1:3"),
    ]
    assert grouping.grouped(all_, ("day",))[0]["letters"] == 4
    with pytest.raises(BadInputError, match="--by color"):
        grouping.keys("reason,color")


@pytest.mark.parametrize(
    ("options", "places"),
    [
        ({}, ["channels.web:1:1", "channels.app:2:2"]), ({"reason": "invalid_json"}, ["channels.web:1:1"]),
        ({"source": "channels.app"}, ["channels.app:2:2"]), ({"source": "channels.app:1"}, []),
        ({"places": ("channels.web/1/1",)}, ["channels.web:1:1"]),
        ({"places": ("dead.letters:2:2",)}, ["channels.app:2:2"]),
    ],
)  # fmt: skip
def test_letters_are_chosen(options, places):
    """By reason, by source, and by either of their ids."""
    want = letter.wanted(4, options.get("reason"), options.get("source"), options.get("places", ()))
    two = found(refused(b"{", offset=1), refused(NO_NAME, topic="channels.app", partition=2, offset=2))
    assert [one.letter.place for one in two if want(one.letter)] == places


@pytest.mark.parametrize("options", [("nothing", None, ()), (None, "channels.webb", ()), (None, None, ("web:1:2",))])
def test_bad_choices_are_one_line(options):
    """A reason, a source or an id that there is not is refused with what is needed."""
    with pytest.raises(BadInputError, match=r"needed|is no source|TOPIC:PARTITION:OFFSET"):
        letter.wanted(4, *options)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (NO_NAME, "value"),
        (b'{"type": "track",', "text"),
        (b"\xff{", "value_b64"),
        (b'{"userId":12345678901234567}', "text"),
    ],
)
def test_a_line_says_the_same_bytes(tmp_path, value, form):
    """JSON that keeps its digits is a value, else a text, else base64; unchanged, the line means the same record."""
    headers = (("ce_id", b"m1"),)
    read = Reader().read(Record("channels.web", 1, 7, AT, None, value))
    reason = read.reason if isinstance(read, DeadLetter) else "invalid_value"
    it = letter.Letter(reason, "", "channels.web", 1, 7, AT, AT, value, headers, (1, 0), len(value))
    line = lines.line(it)
    assert form in json.loads(line)
    path = tmp_path / "f.jsonl"
    path.write_bytes(line)
    [mended] = lines.mended(str(path), 4)
    assert (mended.place, mended.reason, mended.number) == ("channels.web:1:7", reason, 1)
    same = mended.record._replace(offset=7, value=value if form == "value" else mended.record.value)
    assert same == it.record
    if form == "value":
        assert json.loads(mended.record.value) == json.loads(value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense", "bad JSON"), ('{"topic": "channels.web", "value": {}}', "dead_letter is missing"),
        ('{"dead_letter": "channels.web:1:7", "topic": "channels.webb", "timestamp": 1, "value": {}}', "unknown topic"),
        ('{"dead_letter": "channels.web:1:7", "topic": "channels.web", "value": {}}', "timestamp is missing"),
        ('{"dead_letter": "channels.web:1:7", "topic": "channels.web", "timestamp": 1, "text": 5}', "text must be"),
        ('{"dead_letter": "channels.web:1:7", "topic": "channels.web", "timestamp": 1, "value": {}, "headers": 1}',
         "headers must be"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named(tmp_path, line, said):
    """The line that cannot be published is named by its number, with what is wrong."""
    path = tmp_path / "f.jsonl"
    path.write_text("\n" + line + "\n")
    with pytest.raises(BadInputError, match=rf"f\.jsonl:2: .*{said}"):
        list(lines.mended(str(path), 4))


def test_a_trial_reads_as_the_workers_do():
    """What would be refused again is known, feedback on nobody's message included; the rest is taken."""
    trial = Trial(SETTINGS)

    def of(value):
        return trial(Record("channels.email", 0, 1, AT, None, json.dumps(value).encode()))

    assert of({"type": "track", "userId": "u1"}) == Refusal("missing_event_name", trial_detail(trial))
    nobody = {"type": "track", "event": "Email Opened", "properties": {"message_id": "x" * 48}}
    assert of(nobody).reason == "no_identifier"
    assert isinstance(of({"type": "track", "event": "Order Completed", "userId": "u1"}), Event)
    assert isinstance(of({**nobody, "userId": "u1"}), Event)


def trial_detail(trial):
    """What the reader says of a track call without a name."""
    return trial(Record("channels.email", 0, 1, AT, None, CLOUD)).detail


def test_a_plan_counts():
    """What would be taken, what not and why with the first of each kind, and what is too old to change quantities."""
    plan, trial = Plan(), Trial(SETTINGS)
    event = trial(Record("channels.web", 0, 1, AT, None, b'{"type":"page","userId":"u1"}'))
    plan.take("a", event, AT)
    plan.take("b", event, AT + 86_400_000)
    plan.take("c", Refusal("invalid_json", "no JSON"), AT)
    plan.take("d", Refusal("invalid_json", "no JSON"), AT)
    told = plan.told()
    assert (told["ready"], told["old"]) == (2, 1)
    assert told["failing"] == [{"reason": "invalid_json", "detail": "no JSON", "letters": 2, "first": "c"}]
