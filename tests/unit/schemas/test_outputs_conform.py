"""What the pipeline really writes is what the published schemas say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import get_args

import orjson
import pytest
from jsonschema import Draft202012Validator
from pydantic import SecretStr

import deploy
from deploy.shop import simulate
from deploy.stack.lines import of_objects
from schemas import topics
from schemas.documents import json_schemas
from schemas.outputs import DeadLetterHeaders
from schemas.record import Record
from schemas.settings import Settings
from schemas.vocabulary import CartReason, SegmentChange, SegmentReason
from streams.core.cart.machine import TRANSITIONS
from streams.core.segments import machine
from streams.testing import Topology, replay

JSON_TOPICS = [topic for topic in topics.OUTPUT_TOPICS if topic != topics.DEAD_LETTERS]
EXAMPLE = Path(deploy.__file__).parent / "examples" / "campaigns" / "campaigns.yaml"
MOST = 200
"""Records of a topic that are checked; the first ones are as good as any."""


@pytest.fixture(scope="module")
def outputs() -> dict[str, list[Record]]:
    """Two days of a small shop through the whole pipeline."""
    offsets: Counter[tuple[str, int]] = Counter()
    records = []
    for chunk in of_objects(simulate(80, 2, 3), 4):
        for line in chunk:
            place = line.topic, line.partition
            records.append(Record(*place, offsets[place], line.timestamp, line.key, line.value))
            offsets[place] += 1
    return replay(records, Settings(secret=SecretStr("test"), partitions=4, campaigns=EXAMPLE))


@pytest.mark.parametrize("topic", JSON_TOPICS)
def test_values_match_their_schema(outputs: dict[str, list[Record]], topic: str) -> None:
    """Each value matches the schema of its topic, and holds no field that the schema does not tell of."""
    schema = json_schemas()[topic]
    validator = Draft202012Validator(schema)
    assert outputs[topic], "the shop is too small to show this topic"
    for record in [one for one in outputs[topic] if one.value is not None][:MOST]:
        value = orjson.loads(record.value or b"")
        validator.validate(value)
        assert value.keys() <= schema["properties"].keys()


@pytest.mark.parametrize("topic", JSON_TOPICS)
def test_keys_are_the_catalogs(outputs: dict[str, list[Record]], topic: str) -> None:
    """Each key is the field that the catalog names as the topic's key."""
    key = next(entry.key for entry in topics.catalog() if entry.name == topic)
    for record in outputs[topic][:MOST]:
        assert record.key
        if key in {"profile_id", "merged_profile_id"}:
            assert orjson.loads(record.value or b"")[key] == record.key.decode()


def test_dead_letters_match_their_headers(outputs: dict[str, list[Record]]) -> None:
    """Each dead letter has exactly the headers that the model tells of."""
    assert outputs[topics.DEAD_LETTERS]
    for record in outputs[topics.DEAD_LETTERS]:
        headers = {name: value.decode() for name, value in record.headers}
        assert headers.keys() == DeadLetterHeaders.model_fields.keys()
        DeadLetterHeaders.model_validate(headers)


TOLD = """
campaigns:
  - id: news
    trigger: {on: event, name: Account Created}
    steps: [{id: hello, channel: email, template: cart_reminder}]
  - {id: cart, trigger: {on: cart_abandoned}, steps: [{id: reminder, channel: email, template: cart_reminder}]}
"""


def test_rarer_values_match_their_schema(tmp_path: Path) -> None:
    """A cart of two currencies, an order that is cancelled within the hour, a campaign that any event sets off."""
    (tmp_path / "campaigns.yaml").write_text(TOLD)
    topology = Topology.of(tmp_path / "campaigns.yaml")
    anna = {"userId": "anna", "traits": {"email": "anna@shop.example"}}
    euro, dollar = {"sku": "a", "price": 5, "currency": "EUR"}, {"sku": "b", "price": 7, "currency": "USD"}
    happened = [
        ("identify", None, {}), ("track", "Account Created", {}),
        ("track", "Product Added", euro), ("track", "Product Added", dollar), ("track", "Cart Viewed", {}),
        ("track", "Order Completed", {"order_id": "1", "revenue": 5, "currency": "EUR"}),
        ("track", "Order Cancelled", {"order_id": "1"}),
    ]  # fmt: skip
    topology.play("channels.web", [
        {**anna, "messageId": f"m{nth}", "type": kind, "event": name, "properties": said,
         "timestamp": f"2026-03-10T10:{nth:02}:00.000Z"} for nth, (kind, name, said) in enumerate(happened)
    ])  # fmt: skip
    topology.finish()
    for topic, wanted in (
        (topics.CART_TRANSITIONS, {"opened", "order", "order_cancelled", "inactivity", "expired"}),
        (topics.RETARGETING_DECISIONS, {"event", "cart_abandoned"}),
    ):
        rows = topology.read(topic)
        assert {row["trigger"]["type"] if "trigger" in row else row["reason"] for row in rows} == wanted
        for row in rows:
            Draft202012Validator(json_schemas()[topic]).validate(row)
    assert None in [row["value"] for row in topology.read(topics.CART_TRANSITIONS)]


def test_words_of_segments_are_those_of_the_machine() -> None:
    """Each change and each reason is published, and no other."""
    assert set(get_args(SegmentChange)) == {machine.ENTERED, machine.LEFT}
    said = {value for name, value in vars(machine).items() if name.startswith("BY_")}
    assert set(get_args(SegmentReason)) == said


def test_reasons_of_carts_are_those_of_the_machine() -> None:
    """Each reason that a cart's state changes for is published, and no other."""
    assert set(get_args(CartReason)) == {reason for _, reason in TRANSITIONS}
