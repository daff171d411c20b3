"""`winback up`: the stack keeps running, is fed and asked while it does, and survives a stop."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import clickhouse_connect
import pytest

from deploy import ports
from tests.integration.test_once import STORY
from tests.support.stack import ROOT, WINBACK, environment, wait_for, winback, write

CAMPAIGNS = """
campaigns:
  - id: abandoned-cart
    trigger: {{on: cart_abandoned}}
    holdout: {}
    steps: [{{id: reminder, channel: email, template: cart_reminder}}]
"""


class Up:
    """A running `winback up` on free ports, and the settings its clients use."""

    def __init__(self, folder: Path, *options: str, launch: bool = True, **more: str) -> None:
        self.folder, self.options, self.more = folder, options, {"WINBACK_SECRET": "of the test", **more}
        self.kafka, self.http, self.metrics = free_ports()
        self.settings = {
            "WINBACK_KAFKA": f"127.0.0.1:{self.kafka}",
            "WINBACK_CLICKHOUSE": f"http://127.0.0.1:{self.http}/winback",
            "WINBACK_STATE_DIR": str(folder / "state"),
            **self.more,
        }
        if launch:
            self.start()

    def launch(self) -> None:
        """Start it."""
        options = (
            "--dir",
            self.folder,
            "--kafka-port",
            self.kafka,
            "--http-port",
            self.http,
            "--metrics-port",
            self.metrics,
            *self.options,
        )
        self.process = subprocess.Popen(
            [*WINBACK, "up", *map(str, options)], cwd=ROOT, env=environment(**self.more),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def start(self) -> None:
        """Start it, and wait until it says that it runs."""
        self.launch()
        self.runs()

    def runs(self) -> None:
        """Wait until it says that it runs."""
        self.said = ""
        for line in self.process.stderr:
            if line.startswith("running"):
                return
            self.said += line
        pytest.fail(f"up ended with {self.process.wait()}: {self.said}")

    def stop(self) -> tuple[str, str]:
        """Ctrl-C; its standard output and error to the end."""
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=60)

    def pid(self, name: str) -> int:
        """The process id of a child."""
        return int((self.folder / "logs" / f"{name}.pid").read_text())

    def children(self) -> list[int]:
        """Process ids of its children."""
        return [int(path.read_text()) for path in (self.folder / "logs").glob("*.pid")]

    def events(self) -> int:
        """Events in ClickHouse, by `winback query`."""
        ran = winback("query", "SELECT count() AS n FROM events FINAL", "--json", **self.settings)
        return json.loads(ran.stdout)[0]["n"] if ran.returncode == 0 else -1

    def watermark(self) -> float:
        """How far time has come, in epoch seconds."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=10) as answer:
            shown = answer.read().decode()
        behind = re.search(r"^winback_watermark_delay_seconds ([\d.e+]+)$", shown, re.MULTILINE)
        return time.time() - float(behind[1]) if behind else 0.0

    def has(self, count: int) -> None:
        """Wait until ClickHouse has so many events; fails with how many it has, and what the logs say."""
        last = -1

        def arrived() -> bool:
            nonlocal last
            last = self.events()
            return last >= count

        try:
            wait_for(arrived, f"{count} events to be there", alive=self.process)
        except AssertionError as failed:
            pytest.fail(f"{failed}; at last there were {last}\n{self.logged()}")
        if last != count:
            pytest.fail(f"{last} events, not {count}\n{self.logged()}")

    def logged(self) -> str:
        """The ends of the logs of its children."""
        logs = sorted((self.folder / "logs").glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in logs)


@pytest.fixture
def up(tmp_path, request):
    """A stack of the test's own."""
    if request.config.getoption("--broker") == "kafka":
        pytest.skip("`up` brings its own broker")
    campaigns = tmp_path / "campaigns.yaml"
    campaigns.write_text(CAMPAIGNS.format("10%"), encoding="utf-8")
    running = Up(tmp_path / "stack", WINBACK_CAMPAIGNS=str(campaigns))
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.communicate()


