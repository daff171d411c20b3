"""`winback dispatch` tells webhooks of audiences: in order, at least once, and nobody who has said no."""

from __future__ import annotations

import base64
import hmac
import re
from hashlib import sha256

import orjson
import pytest

from tests.support.audiences import Platform, hashed, member, said
from tests.support.dispatch import SECRET, Hook, id_of, message, outcomes, produce

QUICK = {"WINBACK_DISPATCH_AUDIENCE_WAIT": "0.1"}


def at(*platforms, **names):
    """The setting that names webhooks: `meta` first."""
    given = dict(zip(("meta", "google"), platforms, strict=False)) | names
    return {"WINBACK_DISPATCH_AUDIENCES": " ".join(f"{name}={one.url}" for name, one in given.items()), **QUICK}


def metric(running, name, **labels):
    """The value of a series; None where it is not there."""
    wanted = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    for line in running.told().splitlines():
        found = re.fullmatch(rf"{name}\{{(.*)\}} (\S+)", line)
        if found and ",".join(sorted(found[1].split(","))) == wanted:
            return float(found[2])
    return None


def test_members_come_and_go_signed_and_hashed(address, dispatcher):
    """Signed bodies of hashes; who leaves is removed; of two profiles with one hash, only the last one takes it out."""
    with Platform() as platform:
        running = dispatcher(**at(platform))
        produce(address, [member(number) for number in range(4)] + [member(3, profile=77), said(1)])
        running.wait_for(lambda: platform.members() == {0, 2, 3}, "three to be added")
        produce(address, [member(0, inside=False), member(3, inside=False), member(5)])
        running.wait_for(lambda: platform.members() == {2, 3, 5}, "one to be removed, one to be added")
        produce(
            address, [said(2), member(3, inside=False, profile=77), member(1, agreed_at="2026-02-02T00:00:00.000Z")]
        )
        running.wait_for(lambda: platform.members() == {1, 5}, "who said no, and the last of two, to be removed")
        produce(address, [said(2, no=False)])
        running.wait_for(lambda: platform.members() == {1, 2, 5}, "who may be told again to be added")
        running.stop()
    for headers, body in platform.requests:
        assert b"example.com" not in body
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mac = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), signed, sha256).digest()
        assert headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()
        assert headers["Idempotency-Key"] == headers["webhook-id"]
        said_of = orjson.loads(body)
        assert said_of.keys() == {"webhook", "audience", "add", "remove"}
        assert not {one["sha256"] for one in said_of["add"]} & {one["sha256"] for one in said_of["remove"]}
    added = [one["sha256"] for body in platform.taken() for one in body["add"]]
    # Nobody is told twice without a reason: 2 was away meanwhile.
    assert sorted(added) == sorted(map(hashed, (0, 1, 2, 2, 3, 5)))


@pytest.mark.usefixtures("servers_only")
def test_a_webhook_that_is_down_holds_up_nobody_else_and_gets_it_all(address, dispatcher):
    """500, 429, 503: tried again under one key, while a message and another webhook go on."""
    up = False

    def answers(_key, attempt):
        return 200 if up else (500, 429, 503)[attempt % 3]

    with Platform(answers) as down, Platform() as other, Hook() as hook:
        running = dispatcher(**at(down, other), WINBACK_DISPATCH_SMS_URL=hook.url)
        sms = message(7, "sms")
        produce(address, [member(1), member(1, webhook="google"), sms])
        running.wait_for(lambda: other.members() == {1}, "the other webhook to be told")
        running.wait_for(lambda: outcomes(address).get(id_of(sms)) == "sent", "the message to be sent")
        running.wait_for(lambda: len(down.requests) > 6, "several tries")
        running.wait_for(lambda: metric(running, "winback_audience_down", webhook="meta") == 1, "it to be said")
        assert len(down.attempts) == 1
        # Who leaves while it is down is never added.
        produce(address, [member(2), member(1, inside=False)])
        running.wait_for(lambda: (metric(running, "winback_audience_waiting", webhook="meta") or 0) >= 3, "to be read")
        up = True
        running.wait_for(lambda: down.members() == {2}, "all to be told")
        running.wait_for(lambda: metric(running, "winback_audience_waiting", webhook="meta") == 0, "nothing to wait")
        assert metric(running, "winback_audience_down", webhook="meta") == 0
        running.stop()
    assert hashed(1) not in {one["sha256"] for body in down.taken() for one in body["add"]}


