"""Clients that start while their broker does: they wait until it names itself.

A broker that has just been started may answer with no brokers at all. aiokafka keeps the connection that it asked on
and, when that one is lost, knows nobody to ask again: the client stays without a broker for good, and says nothing.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError

PATIENCE: Final = 30.0
PAUSE: Final = 0.2
"""Seconds: for how long it is asked again, and between two tries."""
_bootstrap: Final = AIOKafkaClient.bootstrap


async def _patient(self: Any) -> None:
    """As aiokafka's own, until a broker is named. Raises KafkaConnectionError after PATIENCE seconds."""
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while True:
        await _bootstrap(self)
        if self.cluster.brokers():
            return
        task, self._sync_task = self._sync_task, None
        task.cancel()
        for connection in self._conns.values():
            connection.close()
        self._conns.clear()
        if loop.time() >= until:
            raise KafkaConnectionError(f"Kafka at {self.hosts} names no broker")
        await asyncio.sleep(PAUSE)


def wait_for_brokers() -> None:
    """Make every aiokafka client of this process wait so; called once or more often."""
    AIOKafkaClient.bootstrap = _patient
