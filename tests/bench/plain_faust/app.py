"""The app, its topics and its tables."""

from __future__ import annotations

import os

import faust

from schemas import topics
from tests.bench.plain_faust.models import Cell, Moved, Person, Profile, Stitched, Tick

PARTITIONS = topics.DEFAULT_PARTITIONS

app = faust.App(
    "plain",
    broker="kafka://" + os.environ.get("WINBACK_KAFKA", "127.0.0.1:9092"),
    datadir=os.environ.get("PLAIN_DATADIR", "plain-data"),
    store=os.environ.get("PLAIN_STORE", "rocksdb://?driver=rocksdict"),
    topic_partitions=PARTITIONS,
    topic_replication_factor=1,
    topic_allow_declare=True,
    web_enabled=False,
    broker_commit_interval=1.0,
    broker_max_poll_records=4000,
    producer_linger_ms=5,
    stream_wait_empty=False,
)

raw = app.topic(*topics.CHANNEL_TOPICS, value_type=bytes, value_serializer="raw", key_serializer="raw")
by_profile = app.topic("plain.by_profile", key_type=str, value_type=Stitched, partitions=PARTITIONS, internal=True)
moves = app.topic("plain.moves", key_type=str, value_type=Moved, partitions=PARTITIONS, internal=True)
ticks = app.topic("plain.ticks", key_type=str, value_type=Tick, partitions=PARTITIONS, internal=True)

stitched = app.topic(topics.STITCHED_EVENTS, key_type=str, value_serializer="json")
merges = app.topic(topics.IDENTITY_MERGES, key_type=str, value_serializer="json")
transitions = app.topic(topics.CART_TRANSITIONS, key_type=str, value_serializer="json")
messages = app.topic(topics.RETARGETING_MESSAGES, key_type=str, value_serializer="json")
decisions = app.topic(topics.RETARGETING_DECISIONS, key_type=str, value_serializer="json")
conversions = app.topic(topics.CONVERSIONS, key_type=str, value_serializer="json")
aggregates = app.topic(topics.AGGREGATES, key_type=str, value_serializer="json")

# Who is who: read and written by whichever partition an event comes from, so a global table.
owners = app.GlobalTable("owners", key_type=str, value_type=str, partitions=1, use_partitioner=True)
people = app.GlobalTable("people", key_type=str, value_type=Person, partitions=1, use_partitioner=True)

profiles = app.Table("profiles", key_type=str, value_type=Profile, partitions=PARTITIONS)
open_carts = app.Table("open_carts", key_type=str, value_type=int, partitions=PARTITIONS)
cells = app.Table("cells", key_type=str, value_type=Cell, partitions=PARTITIONS)