@pytest.mark.slow
def test_a_kill_in_the_middle_repeats_only_what_was_not_answered(address, dispatcher):
    """Killed while the second audience of a round hangs: the first is not told again, the second under its key."""
    seen = []

    def answers(key, attempt):
        if key not in seen:
            seen.append(key)
        return "hang" if seen.index(key) == 1 and attempt == 1 else 200

    with Platform(answers) as platform:
        produce(address, [member(1, "a"), member(2, "b"), member(3, "b")])
        settings = {**at(platform), "WINBACK_DISPATCH_INSTANCE": "one"}
        first = dispatcher(**settings, WINBACK_DISPATCH_TIMEOUT="60")
        first.wait_for(lambda: len(platform.attempts) == 2, "the second request to hang")
        first.kill()
        produce(address, [member(4, "a"), member(5, "b")])
        second = dispatcher(**settings)
        second.wait_for(lambda: platform.members("b") == {2, 3, 5}, "the second to be told again")
        second.wait_for(lambda: platform.members("a") == {1, 4}, "what has come since to be told")
        second.stop()
        third = dispatcher(**settings)
        produce(address, [member(6, "a")])
        third.wait_for(lambda: platform.members("a") == {1, 4, 6}, "the next to be told")
        third.stop()
    assert {key: count for key, count in platform.attempts.items() if count > 1} == {seen[1]: 2}
    told = [one["sha256"] for body in platform.taken() for one in body["add"]]
    assert sorted(told) == sorted(map(hashed, (1, 2, 3, 4, 5, 6)))


@pytest.mark.usefixtures("servers_only")
def test_a_member_that_is_refused_keeps_out_no_other(address, dispatcher):
    """A batch with a member that the platform refuses is told in halves; the refusal is counted, and in the ledger."""
    wrong = hashed(3)

    with Platform(lambda key, _attempt: 422 if wrong in bodies(picky)[key] else 200) as picky:
        running = dispatcher(**at(picky))
        produce(address, [member(number) for number in range(8)])
        running.wait_for(lambda: picky.members() == {0, 1, 2, 4, 5, 6, 7}, "all others to be added")
        labels = {"webhook": "meta", "audience": "undecided", "change": "added"}
        name = "winback_audience_members_total"
        running.wait_for(lambda: metric(running, name, **labels, outcome="refused") == 1, "the refusal to be counted")
        assert metric(running, name, **labels, outcome="told") == 7
        running.stop()
    assert list(outcomes(address).values()) == ["failed"]


def bodies(platform):
    """The bodies of all requests so far, by key."""
    return {headers["Idempotency-Key"]: body.decode() for headers, body in list(platform.requests)}


@pytest.mark.slow
def test_another_process_stands_by_and_goes_on(address, dispatcher):
    """Of two, one tells; when it is stopped the other goes on with what has not been told."""
    with Platform() as platform:
        first = dispatcher(**at(platform))
        produce(address, [member(1)])
        first.wait_for(lambda: platform.members() == {1}, "the first to tell")
        second = dispatcher("--channel", "audiences", **at(platform))
        # A commit into a rebalance makes a member that the embedded broker waits for and that never comes back.
        logs = (first.log, second.log)
        second.wait_for(lambda: sum(log.read_text().count("telling the") for log in logs) == 2, "the second to join")
        produce(address, [member(2)])
        first.wait_for(lambda: platform.members() == {1, 2}, "one of them to tell")
        first.stop()
        produce(address, [member(3), member(1, inside=False)])
        second.wait_for(lambda: platform.members() == {2, 3}, "the second to go on")
        second.stop()
    told = [one["sha256"] for body in platform.taken() for one in body["add"]]
    assert sorted(told) == sorted(map(hashed, (1, 2, 3)))
