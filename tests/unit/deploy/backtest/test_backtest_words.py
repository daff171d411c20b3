"""The words of operators beside a file of lines: played when time has come to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy.backtest import core, words
from deploy.backtest.limits import limits
from deploy.errors import BadInputError
from deploy.stack.outputs import write_topics
from deploy.stack.spill import read
from infra import garbage_collection
from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.settings import Settings
from schemas.times import parse
from schemas.topics import DAY_MS, RETARGETING_DECISIONS, RETARGETING_MESSAGES
from streams.campaigns import source
from streams.testing import Topology

NOON = parse("2026-03-02T12:00:00Z") or 0
LATENESS = round(Settings().lateness * 1000)
HASHER = Hasher(Settings().secret.get_secret_value())


def cart(who: str, minute: int, **more: Any) -> dict[str, Any]:
    """A customer puts something into the cart, so many minutes behind noon."""
    stamp = f"2026-03-02T{12 + minute // 60:02}:{minute % 60:02}:00.000Z"
    return {
        "type": "track", "event": "Product Added", "properties": {"product_id": "p", "price": 90},
        "messageId": f"{who}-{minute}", "timestamp": stamp, "anonymousId": f"a-{who}",
        "context": {"traits": {"email": f"{who}@example.com"}}, **more,
    }  # fmt: skip


EVENTS = [
    cart("ana", 0), cart("ben", 0), cart("cem", 0), cart("ana", 240), cart("ben", 240), cart("cem", 240),
    cart("dora", 1, anonymousId="a-ana"),
]  # fmt: skip


def lived() -> Topology:
    """At three o'clock Ben's address comes with a list, and Cem is forgotten; Ana's device is no longer hers."""
    shop, at = Topology(Settings(clock="wall", campaigns=None)), NOON + 3 * 3_600_000
    early, later = ([one for one in EVENTS if (parse(one["timestamp"]) < at) == (nth == 0)] for nth in range(2))
    shop.play("channels.web", early)
    shop.reach(at - LATENESS)
    shop.suppress([("email", None, HASHER("email", "ben@example.com"), False, "imported", NOON - 30 * DAY_MS)])
    shop.request("split", "anonymous_id", HASHER("anonymous_id", "a-ana"), now=at)
    shop.request("erase", "email", HASHER("email", "cem@example.com"), now=at)
    shop.play("channels.web", later)
    shop.finish()
    return shop


def test_words_of_files_are_played(tmp_path, monkeypatch, capfd) -> None:
    """Lines and the two topics give the decisions that were made, which the lines alone do not."""
    monkeypatch.setattr(garbage_collection, "relax_for_records", lambda: None)
    shop = lived()
    write_topics(tmp_path, shop.topics)
    # What the erased person did before is gone from what is kept.
    kept = [one for one in EVENTS if "cem" not in one["messageId"] or one["messageId"] == "cem-240"]
    lines = tmp_path / "lines.jsonl"
    lines.write_bytes(b"\n".join(orjson.dumps({"topic": "channels.web", "value": one}) for one in kept))
    said = words.words(*words.of_folder(tmp_path), LATENESS)
    assert words.Said(said, 0).counts() == {
        "splits": 1, "erased_profiles": 2, "addresses": 1, "unknown_splits": 0
    }  # fmt: skip
    made = {row["decision_id"]: row for row in shop.read(RETARGETING_DECISIONS) if row}
    cem = {row["profile_id"] for row in shop.read(RETARGETING_MESSAGES) if row and row["to"] == "cem@example.com"}
    decided = {}
    for name, given in (("with", words.dump(tmp_path / "said", said)), ("without", "")):
        (tmp_path / name).mkdir()
        core.play(str(tmp_path / name), "", "", str(source(None)), "", given, core.LINES, str(lines))
        rows = [orjson.loads(one.value or b"") for one in read(tmp_path / name / core.NEW, RETARGETING_DECISIONS)]
        decided[name] = {row["decision_id"]: row for row in rows}
    assert len(made) >= 6
    assert cem
    assert decided["with"] == {
        id_: row for id_, row in made.items() if row["profile_id"] not in cem or row["decided_at"] > "2026-03-02T15"
    }
    assert decided["without"] != decided["with"]


def row(**more: Any) -> dict[str, Any]:
    """A row of `identity.merges` about a split."""
    return {
        "merged_profile_id": "p", "into_profile_id": "q", "reason": "split", "version": 1,
        "merged_at": "2026-03-02T12:00:00.000Z", **more,
    }  # fmt: skip


def test_a_split_is_one_word_however_many_rows_it_has() -> None:
    """It is played when time had come to its moment less the lateness; without its identifier it is not."""
    rows = [row(version=2, identifier="h", into_profile_id="r"), row(identifier="h"), row(version=3)]
    assert words.words(rows, [], 30_000) == [words.Word(NOON - 30_000, NOON, words.SPLIT, "h")]
    assert words.words([row(reason="link")], [], 30_000) == []


def test_what_remains_unknown_is_said_and_nothing_else() -> None:
    """Operators' words are unknown to lines alone; erased people, and splits of before, only where there are some."""
    none = words.Said([], 0).counts()

    def about(word: str, **more: Any) -> bool:
        return any(word in sentence for sentence in limits(**more))

    assert about("--operators", stored=False, said=none)
    assert not about("--operators", stored=False, said=none | {"splits": 1})
    assert not about("--operators", stored=True, said=none)
    assert about("erased since", stored=True, said=none | {"erased_profiles": 2})
    assert not about("erased since", stored=True, said=none)
    assert about("cut off", stored=True, said=none | {"unknown_splits": 1})
    assert not about("cut off", stored=True, said=none)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("other", "", "neither identity.merges.jsonl nor"),
        ("identity.merges.jsonl", "{}\nx", "identity.merges.jsonl:2: bad JSON"),
        ("identity.merges.jsonl", "[1]", "no records of these topics"),
        ("contact.suppressions.jsonl", '{"address_hash": "x"}', "no records of these topics"),
    ],
)
def test_a_folder_without_words_is_refused(tmp_path: Path, name, content, said) -> None:
    """One line says what is wrong with it."""
    (tmp_path / name).write_text(content)
    with pytest.raises(BadInputError, match=said):
        words.of_folder(tmp_path)


def test_an_address_that_an_event_speaks_of_is_left_to_the_event() -> None:
    """A word with the time of an event was said by the event, which says it again."""
    row = {
        "address_hash": "h", "channel": "email", "topic": None, "suppressed": True, "reason": "unsubscribed",
        "since": "2026-03-02T12:00:00.000Z", "known_at": "2026-03-03T00:00:00.000Z",
    }  # fmt: skip
    said = words.words([], [row], 0)
    topology = Topology(Settings(clock="event"))
    assert words.Clock(topology, said, lambda: None, {NOON}).next is None
    assert words.Clock(topology, said, lambda: None).next == NOON + DAY_MS // 2
    reader = words.TimedReader(topology._ingest._reader)
    reader.read(Record("channels.web", 0, 0, NOON, None, orjson.dumps(EVENTS[0])))
    reader.read(Record("channels.web", 0, 1, NOON, None, b"x"))
    assert reader.times == {NOON}
