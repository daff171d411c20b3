"""profile and offer over a ClickHouse of the test's own."""

from __future__ import annotations

import json
from hashlib import blake2b

import pytest

from tests.support.anna import BEN, BROWSER, FORMER, HASH, MAIL, USER, P, Q, Shop, at, event, identifier, merge


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
    """All that happened to today's and former ids, segments as well, the newest last; at most --limit."""
    shown = json.loads(winback(told, "profile", "user_id:anna", "--json").stdout)
    kinds = [(entry["at"][11:16], entry["kind"]) for entry in shown["timeline"]]
    assert kinds == [
        ("10:00", "event"), ("10:00", "cart"), ("10:02", "event"), ("10:32", "cart"), ("10:33", "decision"),
        ("10:33", "message"), ("11:00", "event"), ("11:00", "conversion"), ("11:00", "segment"),
        ("11:30", "conversion"),
    ]  # fmt: skip
    last = json.loads(winback(told, "profile", "user_id:anna", "--limit", "2", "--json").stdout)
    assert last["timeline"] == shown["timeline"][-2:]


def test_a_profile_for_people(winback, told):
    """As tables: identifiers, merges, refused links, the timeline with outcome and recipient; markup is text."""
    ran = winback(told, "profile", "user_id:anna")
    assert ran.returncode == 0, ran.stderr
    for word in (P, FORMER, "anna@example.com", "user_limit", "abandoned-cart/reminder: sent", "Order Completed 30.00",
                 "order o1, 30.00 EUR, recovered by abandoned-cart", "refund of order o1, -10.00 EUR",
                 "entered buyers (event)",
                 "channels.web/1/2"):  # fmt: skip
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
    sold = {"profile_id": Q, "order_id": "o9", "at": at(500), "changed_at": at(500), "message_id": "m500", "value": 30}
    shop(**CAPPED, events=[event(2, P, USER), order], identifiers=[identifier(2, USER, P, 1)], conversions=[sold])
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
