"""The Kafka side of the commands: reaching the broker, making the topics, comparing them with the catalog."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from deploy.errors import BadInputError, UnavailableError
from deploy.operate.retry import retry
from schemas.topics import Topic, catalog

if TYPE_CHECKING:
    from aiokafka.admin import AIOKafkaAdminClient

    from schemas.settings import Settings

HINT: Final = "Start one with `winback up`, or name yours in WINBACK_KAFKA"
EXISTS: Final = 36
"""Kafka's error code TOPIC_ALREADY_EXISTS."""


@asynccontextmanager
async def admin(settings: Settings, *, wait: float) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client of a broker that answers, tried for up to `wait` seconds.

    Raises UnavailableError, and BadInputError for TLS files that cannot be used.
    """
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.errors import KafkaError

    quiet()
    try:
        options = settings.aiokafka()
    except OSError as problem:
        files = "WINBACK_SSL_CAFILE, WINBACK_SSL_CERTFILE or WINBACK_SSL_KEYFILE"
        raise BadInputError(f"{files} cannot be used: {problem.strerror or problem}") from None

    async def attempt() -> AIOKafkaAdminClient:
        client = AIOKafkaAdminClient(**options)
        try:
            await client.start()
        except BaseException:
            await client.close()
            raise
        return client

    client = await retry(
        f"Kafka at {settings.kafka}", attempt, wait=wait, hint=HINT, on=(KafkaError, OSError, TimeoutError)
    )
    try:
        yield client
    finally:
        await client.close()


def quiet() -> None:
    """Keep aiokafka's own log lines off the terminal: a command says in one line what is wrong."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


async def partition_counts(client: AIOKafkaAdminClient) -> dict[str, int]:
    """The partition count of each topic of the broker. Never makes a topic by asking for it."""
    names = await client.list_topics()
    if not names:
        return {}
    return {t["topic"]: len(t["partitions"]) for t in await client.describe_topics(names) if not t["error_code"]}


async def create_topics(client: AIOKafkaAdminClient, settings: Settings) -> list[Topic]:
    """Make the catalog's topics that are missing; returns those made.

    Raises UnavailableError when the broker refuses one, or has one with another partition count.
    """
    from aiokafka.admin import NewTopic

    have = await partition_counts(client)
    wanted = catalog(settings.partitions)
    complain(have, [t for t in wanted if t.name in have])
    missing = [t for t in wanted if t.name not in have]
    if not missing:
        return []
    made = await client.create_topics(
        [NewTopic(t.name, t.partitions, settings.replication, topic_configs=t.config) for t in missing]
    )
    for name, code, *message in made.topic_errors:
        if code not in (0, EXISTS):
            raise UnavailableError(f"Kafka at {settings.kafka} refuses the topic {name}: {(message or [code])[0]}")
    return missing


async def make_none_unasked(client: AIOKafkaAdminClient) -> None:
    """Have the broker refuse topics that nobody has made, so that a misspelt one is an error at its producer.

    A broker that does not know this setting is left as it is: then such topics are found (schemas/unread_topics.py).
    """
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
    from aiokafka.errors import KafkaError

    wanted = {"auto.create.topics.enable": "false"}
    with suppress(KafkaError):
        nodes = [str(node["node_id"]) for node in (await client.describe_cluster())["brokers"]]
        await client.alter_configs([ConfigResource(ConfigResourceType.BROKER, node, configs=wanted) for node in nodes])


def complain(have: Mapping[str, int], wanted: list[Topic]) -> None:
    """Raises UnavailableError, with what to do, when topics are missing or have another partition count."""
    if missing := [t.name for t in wanted if t.name not in have]:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise UnavailableError(f"missing topics: {', '.join(missing[:3])}{more}. Make them with `winback topics`")
    for topic in wanted:
        if have[topic.name] != topic.partitions:
            raise UnavailableError(
                f"topic {topic.name} has {have[topic.name]} partitions, {topic.partitions} are expected: "
                "set WINBACK_PARTITIONS to what the topics have, or use other topics"
            )