def test_a_stack_that_keeps_running(up, tmp_path):
    """Feed it, ask it in every way, kill its parts, stop it, start it again: nothing is lost and nothing is doubled.

    Meanwhile its campaigns file is changed, and changed to something that cannot be used.
    """
    story = write(tmp_path / "story.jsonl", STORY)
    campaigns, in_force = tmp_path / "campaigns.yaml", up.folder / "campaigns" / "current"
    first = in_force.readlink()
    campaigns.write_text(CAMPAIGNS.format("20%"), encoding="utf-8")

    # It is fed and asked by the commands, by curl and by ClickHouse's own client, while it runs.
    assert winback("publish", story, **up.settings).returncode == 0
    up.has(6)
    report = json.loads(winback("report", "--json", **up.settings).stdout)
    assert report["events"]["total"] == 6
    assert report["profiles"]["merges"] >= 2
    with urllib.request.urlopen(f"http://127.0.0.1:{up.http}/ping", timeout=10) as answer:
        assert answer.read() == b"Ok.\n"
    client = clickhouse_connect.get_client(host="127.0.0.1", port=up.http, database="winback")
    assert client.query("SELECT count() FROM conversions FINAL").result_rows == [(1,)]
    client.close()
    for port in (up.metrics, up.metrics + 1):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            assert b"winback_build_info" in answer.read()
    healthy = winback("doctor", "--dir", up.folder, "--json", **up.settings)
    assert healthy.returncode == 0, healthy.stdout
    looked = {check["what"]: check["detail"] for check in json.loads(healthy.stdout)["checks"]}
    assert looked[f"stack in {up.folder}"] == "all 2 answer"
    assert looked["restarts"].startswith("0 restarts")
    assert looked["rows"].startswith("6 rows of events")
    assert looked["unread topics"].startswith("none")
    assert "differ" not in looked["clock"]
    lost = winback("doctor", "--dir", up.folder, **{**up.settings, "WINBACK_CLICKHOUSE": "http://127.0.0.1:1/winback"})
    assert f"WINBACK_CLICKHOUSE=http://127.0.0.1:{up.http}/winback" in lost.stdout.replace("\n", "").replace(" ", "")

    # Whoever can read the file beside the database may migrate it; nobody else writes through the interface.
    refused = winback("migrate", **up.settings, WINBACK_HTTP_ADMIN=str(tmp_path / "none"))
    assert refused.returncode == 1
    assert "WINBACK_HTTP_ADMIN=" in refused.stderr
    migrated = winback("migrate", **up.settings, WINBACK_HTTP_ADMIN=str(up.folder / "clickhouse.admin"))
    assert migrated.returncode == 0, migrated.stderr

    # The workers have switched to the campaigns file as it is now; one that cannot be used changes nothing.
    wait_for(lambda: in_force.readlink() != first, "the workers to switch", alive=up.process)
    campaigns.write_text("campaigns: [", encoding="utf-8")

    # The same lines again change no number; a killed worker and a killed sink come back.
    before = set(up.children())
    for name in ("streams-1", "sinks"):
        os.kill(int((up.folder / "logs" / f"{name}.pid").read_text()), signal.SIGKILL)
    assert winback("publish", story, **up.settings).returncode == 0
    more = write(tmp_path / "more.jsonl", [{**STORY[0], "value": {**STORY[0]["value"], "messageId": "another"}}])
    assert winback("publish", more, **up.settings).returncode == 0
    up.has(7)
    assert len(before & set(up.children())) == 2

    # Stopped, it leaves nothing running; started again on the same folder, everything is there.
    pids = up.children()
    out, said = up.stop()
    assert up.process.returncode == 0
    assert f"127.0.0.1:{up.kafka}" in out
    assert "SIGKILL" in said
    assert f"{campaigns}: version {in_force.readlink()} is in force since 20" in said
    assert f"campaigns stay as they are: {campaigns}:1:13: no YAML" in said
    campaigns.write_text(CAMPAIGNS.format("20%"), encoding="utf-8")
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    up.start()
    up.has(7)


@pytest.mark.slow
def test_it_listens_where_the_variables_say(tmp_path, request):
    """Without options the broker, ClickHouse's interface and the metrics are where the environment has them."""
    if request.config.getoption("--broker") == "kafka":
        pytest.skip("`up` brings its own broker")
    kafka, http, metrics = free_ports()
    where = {
        "WINBACK_KAFKA": f"127.0.0.1:{kafka}", "WINBACK_HTTP": f"127.0.0.1:{http}",
        "WINBACK_METRICS": f"127.0.0.1:{metrics}", "WINBACK_SECRET": "of the test",
    }  # fmt: skip
    process = subprocess.Popen(
        [*WINBACK, "up", "--dir", str(tmp_path / "stack")], cwd=ROOT, env=environment(**where),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        said = ""
        for line in process.stderr:
            said += line
            if line.startswith("running"):
                break
        else:
            pytest.fail(said)
        assert winback("topics", **where).returncode == 0
        for port, path in ((http, "ping"), (metrics, "metrics"), (metrics + 1, "metrics")):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
                assert answer.status == 200
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_history_from_before_the_clock_starts_counts_once_when_published_again(up, tmp_path):
    """Months old and in time, as nothing has been sealed yet; the second time it is late, and known all the same."""
    story = write(tmp_path / "story.jsonl", STORY)
    up.stop()
    shutil.rmtree(up.folder)
    up.launch()
    wait_for(lambda: not _free(up.kafka), "the broker to listen", alive=up.process)
    assert winback("publish", story, **up.settings).returncode == 0
    up.runs()
    up.has(6)
    late = winback("query", "SELECT count() AS n FROM events FINAL WHERE late", "--json", **up.settings)
    assert json.loads(late.stdout) == [{"n": 0}]
    more = {**STORY[0], "value": {**STORY[0]["value"], "messageId": "another"}}
    again = write(tmp_path / "again.jsonl", [*STORY, more])
    wait_for(lambda: up.watermark() > time.time() - 600, "time to have come to the present", alive=up.process)
    assert winback("publish", again, **up.settings).returncode == 0
    up.has(7)
    new = winback("query", "SELECT message_id FROM events FINAL WHERE late", "--json", **up.settings)
    assert json.loads(new.stdout) == [{"message_id": "another"}]


def test_a_second_stack_in_the_same_folder_is_refused(up):
    """Two stacks never share a folder."""
    second = winback("up", "--dir", up.folder, *_free_options())
    assert second.returncode == 1
    assert "another winback runs there" in second.stderr
    assert len(second.stderr.splitlines()) == 1


def test_killed_it_leaves_nothing_behind(up):
    """SIGKILL to `up` itself takes its children along, and the folder can be used again."""
    children = up.children()
    assert len(children) == 4
    up.process.kill()
    up.process.communicate()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), "the children to be gone")
    wait_for(lambda: all(_free(port) for port in (up.kafka, up.http)), "the ports to be free")
    up.start()
    assert up.events() == 0


def free_ports():
    """Ports for Kafka, HTTP and the worker's metrics; the one after the last is free for the sink's."""
    while True:
        kafka, http, metrics = ports.free(3)
        if _free(metrics + 1):
            return kafka, http, metrics


def _free_options():
    kafka, http, metrics = free_ports()
    return ("--kafka-port", kafka, "--http-port", http, "--metrics-port", metrics)


def _free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
