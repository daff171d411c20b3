"""Whether two builds write the same files: `winback replay --out` of both over the same lines, byte for byte."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench.checkouts import HERE, PLACE, Build

RETAIL: Final = "WINBACK_RETAIL_DATA"
"""Names a copy of UCI Online Retail as CSV; without it one beside the checkout is looked for."""
CAPTURES: Final = HERE / "tests" / "data"


class DataSet(NamedTuple):
    """Input lines, and the campaigns file they are played with; None: the built-in one."""

    name: str
    files: tuple[Path, ...]
    campaigns: Path | None = None


def shop(build: Build, customers: int, days: int, seed: int) -> Path:
    """A file of the simulated shop's lines."""
    path = PLACE / f"shop-{customers}-{days}-{seed}.jsonl"
    told, _ = build.winback("simulate", "--customers", str(customers), "--days", str(days), "--seed", str(seed))
    path.write_bytes(told)
    return path


def retail() -> Path | None:
    """Where Online Retail is; None: not at hand."""
    named = os.environ.get(RETAIL)
    path = Path(named) if named else HERE.parent / "shared" / "data" / "online-retail.csv.gz"
    return path if path.exists() else None


def data_sets(old: Build) -> Iterator[DataSet]:
    """What is compared: the simulated shop with two campaigns files, captured SDK events, Online Retail if at hand."""
    lines = shop(old, 2_000, 3, 7)
    yield DataSet("shop", (lines,))
    yield DataSet(
        "shop, example campaigns", (lines,), old.root / "deploy" / "examples" / "campaigns" / "campaigns.yaml"
    )
    if captures := tuple(sorted(CAPTURES.glob("sdk-events*.jsonl"))):
        yield DataSet("SDK events", captures)
    if (history := retail()) is not None:
        path = PLACE / "retail.jsonl"
        orders = old.root / "deploy" / "imports" / "online-retail.yaml"
        told, _ = old.winback("import", str(history), "--map", str(orders), "--print")
        path.write_bytes(told)
        yield DataSet("Online Retail", (path,))


def outputs(build: Build, data: DataSet) -> dict[str, bytes]:
    """The files that `replay` of a build writes, by name."""
    folder = PLACE / f"out-{build.name}"
    shutil.rmtree(folder, ignore_errors=True)
    env = {} if data.campaigns is None else {"WINBACK_CAMPAIGNS": str(data.campaigns)}
    told, _ = build.winback("replay", *map(str, data.files), "--out", str(folder), "--json", env=env)
    return {"(report)": told, **{path.name: path.read_bytes() for path in sorted(folder.iterdir())}}


def differing(old: Build, new: Build, data: DataSet) -> list[str]:
    """The names of the files that are not the same, or not in both."""
    before, after = outputs(old, data), outputs(new, data)
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
