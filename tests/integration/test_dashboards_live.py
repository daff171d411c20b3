"""A real Prometheus beside a running stack: every expression of the dashboards, and what alerts look at, has series."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
import yaml

from deploy import ports
from tests.integration.test_once import STORY
from tests.integration.test_up import Up
from tests.support import prometheus
from tests.support.stack import ROOT, wait_for, winback, write

DEPLOY = ROOT / "deploy"
NOT_HERE = re.compile(r"winback_(dispatch|audience|unread_topic|sample_ratio|source_dead)\w*")
"""Shown where something is delivered, is told to ad platforms, is misspelt, was drawn or is declared dead."""
INTERVAL = 1


class Prometheus:
    """A server that scrapes a stack with the alerts of the file loaded; `ask` it."""

    def __init__(self, folder, up):
        [port] = ports.free(1)
        self.url = f"http://127.0.0.1:{port}"
        jobs = [
            {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{up.metrics + at}"]}]}
            for at, job in enumerate(("streams", "sinks", "collect"))
        ]
        every = {"scrape_interval": f"{INTERVAL}s", "evaluation_interval": f"{INTERVAL}s"}
        config = {"global": every, "rule_files": [str(DEPLOY / "prometheus/alerts.yml")], "scrape_configs": jobs}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        with (folder / "prometheus.log").open("wb") as log:
            self.process = subprocess.Popen(
                [prometheus.program("prometheus"), f"--config.file={folder / 'prometheus.yml'}",
                 f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address=127.0.0.1:{port}"],
                stdout=log, stderr=log,
            )  # fmt: skip

    def ask(self, path, **given):
        """The data of an answer of its API; None while it does not answer."""
        try:
            url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(given)}"
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - the test's own server
                return json.loads(answer.read())["data"]
        except OSError:
            return None

    def series(self, expression):
        """The series that an expression returns now."""
        found = self.ask("query", query=expression)
        return found["result"] if found else []

    def close(self):
        """End it."""
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def seen(tmp_path_factory, request):
    """A stack that has taken a story, and a Prometheus that has seen it happen."""
    if request.config.getoption("--broker") == "kafka":
        pytest.skip("`up` brings its own broker")
    prometheus.program("prometheus")
    folder = tmp_path_factory.mktemp("dashboards")
    (folder / "callbacks.yaml").write_text("callbacks: {postmark: {secrets: ['user:word']}}\n")
    up = Up(
        folder / "stack", WINBACK_LATENESS="1", WINBACK_COLLECT=f"127.0.0.1:{ports.free(1)[0]}",
        WINBACK_COLLECT_KEYS=str(DEPLOY / "examples/collect/keys.yaml"),
        WINBACK_CALLBACKS=str(folder / "callbacks.yaml"),
    )  # fmt: skip
    server = Prometheus(folder, up)
    try:
        wait_for(lambda: len(server.series("up == 1")) == 3, "all processes to be scraped", alive=server.process)
        now = int(time.time() * 1000)
        story = [{**line, "timestamp": now} for line in STORY]
        assert winback("publish", write(folder / "story.jsonl", story), **up.settings).returncode == 0
        up.has(6)
        wait_for(lambda: server.series('increase(winback_sink_rows_total{table="events"}[1m]) > 0'), "rows to be seen")
        yield server
    finally:
        server.close()
        up.stop()


def expressions():
    """Every expression of the dashboards that has something to show here, by its panel."""
    for path in sorted((DEPLOY / "grafana/dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                if "expr" in target and not NOT_HERE.search(target["expr"]):
                    yield pytest.param(target["expr"].replace("$__rate_interval", "1m"), id=f"{panel['title']}"[:40])


@pytest.mark.slow
@pytest.mark.parametrize("expression", list(expressions()))
def test_each_panel_shows_something(seen, expression):
    """The expression is valid and returns series on a system that works."""
    wait_for(lambda: seen.series(expression), f"series of {expression}", seconds=60)


@pytest.mark.slow
def test_alerts_watch_what_is_there_and_are_silent(seen):
    """Each metric that an alert asks for has series before anything has gone wrong; the server has taken every rule."""
    rules = [rule for group in seen.ask("rules")["groups"] for rule in group["rules"]]
    names = {rule["alert"] for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"]
             for rule in group["rules"]}  # fmt: skip
    assert {rule["name"] for rule in rules} == names
    assert {rule["health"] for rule in rules} == {"ok"}
    asked = {name for rule in rules for name in re.findall(r"\bwinback_\w+", rule["query"]) if not NOT_HERE.match(name)}
    assert len(asked) > 10
    assert {name for name in asked if not seen.series(name)} == set()
    # Most of the story is dead letters, which is what two alerts are for.
    firing = {alert["labels"]["alertname"] for alert in seen.ask("alerts")["alerts"] if alert["state"] == "firing"}
    assert firing <= {"DeadLetters"}
