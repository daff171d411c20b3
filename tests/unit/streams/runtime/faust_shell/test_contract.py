"""What the runtime overrides in Faust and aiokafka, and what it leans on there, is what it was when it was written.

A failure here means an upgrade has changed one of these. Read the change, make sure the override in transport.py,
coordination.py, app.py or agent_partitions.py of streams/runtime/faust_shell still does what its comment says, run
tests/integration/runtime, then put the new digest in; all are printed by
`python -m tests.unit.streams.runtime.faust_shell.test_contract`.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import io
import textwrap
import tokenize
from typing import Any

import aiokafka.consumer.consumer as kafka_consumer
import aiokafka.consumer.fetcher as kafka_fetcher
import aiokafka.consumer.group_coordinator as kafka_group
import aiokafka.producer.message_accumulator as kafka_accumulator
import aiokafka.producer.producer as kafka_producer
import aiokafka.protocol.commit as kafka_commit
import faust.agents.agent as faust_agent
import faust.app.base as faust_app
import faust.serializers.schemas as faust_schemas
import faust.tables.recovery as faust_recovery
import faust.transport.base as faust_base
import faust.transport.conductor as faust_conductor
import faust.transport.consumer as faust_consumer
import faust.transport.drivers.aiokafka as faust_driver
import faust.types.tuples as faust_tuples
import pytest

from streams.runtime.faust_shell import app as shell
from streams.runtime.faust_shell import transport

REPLACED: dict[str, tuple[Any, str]] = {
    "Consumer.getmany": (faust_consumer.Consumer.getmany, "718da1cbfabd"),
    "Consumer._getmany": (faust_consumer.ThreadDelegateConsumer._getmany, "6a617954444a"),
    "Consumer.perform_seek": (faust_consumer.Consumer.perform_seek, "5ac5655d53c6"),
    "Consumer.seek_to_committed": (faust_consumer.ThreadDelegateConsumer.seek_to_committed, "3b5b45c64e56"),
    "Consumer._filter_tps_with_pending_acks": (faust_consumer.Consumer._filter_tps_with_pending_acks, "dd047f3563ff"),
    "Consumer._new_offset": (faust_consumer.Consumer._new_offset, "832bd6b3fdb3"),
    "Consumer._commit_offsets": (faust_consumer.Consumer._commit_offsets, "4013310b73be"),
    "Consumer.ack": (faust_consumer.Consumer.ack, "b1e867623831"),
    "Consumer._add_gap": (faust_consumer.Consumer._add_gap, "26b3880ced36"),
    "Consumer.on_task_error": (faust_consumer.Consumer.on_task_error, "5bd235b98ce1"),
    "Consumer.verify_event_path": (faust_driver.Consumer.verify_event_path, "6cc61a06cfa2"),
    "Consumer._new_consumer_thread": (faust_driver.Consumer._new_consumer_thread, "09f053d0378e"),
    "ConsumerThread._create_worker_consumer": (
        faust_driver.AIOKafkaConsumerThread._create_worker_consumer,
        "840a4666cfdd",
    ),
    "ConsumerThread._commit": (faust_driver.AIOKafkaConsumerThread._commit, "9a62cc30ee38"),
    "ConsumerThread.on_start": (faust_driver.AIOKafkaConsumerThread.on_start, "42179d812b06"),
    "App._new_transport": (faust_app.App._new_transport, "e2d4a71343e8"),
    "App._create_directories": (faust_app.App._create_directories, "96e42f8f0a64"),
    "BootStrategy.kafka_producer": (faust_app.BootStrategy.kafka_producer, "f37ba6ae2db2"),
    "Schema.loads_key": (faust_schemas.Schema.loads_key, "9822308ec4ed"),
    "Schema.loads_value": (faust_schemas.Schema.loads_value, "b40a6e240bad"),
    "GroupCoordinator._do_heartbeat": (kafka_group.GroupCoordinator._do_heartbeat, "fde3d1bc532f"),
    "GroupCoordinator._do_commit_offsets": (kafka_group.GroupCoordinator._do_commit_offsets, "be569984c59b"),
}
"""What is overridden, wrapped or done in its stead."""

LEANED_ON: dict[str, tuple[Any, str]] = {
    # who calls what is overridden, and in which order
    "Consumer._drain_messages": (faust_consumer.Consumer._drain_messages, "4aada5f72161"),
    "Consumer._wait_next_records": (faust_consumer.Consumer._wait_next_records, "8b83455801b0"),
    "Consumer.commit": (faust_consumer.Consumer.commit, "a57cfa97bf59"),
    "Consumer.maybe_wait_for_commit_to_finish": (
        faust_consumer.Consumer.maybe_wait_for_commit_to_finish,
        "86320d46c63c",
    ),
    "Consumer.force_commit": (faust_consumer.Consumer.force_commit, "28f922859065"),
    "Consumer._commit_tps": (faust_consumer.Consumer._commit_tps, "6aa57cf2b867"),
    "Consumer._filter_committable_offsets": (faust_consumer.Consumer._filter_committable_offsets, "d54e6e7e145e"),
    "Consumer._handle_attached": (faust_consumer.Consumer._handle_attached, "c9ae13789587"),
    "Consumer._should_commit": (faust_consumer.Consumer._should_commit, "05ece23aa767"),
    "Consumer._commit_handler": (faust_consumer.Consumer._commit_handler.fun, "18b8e4f25ac0"),
    "Consumer.on_stop": (faust_consumer.Consumer.on_stop, "2c55b93e863d"),
    "Consumer.on_partitions_revoked": (faust_consumer.Consumer.on_partitions_revoked, "c658523801f6"),
    "Consumer.on_partitions_assigned": (faust_consumer.Consumer.on_partitions_assigned, "8bc0c445ba14"),
    "ConsumerThread.getmany": (faust_driver.AIOKafkaConsumerThread.getmany, "8aa127a9735c"),
    "ConsumerThread._fetch_records": (faust_driver.AIOKafkaConsumerThread._fetch_records, "8635de83baed"),
    "ConsumerThread.commit": (faust_driver.AIOKafkaConsumerThread.commit, "4d9ced45e453"),
    "ConsumerThread.seek_to_committed": (faust_driver.AIOKafkaConsumerThread.seek_to_committed, "84795477b7e2"),
    "ConsumerThread.seek_wait": (faust_driver.AIOKafkaConsumerThread.seek_wait, "59c22a34d53a"),
    "ConsumerThread._seek_wait": (faust_driver.AIOKafkaConsumerThread._seek_wait, "a9a3388719ea"),
    "ConsumerThread._create_consumer": (faust_driver.AIOKafkaConsumerThread._create_consumer, "9c08d48a8827"),
    "ConsumerRebalanceListener": (faust_driver.ConsumerRebalanceListener, "4cf1f9dedbd4"),
    "Transport": (faust_base.Transport, "3c7e89ef15e2"),
    "ConsumerMessage": (faust_tuples.ConsumerMessage, "a4616e055947"),
    "Message.__init__": (faust_tuples.Message.__init__, "41d6a5b61a2c"),
    "ConductorCompiler.build": (faust_conductor.ConductorCompiler.build, "0efb86ae0dba"),
    "Conductor.acks_enabled_for": (faust_conductor.Conductor.acks_enabled_for, "aee8e1d816ed"),
    "Conductor._update_indices": (faust_conductor.Conductor._update_indices, "6011885568dd"),
    "Agent._execute_actor": (faust_agent.Agent._execute_actor, "48fcbf8b7f1b"),
    "Schema.compile": (faust_schemas.Schema.compile, "13649ecc48a0"),
    # when partitions are taken back and given, and that the signals are awaited in between
    "App._on_partitions_revoked": (faust_app.App._on_partitions_revoked, "6fd4b7fcba44"),
    "App._on_partitions_assigned": (faust_app.App._on_partitions_assigned, "f58486dfbc61"),
    "App._stop_consumer": (faust_app.App._stop_consumer, "389e105fb3f3"),
    "Recovery.on_rebalance": (faust_recovery.Recovery.on_rebalance, "cf1d26f725ac"),
    "Recovery._resume_streams": (faust_recovery.Recovery._resume_streams, "1d101cdbbbfd"),
    "Recovery._restart_recovery": (faust_recovery.Recovery._restart_recovery.fun, "310502e44a12"),
    # aiokafka: the coordinator's state that commits and heartbeats read, batches, fetching
    "GroupCoordinator._send_req": (kafka_group.GroupCoordinator._send_req, "79f4f32dfe7e"),
    "GroupCoordinator.fetch_committed_offsets": (kafka_group.GroupCoordinator.fetch_committed_offsets, "3e9a7013b93c"),
    "GroupCoordinator.check_errors": (kafka_group.GroupCoordinator.check_errors, "961611935cf9"),
    "GroupCoordinator._push_error_to_user": (kafka_group.GroupCoordinator._push_error_to_user, "907dc62be8ff"),
    "GroupCoordinator.commit_offsets": (kafka_group.GroupCoordinator.commit_offsets, "20e66ec0e16e"),
    "GroupCoordinator.ensure_active_group": (kafka_group.GroupCoordinator.ensure_active_group, "08b0865cd733"),
    "GroupCoordinator._heartbeat_routine": (kafka_group.GroupCoordinator._heartbeat_routine, "b9c8d7165d9e"),
    "GroupCoordinator._on_join_prepare": (kafka_group.GroupCoordinator._on_join_prepare, "d0f4173ea1e5"),
    "GroupCoordinator._on_join_complete": (kafka_group.GroupCoordinator._on_join_complete, "346f8417499f"),
    "GroupCoordinator.reset_generation": (kafka_group.GroupCoordinator.reset_generation, "b8efd93f9eff"),
    "GroupCoordinator.request_rejoin": (kafka_group.GroupCoordinator.request_rejoin, "7a1fbf8ca4e9"),
    "OffsetCommitRequest": (kafka_commit.OffsetCommitRequest, "645e935d55cb"),
    "AIOKafkaConsumer.start": (kafka_consumer.AIOKafkaConsumer.start, "c2d3489ca738"),
    "Fetcher.fetched_records": (kafka_fetcher.Fetcher.fetched_records, "0b18d1553bfa"),
    "Fetcher._proc_fetch_request": (kafka_fetcher.Fetcher._proc_fetch_request, "0759467aa9ee"),
    "FetchResult": (kafka_fetcher.FetchResult, "83888c01b076"),
    "PartitionRecords": (kafka_fetcher.PartitionRecords, "3c46da139227"),
    "AIOKafkaProducer.create_batch": (kafka_producer.AIOKafkaProducer.create_batch, "bd7c025e0329"),
    "AIOKafkaProducer.send_batch": (kafka_producer.AIOKafkaProducer.send_batch, "c0ce8a8a7c32"),
    "MessageAccumulator.add_batch": (kafka_accumulator.MessageAccumulator.add_batch, "d9e63bdfd8fb"),
    "BatchBuilder": (kafka_accumulator.BatchBuilder, "0e5938381efd"),
}
"""What calls the above, and what the runtime calls although it is not meant for it."""


def digest(what: Any) -> str:
    """Of the code alone, the same for every version of Python: comments, docstrings and blanks do not count."""
    source = textwrap.dedent(inspect.getsource(what))
    lines: list[str] = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, start = token.start
            lines[row - 1] = lines[row - 1][:start]
    for node in ast.walk(ast.parse(source)):
        first = getattr(node, "body", [None])[0] if isinstance(getattr(node, "body", None), list) else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            for row in range(first.lineno, first.end_lineno + 1):
                lines[row - 1] = ""
    return hashlib.blake2b("".join("".join(lines).split()).encode(), digest_size=6).hexdigest()


@pytest.mark.parametrize("name", REPLACED)
def test_what_is_overridden_is_unchanged(name):
    """The code an override replaces is the code it was written against."""
    what, want = REPLACED[name]
    assert digest(what) == want, f"{name} has changed: see the top of this file"


@pytest.mark.parametrize("name", LEANED_ON)
def test_what_is_leaned_on_is_unchanged(name):
    """The code around an override is the code it was written against."""
    what, want = LEANED_ON[name]
    assert digest(what) == want, f"{name} has changed: see the top of this file"


def test_every_override_is_listed():
    """No override of Faust's consumer, thread or app without a digest above."""

    def overrides(cls: type, *bases: type) -> set[str]:
        own = {n for n in vars(cls) if not (n.startswith("__") and n.endswith("__")) and callable(getattr(cls, n))}
        return {n for n in own if any(hasattr(b, n) for b in bases)} - {"__post_init__"}

    listed = {name.split(".")[-1] for name in REPLACED}
    assert overrides(transport.ChunkConsumer, faust_driver.Consumer) - {"_tasks"} <= listed
    assert overrides(transport.ChunkConsumerThread, faust_driver.AIOKafkaConsumerThread) <= listed
    assert overrides(transport.ChunkSchema, faust_schemas.Schema) <= listed
    assert overrides(shell.WinbackApp, faust_app.App) - {"BootStrategy"} <= listed
    assert overrides(shell._Boot, faust_app.BootStrategy) <= listed


def test_topics_without_acks_are_never_counted():
    """Faust counts acknowledgements only for topics made with `acks=True`, and ours are not."""
    source = inspect.getsource(faust_conductor.Conductor._update_indices)
    assert "if channel.acks:" in source
    assert "acks=False" in inspect.getsource(shell.WinbackApp.feeding)


if __name__ == "__main__":
    for table in (REPLACED, LEANED_ON):
        for key, (thing, _) in table.items():
            print(f'"{key}": "{digest(thing)}"')  # noqa: T201
