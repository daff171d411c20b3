"""What a dispatcher does when it is given partitions."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from schemas.settings import Settings
from schemas.topics import RETARGETING_MESSAGES
from sinks.dispatch.service import Dispatcher


class Consumer:
    """A consumer that says what was paused when it was first asked for something, and answers nothing."""

    def __init__(self):
        self.paused = set()
        self.paused_when_asked = None

    def pause(self, *partitions):
        """Pause at once."""
        self.paused.update(partitions)

    async def end_offsets(self, _partitions):
        """Whoever asks waits for the broker, while polls go on."""
        self.paused_when_asked = set(self.paused)
        raise KafkaConnectionError


async def test_partitions_are_paused_before_anything_is_waited_for():
    """A poll while the broker is asked brings nothing: messages read before there is an assignment would be lost."""
    dispatcher = Dispatcher(Settings(), {}, (), asyncio.Event())
    dispatcher.consumer = consumer = Consumer()
    given = [TopicPartition(RETARGETING_MESSAGES, partition) for partition in range(2)]
    with pytest.raises(KafkaConnectionError):
        await dispatcher.on_partitions_assigned(given)
    assert consumer.paused_when_asked == set(given)
