"""split and erase over a ClickHouse of the test's own, with the answers of the workers made up."""

from __future__ import annotations

import json

import pytest

from deploy.operate.person import erasures, requests
from schemas.settings import Settings
from sinks.clickhouse import erasing as sinks
from sinks.clickhouse.client import connect
from tests.support.anna import BROWSER, FORMER, HASH, LATER, MAIL, STORY, USER, P, Shop, event, identifier, merge


def test_erasing_what_was_split_off_takes_its_events_of_before(winback, tmp_path, monkeypatch):
    """They are under the profile it was cut off from: they go, and that profile keeps its own."""
    shop, new = Shop(tmp_path), HASH("anonymous_id", "an id that was free")
    shop(
        events=[event(0, P, USER, name="Mine"), event(1, P, BROWSER, name="Theirs"), event(9, new, BROWSER)],
        identifiers=[identifier(0, USER, P, 1), identifier(0, BROWSER, P, 2), identifier(5, BROWSER, new, 3)],
        profile_merges=[merge(5, P, new, 4, BROWSER, reason="split", occurrence=4)],
    )
    client = erased(monkeypatch, shop, {"agent": "identify", "found": True, "profiles": [new]})
    receipt = json.loads(winback(shop, "erase", "anonymous_id:b1", "--yes", "--json").stdout)
    client.close()
    assert receipt["removed"]["clickhouse"]["events"] == 2
    shown = json.loads(winback(shop, "profile", "user_id:anna", "--json").stdout)
    assert [entry["name"] for entry in shown["timeline"]] == ["Mine"]


class Workers:
    """What identify and the journeys would answer, in place of Kafka."""

    def __init__(self, monkeypatch, *receipts):
        self.asked = []
        self.receipts = receipts
        monkeypatch.setattr(requests, "ask", self.ask)

    async def ask(self, settings, kind, named, now, *, seconds):
        """The receipts of any request."""
        self.asked.append((kind, named.hash))
        answers = requests.Answers("r1")
        for one in self.receipts:
            answers.take(json.dumps({"k": "receipt", "request": "r1", **one}).encode())
        return answers


