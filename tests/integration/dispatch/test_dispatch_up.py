"""From an event to a mailbox and back: the whole stack with a dispatcher, on the wall clock."""

from __future__ import annotations

import time

import orjson
import pytest

from schemas import times
from tests.integration.test_up import Up
from tests.support.dispatch import outcomes, values
from tests.support.stack import wait_for, winback, write

CAMPAIGNS = """
campaigns:
  - id: abandoned-cart
    trigger: {on: cart_abandoned}
    steps:
      - {id: reminder, after: 0m, channel: best, of: [email], template: cart_reminder}
"""


@pytest.mark.slow
@pytest.mark.usefixtures("servers_only")  # `up` brings its own broker
def test_a_cart_that_was_left_becomes_mail_and_the_mail_becomes_an_event(mailbox, tmp_path):
    """`winback up` with WINBACK_DISPATCH: the reminder arrives, and that it did is an event of the same customer."""
    box = mailbox()
    (tmp_path / "campaigns.yaml").write_text(CAMPAIGNS)
    stack = Up(
        tmp_path / "stack", WINBACK_DISPATCH="true", WINBACK_DISPATCH_SMTP=f"127.0.0.1:{box.port}",
        WINBACK_DISPATCH_SMTP_TLS="none", WINBACK_DISPATCH_FROM="Shop <hello@shop.example>",
        WINBACK_CAMPAIGNS=str(tmp_path / "campaigns.yaml"), WINBACK_LATENESS="1",
    )  # fmt: skip
    try:
        left = int(time.time() * 1000) - 40 * 60_000
        value = {
            "type": "track", "event": "Product Added", "userId": "u-1", "timestamp": times.iso(left),
            "context": {"traits": {"email": "ana@example.com"}},
            "properties": {"product_id": "1", "name": "Monopoly", "price": 20, "url": "https://shop.example/p/1"},
        }  # fmt: skip
        line = {"topic": "channels.web", "key": "u-1", "timestamp": left, "value": value}
        ran = winback("publish", write(tmp_path / "lines.jsonl", [line]), **stack.settings)
        assert ran.returncode == 0, ran.stderr
        address = stack.settings["WINBACK_KAFKA"]

        def delivered():
            events = [orjson.loads(value) for _, value in values(address, "stitched.events")]
            return [event for event in events if event["name"] == "Email Delivered"]

        [event] = wait_for(delivered, "the feedback", alive=stack.process)
        [(to, message_id)] = box.order
        assert to == "ana@example.com"
        assert outcomes(address) == {message_id: "sent"}
        [(_, sent)] = values(address, "retargeting.messages")
        assert event["properties"]["message_id"] == message_id
        assert event["profile_id"] == orjson.loads(sent)["profile_id"]
        told, error = stack.stop()
        assert "dispatch metrics" in told
        assert "Traceback" not in error
    finally:
        stack.process.kill()
        stack.process.wait()
