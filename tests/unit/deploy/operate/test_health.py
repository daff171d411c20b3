"""What doctor looks at on a running system: each fault is told with its remedy, and nothing else is."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import time

import pytest

from deploy import ports
from deploy.errors import BadInputError, UnavailableError
from deploy.operate.health import clocks, stack, tls, written
from infra import restarts
from schemas.settings import Settings
from streams.core.campaigns import Campaigns
from streams.core.campaigns.rates import Rates
from tests.support.campaigning import campaigns_of

NOW = 1_800_000_000.0


@pytest.fixture
def running(tmp_path):
    """A folder in which a stack seems to run: locked, with addresses at which nothing answers."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "clickhouse").mkdir()
    (tmp_path / "clickhouse/data").touch()
    web = f"http://127.0.0.1:{ports.free(1)[0]}"
    addresses = {"Kafka": "127.0.0.1:9092", "ClickHouse HTTP": web, "streams-1 metrics": f"{web}/metrics", "group": "g"}
    (tmp_path / "addresses.json").write_text(json.dumps(addresses))
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield tmp_path


def test_no_stack_is_no_fault(tmp_path):
    """A folder without a stack, or with one that has stopped, says so and is well."""
    (tmp_path / ".lock").touch()
    assert stack.processes(tmp_path, wait=0).startswith("none runs in")
    assert stack.crash_loops(tmp_path) == stack.same_system(tmp_path, Settings()) == "no stack runs"


def test_a_process_that_does_not_answer_is_named(running):
    """The process, its address, and the command that shows its log."""
    with pytest.raises(UnavailableError, match=rf"streams-1 at http://.*`tail {running}/logs/streams-1.log`"):
        stack.processes(running, wait=0)


def test_a_crash_loop_is_told_with_the_end_of_the_log(running):
    """Three restarts in ten minutes are told with the end of its log; fewer, or old ones, are not."""
    file = running / "logs/streams-1.restarts"
    (running / "logs/streams-1.log").write_text("started\nthe worker stops: no room\n")
    for _ in range(3):
        restarts.note(file, time.time() - 3600, "exited with 1")
    restarts.note(file, time.time(), "exited with 1")
    assert stack.crash_loops(running) == "1 restarts in the last 10 minutes"
    for _ in range(2):
        restarts.note(file, time.time(), "was killed by SIGKILL")
    with pytest.raises(
        UnavailableError, match=r"streams-1 was restarted 3 times .* SIGKILL.*the worker stops: no room"
    ):
        stack.crash_loops(running)


def test_settings_of_another_system_are_told(running):
    """With the variables to set; and a folder of ClickHouse that is gone under the running sinks."""
    with pytest.raises(UnavailableError, match=r"export WINBACK_KAFKA=127.0.0.1:9092; export WINBACK_GROUP=g; export"):
        stack.same_system(running, Settings(kafka="elsewhere:1"))
    web = json.loads((running / "addresses.json").read_text())["ClickHouse HTTP"]
    ours = Settings(kafka="localhost:9092", group="g", clickhouse=f"{web}/winback")
    assert stack.same_system(running, ours).startswith("the settings are those")
    shutil.rmtree(running / "clickhouse")
    with pytest.raises(UnavailableError, match="is gone while the sinks write there"):
        stack.same_system(running, ours)


def test_restarts_are_kept_within_bounds(tmp_path):
    """The last hundred are kept; a file that cannot be written stops nobody."""
    for n in range(150):
        restarts.note(tmp_path / "a.restarts", n, f"exited with {n}")
    assert len(restarts.since(tmp_path / "a.restarts", 0)) == restarts.KEPT
    assert restarts.since(tmp_path / "a.restarts", 149) == ["exited with 149"]
    restarts.note(tmp_path / "none/a.restarts", 1, "exited with 1")
    assert restarts.since(tmp_path / "none/a.restarts", 0) == []


def certificate(folder, days, *, authority):
    """A key and a certificate that ends in so many days."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
               "-subj", "/CN=x", "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", str(days),
               "-addext", f"basicConstraints=critical,CA:{'TRUE' if authority else 'FALSE'}"]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return {"ssl_certfile": folder / "cert.pem", "ssl_keyfile": folder / "key.pem", "security_protocol": "SSL"}


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")
def test_certificates_are_read_by_name(tmp_path):
    """One that holds is well; one that ends soon or has ended, a file that is none or not there: each by its name."""
    files = certificate(tmp_path, 100, authority=False)
    settings = Settings(**files, ssl_cafile=certificate(tmp_path, 100, authority=True)["ssl_certfile"])
    now = time.time()
    assert "cert.pem" in tls.files(settings, now)
    with pytest.raises(BadInputError, match=r"WINBACK_SSL_CAFILE=.*expires in 10 days.*; WINBACK_SSL_CERTFILE="):
        tls.files(settings, now + 89.5 * 86_400)
    with pytest.raises(BadInputError, match=r"WINBACK_SSL_CERTFILE=.* has expired: renew it"):
        tls.files(settings, now + 101 * 86_400)
    (tmp_path / "cert.pem").write_text("none")
    with pytest.raises(BadInputError, match="holds no certificate in PEM"):
        tls.files(settings, now)
    (tmp_path / "key.pem").unlink()
    with pytest.raises(BadInputError, match=r"WINBACK_SSL_KEYFILE=.* cannot be read \(No such file"):
        tls.files(settings, now)
    assert tls.files(Settings(), now).startswith("not used")


def test_clocks_that_differ_are_told():
    """A few seconds, or a slow answer, are none; a minute is, either way. Old time zones are told with the command."""
    assert clocks.told(NOW + 1, NOW, NOW).startswith("as ClickHouse's")
    assert clocks.told(NOW + 20, NOW, NOW + 30).startswith("as ClickHouse's")
    for wrong in (NOW - 60, NOW + 60):
        with pytest.raises(UnavailableError, match="differ by 60 s: `timedatectl"):
            clocks.told(wrong, NOW, NOW)
    assert clocks.zones("2025.2", 2026).startswith("those of tzdata 2025.2")
    with pytest.raises(UnavailableError, match="pip install --upgrade tzdata"):
        clocks.zones("2024.1", 2026)


def test_dead_letters_and_rates_are_told():
    """A few dead letters are named with the command, many are a fault; so are currencies without rates."""
    assert written.told(0, 5) == "none in the last day"
    assert "`winback deadletters" in written.told(1, 100)
    assert written.told(9, 0).startswith("9 in the last day")
    with pytest.raises(UnavailableError, match="11 in the last day, of 100"):
        written.told(11, 100)
    plain = campaigns_of([])
    rated = Campaigns(plain.file, plain.templates, plain.stores.all, rates=Rates(base="EUR", rates={"USD": 1.1}))
    assert written.rates_told(["EUR"], plain) == "carts are in one currency (EUR)"
    assert written.rates_told(["EUR", "USD"], rated) == "EUR, USD can be converted"
    with pytest.raises(UnavailableError, match=r"lacks rates for GBP: .*winback campaigns apply"):
        written.rates_told(["EUR", "GBP"], rated)
    with pytest.raises(UnavailableError, match="lacks rates for EUR, USD"):
        written.rates_told(["EUR", "USD"], plain)
