"""SDKs from their registries, each in a folder of its own under .cache/sdks, and a stack with a collector."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy import ports
from schemas.times import parse
from tests.integration.test_up import Up
from tests.support.dispatch import values
from tests.support.stack import ROOT, wait_for

HERE = Path(__file__).parent
CACHE = ROOT / ".cache" / "sdks"
KEY = "real-sdks-key-1"
LINES = [("P-1", 19.99, 2), ("P-2", 5.5, 1)]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """`winback up --collect`."""
    place = tmp_path_factory.mktemp("sdks")
    keys = place / "keys.yaml"
    keys.write_text(f"keys: [{{key: {KEY}, source: sdks, channel: web}}]\n")
    (port,) = ports.free(1)
    up = Up(
        place / "stack", "--collect", WINBACK_COLLECT=f"127.0.0.1:{port}", WINBACK_COLLECT_KEYS=str(keys),
        WINBACK_LATENESS="1",
    )  # fmt: skip
    up.collector = f"http://127.0.0.1:{port}"
    yield up
    up.stop()


@pytest.fixture
def tells(stack: Up) -> Callable[..., None]:
    """`tells(user, *command, cwd=...)` runs an SDK's story, and checks what comes out in `stitched.events`."""

    def check(user: str, *command: Any, cwd: Path, traits: bool = True) -> None:
        began = time.time()
        env = {**os.environ, "HOST": stack.collector, "KEY": KEY, "USER_ID": user}
        ran = subprocess.run(
            [*map(str, command)], cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr

        def stitched() -> list[dict[str, Any]]:
            found = [orjson.loads(value) for _, value in values(stack.settings["WINBACK_KAFKA"], "stitched.events")]
            own = [event for event in found if any(one["value"] == user for one in event["identifiers"])]
            return own if len(own) >= 3 + traits else []

        events = wait_for(stitched, "the story", alive=stack.process)
        named = {event["name"]: event for event in events}
        assert len(events) == 3 + traits, [event["name"] for event in events]
        assert len({event["profile_id"] for event in events}) == 1
        for event in events:
            assert began - 60 < parse(event["event_time"]) / 1000 < time.time() + 60
        added = named["Product Added"]["properties"]
        assert (added["product_id"], added["price"], added["quantity"]) == LINES[0]
        order = named["Order Completed"]["properties"]
        assert (order["order_id"], order["revenue"], order["currency"]) == (f"O-{user}", 45.48, "EUR")
        assert [(p["product_id"], p["price"], p["quantity"]) for p in order["products"]] == LINES
        assert len(named["Large"]["properties"]["text"]) == 25_000
        emails = {one["value"] for event in events for one in event["identifiers"] if one["type"] == "email"}
        assert emails == {f"{user}@example.com"}

    return check


def installed(name: str, *commands: list[str], needs: str) -> Path:
    """The folder of a language's SDKs: what is in ours, and what its own client installs beside it.

    A machine without that client (`needs`) skips.
    """
    if shutil.which(needs) is None:
        pytest.skip(f"{needs} is not there")
    place = CACHE / name
    shutil.copytree(HERE / name, place, dirs_exist_ok=True)
    for command in commands:
        subprocess.run(command, cwd=place, check=True, capture_output=True, timeout=600)
    return place


@pytest.fixture(scope="session")
def python_sdks() -> Path:
    """A virtual environment with the Python SDKs."""
    pip = ["venv/bin/pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"]
    return installed("python", [sys.executable, "-m", "venv", "venv"], pip, needs=sys.executable)


@pytest.fixture(scope="session")
def node_sdks() -> Path:
    """A folder with the Node SDKs."""
    return installed("node", ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], needs="npm")


@pytest.fixture(scope="session")
def go_sdks() -> Path:
    """A folder with a program of the Go SDKs."""
    return installed("go", ["go", "mod", "tidy"], ["go", "build", "-o", "story", "."], needs="go")


@pytest.fixture(scope="session")
def java_sdks() -> Path:
    """A folder with the classes of the Java SDKs in target."""
    copied = ["dependency:copy-dependencies", "-DoutputDirectory=target/lib"]
    return installed("java", ["mvn", "-q", "-B", "compile", *copied], needs="mvn")
