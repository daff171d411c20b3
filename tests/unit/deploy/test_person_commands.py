"""profile, split and erase over a ClickHouse of the test's own, with the answers of the workers made up."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from types import SimpleNamespace

import pytest

from deploy.local import cli
from deploy.local.person import asking, erasing, splitting
from schemas.identifiers import Hasher
from schemas.settings import Settings
from sinks import erasing as sinks
from sinks.client import connect
from sinks.migrate import migrate

SECRET = "of the test"  # noqa: S105
HASH = Hasher(SECRET)
LATER = 1000
"""A version after all of the story."""
START = datetime(2026, 3, 2, 10, tzinfo=UTC)
USER, MAIL, BROWSER, PHONE = (
    ("user_id", "anna"), ("email", "anna@example.com"), ("anonymous_id", "b1"), ("phone", "+49301234567"),
)  # fmt: skip
BEN, TABLET = ("user_id", "ben"), ("device_id", "tablet")
P, FORMER, Q = HASH(*USER), HASH(*BROWSER), HASH(*BEN)


def at(minute):
    """A minute of the story."""
    return START + timedelta(minutes=minute)


def event(minute, profile, *identifiers, name="Page", **given):
    """A row of events."""
    fixed = {
        "profile_id": profile, "event_time": at(minute), "message_id": f"m{minute}", "channel": "web", "type": "track",
        "name": name, "received_at": at(minute), "identifiers": list(identifiers), "head": HASH(*identifiers[0]),
        "source_topic": "channels.web", "source_partition": 1, "source_offset": minute,
    }  # fmt: skip
    return {**fixed, **given}


def identifier(minute, one, profile, version, linked_to=None):
    """A row of identifiers."""
    return {
        "identifier": HASH(*one), "identifier_type": one[0], "profile_id": profile, "version": version,
        "linked_at": at(minute), "linked_to": HASH(*linked_to) if linked_to else "", "source_topic": "channels.web",
        "source_partition": 1, "source_offset": minute,
    }  # fmt: skip


def merge(minute, loser, winner, version, *pair, reason="link", **given):
    """A row of profile_merges."""
    fixed = {
        "merged_profile_id": loser, "into_profile_id": winner, "reason": reason, "merged_at": at(minute),
        "version": version, "identifiers": [HASH(*one) for one in pair], "source_topic": "channels.web",
        "source_partition": 1, "source_offset": minute,
    }  # fmt: skip
    return {**fixed, **given}


# Anna browses, signs in with her e-mail, leaves a cart and buys; her tablet is Ben's later on, whose link is refused.
STORY = {
    "events": [
        event(0, FORMER, BROWSER, name="Product Added"),
        event(2, P, USER, MAIL, BROWSER, type="identify", name=""),
        event(60, P, USER, PHONE, name="Order Completed", revenue=30),
        event(70, Q, BEN, TABLET, MAIL, name="[/b] Refer"),
    ],
    "identifiers": [
        identifier(2, USER, P, 1, MAIL), identifier(2, MAIL, P, 2, USER), identifier(2, BROWSER, P, 3, USER),
        identifier(60, PHONE, P, 4, USER), identifier(70, BEN, Q, 6, TABLET), identifier(70, TABLET, Q, 7, BEN),
    ],
    "profile_merges": [
        merge(2, FORMER, P, 5, USER, BROWSER),
        merge(70, P, Q, 8, BEN, MAIL, reason="person_id_kept", refused="user_limit", occurrence=8),
    ],
    "cart_transitions": [
        {"profile_id": FORMER, "cart_id": "c", "at": at(0), "abandonment_no": 0, "from_state": "none",
         "to_state": "open", "reason": "opened", "stage": "cart", "value": 30, "currency": "EUR", "line_count": 1},
        {"profile_id": P, "cart_id": "c", "at": at(32), "abandonment_no": 1, "from_state": "open",
         "to_state": "abandoned", "reason": "inactivity", "stage": "cart", "value": 30, "currency": "EUR",
         "line_count": 1},
    ],
    "decisions": [
        {"decision_id": "d", "profile_id": P, "campaign_id": "abandoned-cart", "step": "reminder",
         "arm": "treatment", "outcome": "sent", "message_id": "x", "cart_id": "c", "decided_at": at(33)},
    ],
    "messages": [
        {"message_id": "x", "profile_id": P, "campaign_id": "abandoned-cart", "step": "reminder", "channel": "email",
         "recipient": "anna@example.com", "subject": "Your cart", "decided_at": at(33)},
    ],
    "conversions": [
        {"profile_id": P, "order_id": "o1", "at": at(60), "channel": "web", "value": 30, "currency": "EUR",
         "recovered_campaign": "abandoned-cart"},
    ],
}  # fmt: skip


class Shop:
    """A ClickHouse in a folder, opened for one thing at a time."""

    def __init__(self, folder):
        self.dsn = f"chdb:///{str(folder).lstrip('/')}"

    def __call__(self, *statements, **tables):
        client = connect(Settings(clickhouse=self.dsn))
        try:
            migrate(client)
            for statement in statements:
                client.command(statement)
            for table, rows in tables.items():
                columns = sorted({name for row in rows for name in row})
                for row in rows:
                    named = [name for name in columns if name in row]
                    client.insert(table, [[row[name] for name in named]], column_names=named)
        finally:
            client.close()


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The shop with Anna's story, for tests that only read."""
    shop = Shop(tmp_path_factory.mktemp("clickhouse"))
    shop(**STORY)
    return shop


