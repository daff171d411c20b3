"""A misspelt topic: the embedded broker refuses it, and one that is there all the same is found by doctor."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaError

from deploy.operate import broker
from schemas.settings import Settings
from tests.integration.runtime.conftest import Embedded
from tests.support.stack import winback


def unread(address):
    """What doctor says of topics that nobody reads."""
    checks = json.loads(winback("doctor", "--json", "--wait", "10", WINBACK_KAFKA=address).stdout)["checks"]
    return next((check["ok"], check["detail"]) for check in checks if check["what"] == "unread topics")


async def test_a_misspelt_topic_is_refused_or_found(tmp_path):
    """Without a word to the broker it would be made; with it, its producer is told; made by hand, doctor names it."""
    server = Embedded(tmp_path / "broker")
    server.start()
    try:
        settings = Settings(kafka=server.address)
        async with broker.admin(settings, wait=30) as client:
            await broker.create_topics(client, settings)
            await broker.make_none_unasked(client)
            assert await asyncio.to_thread(unread, server.address) == (
                True, "none is named like a raw topic and read by nobody",
            )  # fmt: skip
            async with AIOKafkaProducer(bootstrap_servers=server.address, request_timeout_ms=1000) as producer:
                with pytest.raises((KafkaError, TimeoutError)):
                    await asyncio.wait_for(producer.send_and_wait("channels.webb", b"{}"), 2)
            assert "channels.webb" not in await client.list_topics()
            await client.create_topics([NewTopic("channels.webb", 1, 1)])
            ok, detail = await asyncio.to_thread(unread, server.address)
            assert not ok
            assert detail.startswith("nobody reads channels.webb (did you mean channels.web?): ")
    finally:
        server.stop()
