"""The wheel whose core is compiled does what the source does (docs/adr/0059-*); built once, from this checkout."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.bench.checkouts import HERE, Build, compiled, this
from tests.bench.same import DataSet, differing, shop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
COMPILED = ("schemas.events", "streams.core.ingest", "streams.core.identify", "streams.core.journey")

EXAMPLE = HERE / "deploy/examples/campaigns/campaigns.yaml"
EXTENDED = """
from deploy.backtest.stored import HASHED, HashedIdentifiers, HistoryReader
from deploy.backtest.words import TimedReader
from schemas.events import Reader
from schemas.record import Record
hasher, reader = HashedIdentifiers("s"), TimedReader(Reader())
HistoryReader("US", (), hasher)
value = b'{"type": "track", "event": "a", "userId": "1", "timestamp": "2025-12-01T00:00:00Z"}'
event = reader.read(Record("channels.web", 0, 0, 1764547200000, None, value))
print(hasher("email", HASHED + "0123456789abcdef"), type(event).__name__, *reader.times)
"""


@pytest.fixture(scope="module")
def build() -> Build:
    """The compiled build; skipped where there is no compiler."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler")
    return compiled(this())


def test_what_is_measured_is_compiled(build: Build) -> None:
    """The modules that most of an event's time goes to come from a compiled file, and from this wheel."""
    told, _ = build.run(
        ["-c", f"import {', '.join(COMPILED)}, sys; print(*(sys.modules[m].__file__ for m in {COMPILED}))"]
    )
    files = told.decode().split()
    assert all(path.endswith(".so") and path.startswith(str(build.root)) for path in files), files


def test_what_is_made_of_compiled_classes_outside_works(build: Build) -> None:
    """`campaigns check`, and the readers of a backtest over what is stored, extend classes of the core."""
    build.winback("campaigns", "check", str(EXAMPLE))
    told, _ = build.run(["-c", EXTENDED])
    assert told.decode().split() == ["0123456789abcdef", "Event", "1764547200000"]


@pytest.mark.parametrize("campaigns", [None, EXAMPLE], ids=["built-in", "example"])
def test_replay_writes_the_same_files(build: Build, campaigns: Path | None) -> None:
    """Every output of the simulated shop is the same, byte for byte."""
    source = this()
    data = DataSet("shop", (shop(source, 200, 3, 11),), campaigns)
    assert differing(source, build, data) == []


@pytest.mark.parametrize("kind", [(), ("--campaigning",), ("--asking",)], ids=["plain", "campaigning", "asking"])
def test_the_oracle_agrees(build: Build, kind: tuple[str, ...]) -> None:
    """The simulation holds the compiled core against the oracle, with restarts, repeats and late events."""
    build.run(["-m", "tests.simulation.run", "--seeds", "0", "15", *kind])