@pytest.fixture
def winback(capfd, monkeypatch):
    """A command over a shop, in this process."""
    for name in [name for name in os.environ if name.startswith("WINBACK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WINBACK_SECRET", SECRET)

    def run(shop, *arguments):
        monkeypatch.setenv("WINBACK_CLICKHOUSE", shop.dsn)
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        told = capfd.readouterr()
        return SimpleNamespace(returncode=ended.value.code, stdout=told.out, stderr=told.err)

    return run


@pytest.mark.parametrize("asked", ["user_id:anna", "email:ANNA@example.com", "anonymous_id:b1", "phone:+49301234567"])
def test_a_profile_is_the_same_by_whatever_identifier(winback, told, asked):
    """Every identifier leads to one profile, with its former id, and how each identifier came in."""
    shown = json.loads(winback(told, "profile", asked, "--json").stdout)
    assert (shown["profile_id"], shown["former_ids"]) == (P, [FORMER])
    came = {one["type"]: (one["value"], one["since"][11:], one["event"]["offset"]) for one in shown["identifiers"]}
    assert came == {
        "user_id": ("anna", "10:02:00.000Z", 2), "email": ("anna@example.com", "10:02:00.000Z", 2),
        "anonymous_id": ("b1", "10:02:00.000Z", 2), "phone": ("+49301234567", "11:00:00.000Z", 60),
    }  # fmt: skip
    phone = next(one for one in shown["identifiers"] if one["type"] == "phone")
    assert (phone["linked_to"]["type"], phone["linked_to"]["value"]) == USER


def test_merges_and_refused_links_are_explained(winback, told):
    """When, why, between which identifiers and by which event; a refusal with its rule."""
    shown = json.loads(winback(told, "profile", "user_id:anna", "--json").stdout)
    [merged], [refused] = shown["merges"], shown["refused"]
    assert (merged["profile"], merged["into"], merged["reason"]) == (FORMER, P, "link")
    assert merged["event"] == {"topic": "channels.web", "partition": 1, "offset": 2}
    assert [(one["type"], one["value"]) for one in merged["between"]] == [USER, BROWSER]
    assert (refused["rule"], refused["reason"], refused["into"]) == ("user_limit", "person_id_kept", Q)
    # The value of Ben's user id is none of Anna's: only its type is shown.
    assert [(one["type"], one["value"]) for one in refused["between"]] == [("user_id", None), MAIL]


def test_the_timeline_is_in_time_order_over_all_ids(winback, told):
    """Events, carts, decisions, messages and orders of today's and former ids, the newest last; at most --limit."""
    shown = json.loads(winback(told, "profile", "user_id:anna", "--json").stdout)
    kinds = [(entry["at"][11:16], entry["kind"]) for entry in shown["timeline"]]
    assert kinds == [
        ("10:00", "event"), ("10:00", "cart"), ("10:02", "event"), ("10:32", "cart"), ("10:33", "decision"),
        ("10:33", "message"), ("11:00", "event"), ("11:00", "conversion"),
    ]  # fmt: skip
    last = json.loads(winback(told, "profile", "user_id:anna", "--limit", "2", "--json").stdout)
    assert last["timeline"] == shown["timeline"][-2:]


def test_a_profile_for_people(winback, told):
    """As tables: identifiers, merges, refused links, the timeline with outcome and recipient; markup is text."""
    ran = winback(told, "profile", "user_id:anna")
    assert ran.returncode == 0, ran.stderr
    for word in (P, FORMER, "anna@example.com", "user_limit", "abandoned-cart/reminder: sent", "Order Completed 30.00",
                 "order o1, 30.00 EUR, recovered by abandoned-cart", "channels.web/1/2"):  # fmt: skip
        assert word in ran.stdout
    assert "[/b] Refer" in winback(told, "profile", "device_id:tablet").stdout


CAPPED = {
    "messages": [
        {"message_id": f"x{n}", "profile_id": P, "campaign_id": "browse", "step": "s", "channel": channel,
         "recipient": "anna@example.com", "subject": "Back", "decided_at": at(minute),
         "offer": '{"code": "BACK-1", "discount": "10%", "expires_at": "2026-03-16T10:00:00.000Z"}'}
        for n, (channel, minute) in enumerate([("email", 0), ("push", 30), ("email", 300), ("sms", 12_000)])
    ],
    "decisions": [
        {"decision_id": f"d{n}", "profile_id": P, "campaign_id": "win-back", "step": "s", "arm": "treatment",
         "outcome": outcome, "reason": reason, "message_id": message, "decided_at": at(400 + n)}
        for n, (outcome, reason, message) in enumerate([
            ("suppressed", "capped", ""), ("suppressed", "no_consent", ""), ("deferred", "quiet_hours", ""),
            ("cancelled", "converted", ""), ("cancelled", "converted", "x0"), ("held_out", "", ""), ("sent", "", "x2"),
            ("suppressed", "a_new_reason", ""),
        ])
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def capped(tmp_path_factory):
    """A shop in which Anna has had messages enough, with a code that an order of Ben's has named."""
    shop = Shop(tmp_path_factory.mktemp("capped"))
    order = event(500, Q, BEN, name="Order Completed", revenue=30, properties='{"order_id": "o9", "coupon": "back-1"}')
    shop(**CAPPED, events=[event(2, P, USER), order], identifiers=[identifier(2, USER, P, 1)])
    return shop


def test_decisions_are_explained(winback, capped):
    """Each in words, a cap with what the customer had had by then; a reason of another version as it is."""
    shown = json.loads(winback(capped, "profile", "user_id:anna", "--json").stdout)
    told = [entry["why"] for entry in shown["timeline"] if entry["kind"] == "decision"]
    had = "2 by email, 1 by push in the 7 days before, the last one by email 100 min"
    assert told == [
        f"not sent: the customer had had {had} before",
        "not sent: the customer has not agreed, or has refused, on every channel that could be used",
        "put off: it was night where the customer is", "called off: the customer bought",
        "taken back after it had been sent: a purchase of before came to light",
        "not sent on purpose: the customer is in the control group", "sent", "not sent: a_new_reason",
    ]  # fmt: skip
    text = " ".join(winback(capped, "profile", "user_id:anna").stdout.split())
    assert "put off: it was night" in text
    assert "offer BACK-1 (10%)" in text


def test_an_offer_is_looked_up_by_its_code(winback, capped):
    """Whose it is, of which campaign, how long it is valid, which order of whom has used it; case does not matter."""
    shown = json.loads(winback(capped, "offer", "back-1", "--json").stdout)
    assert (shown["code"], shown["state"], shown["profile_id"], shown["campaign_id"]) == (
        "BACK-1", "redeemed", P, "browse",
    )  # fmt: skip
    assert (shown["expires_at"], shown["times_sent"]) == ("2026-03-16T10:00:00.000Z", 4)
    assert (shown["order_id"], shown["redeemed_by"]) == ("o9", Q)
    assert "o9" in winback(capped, "offer", "BACK-1").stdout
    unknown = winback(capped, "offer", "BACK-2")
    assert (unknown.returncode, unknown.stderr) == (1, "winback: no message has carried the code BACK-2\n")


def test_somebody_unknown(winback, told):
    """Exit 1, one line, without the value."""
    ran = winback(told, "profile", "userid:hush-hush")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "winback: nothing is known of userid:*** (is user_id meant?)\n"


def test_an_identifier_that_was_never_linked(winback, tmp_path):
    """Its profile is its hash: it has events and no row of identity."""
    shop, lone = Shop(tmp_path), ("anonymous_id", "lone")
    shop(events=[event(0, HASH(*lone), lone)])
    shown = json.loads(winback(shop, "profile", "anonymous_id:lone", "--json").stdout)
    assert shown["profile_id"] == HASH(*lone)
    [one] = shown["identifiers"]
    assert (one["value"], one["since"], len(shown["timeline"])) == ("lone", None, 1)


def test_somebody_who_was_erased_and_came_back(winback, tmp_path):
    """Her old profile id is not used again: her new one is the next in line, and shows only what came since."""
    shop, mail = Shop(tmp_path), HASH(*MAIL)
    new = blake2b(mail.encode(), digest_size=16).hexdigest()
    shop(
        identifiers=[identifier(0, MAIL, P, 1, USER), {**identifier(0, MAIL, "", 2), "erased_at": at(5)}],
        events=[event(9, new, MAIL, name="Back")],
    )
    shown = json.loads(winback(shop, "profile", "email:anna@example.com", "--json").stdout)
    assert (shown["profile_id"], shown["former_ids"]) == (new, [])
    assert [entry["name"] for entry in shown["timeline"]] == ["Back"]


def test_after_a_split_each_has_the_events_of_its_own_identifiers(winback, tmp_path):
    """Events from before are under the old profile; each is shown with the one that its strongest identifier is of."""
    shop, new = Shop(tmp_path), HASH("anonymous_id", "an id that was free")
    own = [event(0, P, USER, name="Mine"), event(1, P, BROWSER, name="Theirs"), event(9, new, BROWSER, name="Later")]
    shop(
        events=own,
        identifiers=[identifier(0, USER, P, 1), identifier(0, BROWSER, P, 2), identifier(5, BROWSER, new, 3)],
        profile_merges=[merge(5, P, new, 4, BROWSER, reason="split", occurrence=4)],
    )
    names = {}
    for asked in ("user_id:anna", "anonymous_id:b1"):
        shown = json.loads(winback(shop, "profile", asked, "--json").stdout)
        names[shown["profile_id"]] = [entry["name"] for entry in shown["timeline"]]
        assert len(shown["splits"]) == 1
        assert shown["former_ids"] == []
    assert names == {P: ["Mine"], new: ["Theirs", "Later"]}


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
        monkeypatch.setattr(asking, "ask", self.ask)

    async def ask(self, settings, kind, named, now, *, seconds):
        """The receipts of any request."""
        self.asked.append((kind, named.hash))
        answers = asking.Answers("r1")
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
    monkeypatch.setattr(splitting, "SHOWN_WITHIN", 0.0)
    workers = Workers(
        monkeypatch,
        {"agent": "identify", "found": True, "profiles": [P], "clusters": [[P, 4], [HASH("x", "y"), 1]], "edges": 2},
        {"agent": "journey", "profile": P, "removed": {"lines": 1}},
    )
    ran = winback(told, "split", "email:anna@example.com")
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
    answers = asking.Answers("r1")
    for one in receipts:
        answers.take(json.dumps({"k": "receipt", "request": "r1", **one}).encode())

    async def in_streams(settings, person, **_):
        for table in (*STORY, "profiles") if deletes else ():
            if table == "identifiers":
                sinks.erase(client, table, dict.fromkeys(person.hashes, LATER))
            else:
                sinks.erase(client, table, dict.fromkeys(person.ids, LATER))
        return erasing.Streams(answers, {"conversions": 2}, {"channels.web": 3}, {"channels.web": "for ever"},
                               refusal=refusal, kept={"conversions": "7 days after it was written"})  # fmt: skip

    client = connect(Settings(clickhouse=shop.dsn))
    monkeypatch.setattr(erasing, "in_streams", in_streams)
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
