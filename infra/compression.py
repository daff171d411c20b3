"""How hard record batches are compressed.

aiokafka takes zstd at its level 3. At level 1 batches of JSON are as small, in two thirds of the time.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from aiokafka import codec
from aiokafka.record._crecords import default_records

LEVEL: Final = 1


def compress_lightly() -> None:
    """From now on, all producers of this process that compress by zstd do it at `LEVEL`."""
    records: Any = default_records  # tests/unit/infra/test_compression.py fails when aiokafka changes it
    records.zstd_encode = partial(codec.zstd_encode, level=LEVEL)
