"""Members of the group that were processes of this machine and are dead: somebody has to leave the group for them.

A group waits for a member that was killed until its session ends, and the embedded broker waits for ever. The client
id of a worker says which process it is, so that any other worker on the same machine can see that it is gone and say
goodbye for it. A process that cannot be told dead for certain (another machine, another container) is left to the
broker.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

import structlog
from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import DescribeGroupsRequest
from aiokafka.protocol.group import LeaveGroupRequest

from schemas.settings import Settings

log = structlog.get_logger("winback.departed")

LOOK_EVERY: Final = 5.0
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE: Final = Path("/proc/self/ns/pid")


def client_id(group: str) -> str:
    """`GROUP-streams`, and, where the system tells, which process this is: machine, process id, when it started."""
    machine, started = _machine(), _started(os.getpid())
    return f"{group}-streams" + (f"-{machine}-{os.getpid()}-{started}" if machine and started else "")


def is_dead(member: str, group: str) -> bool:
    """Whether the client id of a `member` of a `group` names a process of this machine that does not run any more."""
    prefix = f"{group}-streams-{_machine()}-"
    if not _machine() or not member.startswith(prefix):
        return False
    pid, _, started = member.removeprefix(prefix).partition("-")
    return pid.isdigit() and started.isdigit() and _started(int(pid)) != started


class StaleMemberReaper:
    """Looks every few seconds who has died, and leaves the group for them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: AIOKafkaClient | None = None

    async def run(self) -> None:
        """Look until cancelled. A broker that does not answer is tried again."""
        try:
            while True:
                try:
                    await self.look()
                except (KafkaError, OSError) as error:
                    log.debug("could not look for members that died", error=str(error))
                    await self.close()
                await asyncio.sleep(LOOK_EVERY)
        finally:
            await self.close()

    async def look(self) -> int:
        """Leave the group for every dead member; returns how many there were. Raises KafkaError."""
        group = self._settings.group
        client = await self._connected()
        node = await client.coordinator_lookup(CoordinationType.GROUP, group)
        await client.ready(node, group=ConnectionGroup.COORDINATION)
        request = DescribeGroupsRequest([group], include_authorized_operations=False)
        answer = await client.send(node, request, group=ConnectionGroup.COORDINATION)
        dead = [member[0] for found in answer.groups for member in found[5] if is_dead(member[1], group)]
        for member in dead:
            await client.send(node, LeaveGroupRequest(group, member), group=ConnectionGroup.COORDINATION)
            log.info("left the group for a member whose process is gone", member=member)
        return len(dead)

    async def close(self) -> None:
        """Let go of the connection; the next look makes a new one."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _connected(self) -> AIOKafkaClient:
        if self._client is None:
            client = AIOKafkaClient(**self._settings.aiokafka(), client_id=f"{self._settings.group}-departed")
            try:
                await client.bootstrap()
            except BaseException:
                await client.close()
                raise
            self._client = client
        return self._client


def _machine() -> str:
    """This boot of this machine and this process namespace; empty where the system does not tell."""
    try:
        boot, namespace = _BOOT.read_text(encoding="ascii").strip(), _NAMESPACE.stat().st_ino
    except OSError:
        return ""
    return f"{boot[:8]}.{namespace}"


def _started(pid: int) -> str:
    """When a process started, in the system's own count; empty if it does not run."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
