"""How hard record batches are compressed: what aiokafka is told, and that its own reader reads it."""

from __future__ import annotations

import pytest
from aiokafka import codec
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record._crecords import default_records
from aiokafka.record.memory_records import MemoryRecords

from infra import compression

_ZSTD = 4
VALUES = [b'{"profile_id":"%d","late":false}' % n for n in range(2_000)]


def _batch() -> bytes:
    builder = BatchBuilder(1 << 20, _ZSTD, is_transactional=0, key_serializer=None, value_serializer=None)
    for value in VALUES:
        assert builder.append(timestamp=1, key=b"k", value=value) is not None
    builder.close()
    return bytes(builder._build())


def test_batches_are_compressed_at_the_level(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch holds what zstd makes of its records at our level, and aiokafka reads the same records back."""
    levels = []

    def encode(data: bytes, level: int | None = None) -> bytes:
        levels.append(level)
        return codec_encode(data, level)

    codec_encode = codec.zstd_encode
    monkeypatch.setattr(default_records, "zstd_encode", codec_encode)
    as_it_comes = _batch()
    monkeypatch.setattr(codec, "zstd_encode", encode)
    compression.compress_lightly()
    ours = _batch()
    assert levels == [compression.LEVEL]
    assert ours != as_it_comes
    assert len(ours) < sum(map(len, VALUES)) / 4
    for batch in (ours, as_it_comes):
        assert [record.value for record in MemoryRecords(batch).next_batch()] == VALUES
