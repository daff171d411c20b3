"""From an SDK's request to a stitched event, through kills of the broker and of the collector."""

from __future__ import annotations

import http.client
import os
import signal
import threading
from collections import Counter

import orjson
import pytest

from deploy import ports
from tests.integration.test_up import Up
from tests.support.dispatch import values
from tests.support.stack import wait_for

KEY = "integration-key"


class Client(threading.Thread):
    """Sends one event after another until it is told to stop; `answered` are the ids of those answered 200."""

    def __init__(self, nth: int, port: int, until: threading.Event) -> None:
        super().__init__(daemon=True)
        self.nth, self.port, self.until = nth, port, until
        self.answered: list[str] = []

    def run(self) -> None:
        """A request that fails is not tried again: what counts is what was answered."""
        at = 0
        while not self.until.wait(0.01):
            name = f"m-{self.nth}-{at}"
            at += 1
            event = {"type": "track", "event": "Product Viewed", "userId": f"u-{self.nth}", "messageId": name,
                     "properties": {"product_id": "1", "n": at}}  # fmt: skip
            try:
                link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                link.request("POST", "/v1/batch", orjson.dumps({"batch": [event]}), {"X-Write-Key": KEY})
                answer = link.getresponse()
                answer.read()
                link.close()
            except (OSError, http.client.HTTPException):
                continue
            if answer.status == 200:
                self.answered.append(name)


@pytest.mark.slow
@pytest.mark.usefixtures("own_broker")
def test_no_event_that_was_answered_is_lost_or_counted_twice(tmp_path):
    """The embedded broker and the collector are killed while clients send; each answered event is stitched once."""
    keys = tmp_path / "keys.yaml"
    keys.write_text(f"keys: [{{key: {KEY}, source: shop, channel: web}}]\n")
    (port,) = ports.free(1)
    stack = Up(
        tmp_path / "stack", "--collect", WINBACK_COLLECT=f"127.0.0.1:{port}", WINBACK_COLLECT_KEYS=str(keys),
        WINBACK_LATENESS="1",
    )  # fmt: skip
    address = stack.settings["WINBACK_KAFKA"]
    until = threading.Event()
    clients = [Client(nth, port, until) for nth in range(4)]

    def answered() -> int:
        return sum(len(client.answered) for client in clients)

    def killed(name: str) -> None:
        pid = (stack.folder / "logs" / f"{name}.pid").read_text()
        os.kill(int(pid.split()[0]), signal.SIGKILL)

    def more(count: int) -> None:
        before = answered()
        wait_for(lambda: answered() >= before + count, "requests to be answered", alive=stack.process)

    try:
        for client in clients:
            client.start()
        more(300)
        killed("collect")
        more(300)
        killed("kafka")
        more(300)
        until.set()
        for client in clients:
            client.join()
        wanted = {name for client in clients for name in client.answered}
        found: Counter[str] = Counter()

        def stitched() -> bool:
            found.clear()
            # A worker that is killed before it has committed writes the same record once more, byte for byte.
            records = {value for _, value in values(address, "stitched.events")}
            found.update(orjson.loads(value)["message_id"] for value in records)
            return wanted <= found.keys()

        wait_for(stitched, "all events to be stitched", alive=stack.process)
        twice = [name for name, count in found.items() if count > 1]
        assert not twice, [value for _, value in values(address, "stitched.events") if twice[0].encode() in value]
    finally:
        until.set()
        told, error = stack.stop()
    assert f"http://127.0.0.1:{port}" in told
    assert "Traceback" not in error
    assert KEY not in (stack.folder / "logs" / "collect.log").read_text()
