"""The wheel whose core is compiled does what the source does (docs/adr/0059-*); built once, from this checkout."""

from __future__ import annotations

import shutil

import pytest

from tests.bench.checkouts import HERE, Build, compiled, this
from tests.bench.same import DataSet, differing, shop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
COMPILED = ("schemas.events", "streams.core.ingest", "streams.core.identify", "streams.core.journey")


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


@pytest.mark.parametrize("campaigns", [None, "deploy/examples/campaigns/campaigns.yaml"], ids=["built-in", "example"])
def test_replay_writes_the_same_files(build: Build, campaigns: str | None) -> None:
    """Every output of the simulated shop is the same, byte for byte."""
    source = this()
    data = DataSet("shop", (shop(source, 200, 3, 11),), None if campaigns is None else HERE / campaigns)
    assert differing(source, build, data) == []


@pytest.mark.parametrize("kind", [(), ("--campaigning",), ("--asking",)], ids=["plain", "campaigning", "asking"])
def test_the_oracle_agrees(build: Build, kind: tuple[str, ...]) -> None:
    """The simulation holds the compiled core against the oracle, with restarts, repeats and late events."""
    build.run(["-m", "tests.simulation.run", "--seeds", "0", "15", *kind])