@pytest.fixture
def asks(monkeypatch):
    """A terminal that somebody sits at; the commands may ask."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    said = []
    monkeypatch.setattr("typer.confirm", lambda question, **_: said.append(question))
    return said


def test_split_shows_asks_and_tells(winback, told, monkeypatch, asks):
    """What is linked with it is shown first; then the question; then the new profiles with their identifiers."""
    workers = Workers(
        monkeypatch,
        {"agent": "identify", "found": True, "profiles": [P], "clusters": [[P, 4], [HASH("x", "y"), 1]], "edges": 2},
        {"agent": "journey", "profile": P, "removed": {"lines": 1}},
    )
    ran = winback(told, "split", "email:anna@example.com", "--timeout", "1")
    assert ran.returncode == 0, ran.stderr
    assert asks == ["Cut email:*** off?"]
    assert workers.asked == [("split", HASH(*MAIL))]
    before, after = ran.stdout.split("Profiles now")
    assert "anna@example.com" in before
    assert "+49301234567" not in before
    assert "+49301234567" in after


def test_split_of_what_was_never_linked(winback, told, monkeypatch):
    """Identify knows no link: exit 1 and one line."""
    Workers(monkeypatch, {"agent": "identify", "found": False, "profiles": []})
    ran = winback(told, "split", "email:nobody@example.com", "--yes", "--json")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "winback: nothing is known of email:***: no event has ever linked it\n"


def erased(monkeypatch, shop, *receipts, refusal=None, deletes=True):
    """Make up the Kafka side of an erasure; the sinks delete the rows meanwhile."""
    answers = requests.Answers("r1")
    for one in receipts:
        answers.take(json.dumps({"k": "receipt", "request": "r1", **one}).encode())

    async def in_streams(settings, person, **_):
        for table in (*STORY, "profiles") if deletes else ():
            if table == "identifiers":
                sinks.erase(client, table, dict.fromkeys(person.hashes, LATER))
            else:
                sinks.erase(client, table, dict.fromkeys(person.ids, LATER))
        return erasures.Streams(answers, {"conversions": 2}, {"channels.web": 3}, {"channels.web": "for ever"},
                               refusal=refusal, kept={"conversions": "7 days after it was written"})  # fmt: skip

    client = connect(Settings(clickhouse=shop.dsn))
    monkeypatch.setattr(erasures, "in_streams", in_streams)
    return client


def test_erase_waits_for_the_rows_and_gives_a_receipt_without_values(winback, tmp_path, monkeypatch):
    """Rows by table, what the workers removed, what stays until when; no value of the person anywhere in it."""
    shop = Shop(tmp_path)
    shop(**STORY)
    client = erased(
        monkeypatch, shop,
        {"agent": "identify", "found": True, "profiles": [P, FORMER], "identifiers": 4, "edges": 3, "refused": 1},
        {"agent": "journey", "profile": P, "removed": {"state": 1, "pending": 2}},
        {"agent": "journey", "profile": FORMER, "removed": {"state": 0, "marks": 1}},
    )  # fmt: skip
    ran = winback(shop, "erase", "email:anna@example.com", "--yes", "--json")
    assert ran.returncode == 0, ran.stderr
    receipt = json.loads(ran.stdout)
    assert receipt["found"]
    assert receipt["removed"]["clickhouse"]["events"] == 3
    assert receipt["removed"]["clickhouse"]["messages"] == 1
    assert receipt["removed"]["state"] == {"state": 1, "pending": 2, "marks": 1}
    assert receipt["stays"]["events_of_others"] == 1
    assert receipt["stays"]["raw_records"] == {"channels.web": {"records": 3, "until": "for ever"}}
    for value in ("anna", "b1", "+4930"):
        assert value not in ran.stdout + ran.stderr
    shown = winback(shop, "erase", "email:anna@example.com", "--yes")
    client.close()
    assert shown.returncode == 0, shown.stderr
    assert "channels.web" in shown.stdout


def test_a_second_erasure_finds_nothing(winback, tmp_path, monkeypatch):
    """Neither rows nor state: the receipt says that nothing is found, and the exit code is 0."""
    shop = Shop(tmp_path)
    shop()
    client = erased(
        monkeypatch, shop, {"agent": "identify", "found": False, "profiles": [P]},
        {"agent": "journey", "profile": P, "removed": {"state": 0}},
    )  # fmt: skip
    ran = winback(shop, "erase", "user_id:anna", "--yes")
    again = winback(shop, "erase", "user_id:anna", "--yes", "--json")
    client.close()
    assert ran.returncode == 0, ran.stderr
    assert "Nothing is found of user_id:***" in ran.stdout
    assert json.loads(again.stdout)["found"] is False


def test_rows_that_do_not_go_are_told(winback, told, monkeypatch):
    """ClickHouse still holds rows at the end of the time: exit 1, with tables and numbers."""
    client = erased(monkeypatch, told, {"agent": "identify", "found": True, "profiles": [P]}, deletes=False)
    ran = winback(told, "erase", "user_id:anna", "--yes", "--timeout", "1")
    client.close()
    assert ran.returncode == 1
    assert "events (3)" in ran.stderr
    assert "anna" not in ran.stderr


def test_a_broker_that_cannot_truncate_is_told(winback, tmp_path, monkeypatch):
    """The erasure is done and its receipt printed; what could not be truncated is said, with exit 1."""
    shop = Shop(tmp_path)
    shop()
    client = erased(
        monkeypatch, shop, {"agent": "identify", "found": False, "profiles": []}, refusal="it does not delete records"
    )
    ran = winback(shop, "erase", "user_id:anna", "--yes", "--truncate-raw")
    client.close()
    assert ran.returncode == 1
    assert "Not truncated: it does not delete records" in ran.stdout
