"""`winback dispatch` against a webhook that misbehaves: no second effect that its idempotency key would not drop."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256

import orjson
import pytest

from tests.support.dispatch import SECRET, Hook, id_of, message, outcomes, produce, values

MISCHIEF = (500, "hang", "late", "close", 503, 429, 200, 200, 200)


@pytest.mark.usefixtures("servers_only")
def test_a_webhook_that_fails_in_every_way_does_each_message_once(address, dispatcher):
    """500, no answer, one that is too late, a broken connection, 503, 429: tried again under one key until taken."""

    def answers(key, attempt):
        return MISCHIEF[(int(key, 16) + attempt - 1) % len(MISCHIEF)]

    records = [message(number, "sms") for number in range(18)]
    produce(address, records)
    with Hook(answers) as hook:
        running = dispatcher(
            WINBACK_DISPATCH_SMS_URL=hook.url, WINBACK_DISPATCH_TIMEOUT="0.5", WINBACK_DISPATCH_FAILURES="99",
        )  # fmt: skip
        wanted = {id_of(record): "sent" for record in records}
        running.wait_for(lambda: outcomes(address) == wanted, "all to be sent")
        running.stop()
    assert sorted(hook.effects) == sorted(wanted)
    for headers, body in hook.requests:
        sent = orjson.loads(body)
        assert headers["Idempotency-Key"] == headers["webhook-id"] == sent["message_id"]
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mac = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), signed, sha256).digest()
        assert headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()
    events = [orjson.loads(value) for _, value in values(address, "channels.sms")]
    assert {one["event"] for one in events} == {"SMS Delivered"}
    assert all(one["context"]["traits"]["phone"].startswith("+4930") for one in events)


@pytest.mark.slow
def test_a_kill_in_the_middle_of_a_request_repeats_it_under_its_key(address, dispatcher):
    """SIGKILL while the webhook holds the requests: the next process sends them again, and their effect is one."""
    records = [message(number, "push") for number in range(6)]
    produce(address, records)
    with Hook(lambda _key, attempt: "hang" if attempt == 1 else 200) as hook:
        settings = {"WINBACK_DISPATCH_PUSH_URL": hook.url, "WINBACK_DISPATCH_INSTANCE": "one"}
        first = dispatcher(**settings, WINBACK_DISPATCH_TIMEOUT="60")
        first.wait_for(lambda: len(hook.attempts) == len(records), "all requests to hang")
        first.kill()
        second = dispatcher(**settings)
        second.wait_for(lambda: set(outcomes(address).values()) == {"sent"}, "all to be sent")
        second.stop()
    assert sorted(hook.effects) == sorted(id_of(record) for record in records)
    assert set(hook.attempts.values()) == {2}


@pytest.mark.usefixtures("servers_only")
def test_a_dead_address_is_told_and_nothing_of_ads(address, dispatcher):
    """404 and 410 are feedback that the address is no good; a refused message, ads and broadcast tell nothing."""
    statuses = {"push": 410, "sms": 404, "ads": 200, "broadcast": 200}
    records = [message(number, channel) for number, channel in enumerate(statuses, 1)]
    refused = message(9, "sms")
    by_key = {id_of(record): status for record, status in zip(records, statuses.values(), strict=True)}
    produce(address, [*records, refused])
    with Hook(lambda key, _attempt: by_key.get(key, 422)) as hook:
        urls = {f"WINBACK_DISPATCH_{channel.upper()}_URL": hook.url for channel in statuses}
        running = dispatcher(**urls)
        running.wait_for(lambda: len(outcomes(address)) == 5, "all outcomes")
        running.wait_for(lambda: "claimed" not in outcomes(address).values(), "all outcomes")
        running.stop()
    assert [outcomes(address)[id_of(one)] for one in [*records, refused]] == [
        "bounced", "bounced", "sent", "sent", "failed",
    ]  # fmt: skip
    [push] = [orjson.loads(value) for _, value in values(address, "channels.push")]
    assert (push["event"], push["context"]) == ("Push Notification Bounced", {"device": {"token": "token-1"}})
    [sms] = [orjson.loads(value) for _, value in values(address, "channels.sms")]
    assert sms["event"] == "SMS Failed"
    assert values(address, "channels.ads") == values(address, "channels.broadcast") == []
