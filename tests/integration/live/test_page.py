"""The live page against the running stack, by HTTP and in headless Chromium."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest

from deploy import ports
from deploy.shop import simulate
from tests.integration.test_up import Up, _free
from tests.support.browser import drive
from tests.support.shifting import to_now
from tests.support.stack import wait_for, winback, write

pytestmark = pytest.mark.slow

CUSTOMERS = 120
SECONDS_AGO = 60


def api(up, path, body=None, **headers):
    """A JSON answer of the page."""
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **headers} if body is not None else headers
    asked = urllib.request.Request(f"http://127.0.0.1:{up.page}/{path}", data, sent)
    with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310 - http
        return json.loads(answer.read())


@pytest.fixture(scope="module")
def stack(tmp_path_factory, request):
    """A stack whose workers find a day of the simulated shop, which ended a minute ago, when they start."""
    if request.config.getoption("--broker") == "kafka":
        pytest.skip("`up` brings its own broker")
    place, [page] = tmp_path_factory.mktemp("page"), ports.free(1)
    up = Up(place / "stack", WINBACK_PAGE=f"127.0.0.1:{page}", launch=False)
    up.page = page
    lines = write(place / "lines.jsonl", to_now(simulate(CUSTOMERS, 1, 7, None), SECONDS_AGO))
    up.launch()
    wait_for(lambda: not _free(up.kafka), "the broker to listen", alive=up.process)
    assert winback("publish", lines, **up.settings).returncode == 0
    up.runs()
    wait_for(lambda: up.watermark() > time.time() - 120, "time to have come to the present", alive=up.process)
    written = "SELECT count() AS n FROM decisions"
    wait_for(lambda: json.loads(winback("query", written, "--json", **up.settings).stdout)[0]["n"], "decisions")
    yield up
    up.process.send_signal(signal.SIGINT)
    up.process.communicate(timeout=60)


def shown(up, condition, what):
    """The page's state once a condition holds of it."""
    last = {}

    def holds():
        last.update(api(up, "api/state"))
        return condition(last)

    wait_for(holds, what, alive=up.process)
    return last


def email(up):
    """The address that most events carry."""
    sql = """SELECT i.2 AS value, count() AS n FROM events ARRAY JOIN identifiers AS i WHERE i.1 = 'email'
        GROUP BY value ORDER BY n DESC, value LIMIT 2"""
    rows = json.loads(winback("query", sql, "--json", **up.settings).stdout)
    return [row["value"] for row in rows]


def test_the_page_shows_what_the_stack_has(stack):
    """Events, flow, time, carts, decisions, campaigns and processes are those of the metrics and of ClickHouse."""
    state = shown(stack, lambda s: s["decisions"] and s["carts"] and s["campaigns"], "the answers of ClickHouse")
    told = json.loads((stack.folder / "addresses.json").read_bytes())
    assert told["page"] == f"http://127.0.0.1:{stack.page}/"
    assert [process["name"] for process in state["processes"]] == ["streams-1", "sinks", "kafka", "page"]
    assert all(process["up"] and process["restarts"] == 0 for process in state["processes"])
    for process in state["processes"][:2]:
        assert process["since"]
        assert process["memory"] > 10_000_000
    events = winback("query", "SELECT count() AS n FROM events FINAL", "--json", **stack.settings)
    [accepted] = [stage["count"] for stage in state["flow"] if stage["stage"] == "ingest"]
    assert accepted == sum(row["total"] for row in state["events"]["channels"]) >= json.loads(events.stdout)[0]["n"] > 0
    assert [stage["stage"] for stage in state["flow"]] == ["raw topics", "ingest", "identify", "journey", "sinks"]
    assert not state["time"]["held"]
    assert state["time"]["holder"]["topic"].startswith("channels.")
    assert state["dead_letters"]
    assert state["problems"] == []
    assert {step["step"] for step in state["carts"]} >= {"opened", "abandoned", "ended converted"}


def test_the_page_in_a_browser(stack, tmp_path):
    """Chromium, 360 and 1,280 pixels, light and dark: axe-core finds nothing, nothing is wider than the screen or from
    elsewhere, all is reached by keyboard, and 500 more updates leave no more nodes, listeners or memory.
    """  # noqa: D205
    shown(stack, lambda s: s["decisions"] and s["carts"] and s["campaigns"], "the answers of ClickHouse")
    found = drive("live.mjs", f"http://127.0.0.1:{stack.page}/", tmp_path / "seen", f"email:{email(stack)[0]}")
    for name, view in found["views"].items():
        assert view["faults"] == [], name
        assert view["wider"] == 0, name
        assert view["passes"] > 20, name

    assert found["complaints"] == []
    assert {urlsplit(address).netloc for address in found["fetched"]} == {f"127.0.0.1:{stack.page}"}
    assert found["focused"][0]["name"] == "Skip to content"
    assert {"pause", "identifier"} <= {one["name"] for one in found["focused"]}
    assert all(one["visible"] for one in found["focused"])
    assert found["person"]["said"].startswith("Found: ")
    assert found["person"]["rows"] > 1
    assert found["nobody"] == 0
    assert found["scroll"] == "auto"
    assert found["landmarks"] == [1, 1, 1, 1]
    assert all(table["caption"] and table["heads"] > 1 for table in found["tables"])
    assert all(table["rows"] == table["named"] > 0 for table in found["tables"])

    early, late = found["early"], found["late"]
    assert late["asked"] - early["asked"] >= 500
    assert late["elements"] == early["elements"]
    assert late["nodes"] <= early["nodes"] * 1.1
    assert late["listeners"] <= early["listeners"]
    assert late["heap"] <= early["heap"] * 1.2
    assert len(found["announced"]) == 2, "a live region that speaks at each update cannot be used"
    assert found["hurt"] == {"ran": False, "made": 0, "told": True}
    assert (found["paused"], found["hidden"]) == (0, 0)


def test_a_killed_worker_is_counted(stack):
    """The page tells how often a process was started again."""
    os.kill(stack.pid("streams-1"), signal.SIGKILL)
    state = shown(stack, lambda s: s["processes"][0]["restarts"] and s["processes"][0]["up"], "the worker to be back")
    assert [process["restarts"] for process in state["processes"]] == [1, 0, 0, 0]


def test_an_erased_customer_is_said_to_be(stack):
    """Who was erased is not shown any more, and the page says when; the log has who searched, not for whom."""
    _, address = email(stack)
    before = api(stack, "api/person", {"identifier": f"email:{address}"})
    assert before["timeline"]
    erased = winback("erase", f"email:{address}", "--yes", "--no-count", **stack.settings)
    assert erased.returncode == 0, erased.stderr
    after = api(stack, "api/person", {"identifier": f"email:{address}"})
    assert after["profile_id"] == ""
    assert after["error"].startswith("this customer was erased at 2")
    log = (stack.folder / "logs" / "page.log").read_text()
    assert log.count("a customer was looked up") >= 2
    assert before["profile_id"] in log
    assert address not in log


def test_another_site_is_refused(stack):
    """The guards of ClickHouse's interface are before the page, too."""
    with pytest.raises(urllib.error.HTTPError, match="403"):
        api(stack, "api/state", Origin="https://evil.example")
