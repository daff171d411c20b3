"""What `winback` says to bad input and absent servers: one line on standard error, an exit code, no traceback."""

from __future__ import annotations

import gzip
import json
import logging
import os
import socket
import subprocess
import sys
import time
from importlib.metadata import version
from types import SimpleNamespace

import pytest

from deploy.cli import main as cli

GOOD = b'{"topic":"channels.web","key":"k","timestamp":1700000000000,"value":{"type":"page","anonymousId":"a1"}}\n'


@pytest.fixture
def place(tmp_path):
    """A folder with a good file, bad ones, and things that are in the way."""
    (tmp_path / "good.jsonl").write_bytes(GOOD)
    (tmp_path / "bad.jsonl").write_bytes(GOOD + b"{nonsense\n")
    (tmp_path / "topic.jsonl").write_bytes(GOOD.replace(b"channels.web", b"channels.fax"))
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "bad.yaml").write_text("campaigns: [1, {")
    (tmp_path / "odd.yaml").write_text(
        "campaigns: [{id: x, trigger: {on: full_moon}, steps: [{id: s, channel: email, template: t}]}]"
    )
    (tmp_path / "list.yaml").write_text("- 1\n")
    (tmp_path / "rows.csv").write_text("InvoiceNo\n1\n")
    nested = b"[" * 5_000 + b"NaN" + b"]" * 5_000
    (tmp_path / "deep.jsonl").write_bytes(GOOD + GOOD.replace(b'{"type":"page","anonymousId":"a1"}', nested))
    (tmp_path / "wide.jsonl").write_bytes(GOOD.decode().encode("utf-16") + GOOD)
    (tmp_path / "latin.jsonl").write_bytes(GOOD.replace(b"a1", b"\xe9"))
    (tmp_path / "binary.jsonl").write_bytes(bytes(range(256)))
    (tmp_path / "key.jsonl").write_bytes(GOOD.replace(b'"k"', b'"\\ud800"'))
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(b"".join(GOOD + b" " * n for n in range(500)))[:400])
    (tmp_path / "fake.jsonl.gz").write_bytes(GOOD)
    return tmp_path


@pytest.fixture
def winback(place, capfd, monkeypatch):
    """The command, run in this process as in `place`, with no settings but those given."""
    for name in [name for name in os.environ if name.startswith("WINBACK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(place)

    def run(*arguments, **settings):
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        told = capfd.readouterr()
        return SimpleNamespace(returncode=ended.value.code, stdout=told.out, stderr=told.err)

    handlers = list(logging.root.handlers)
    yield run
    logging.root.handlers[:] = handlers  # a worker command logs to the standard error of its own test


def refused(ran, code=2):
    """The one line of a refusal; checks that it is one, and the exit code."""
    assert ran.returncode == code, ran.stderr
    assert ran.stdout == ""
    [line] = ran.stderr.splitlines()
    assert line.startswith("winback")
    assert "Traceback" not in line
    return line


BAD = {
    "no such command": (["paint"], "paint"),
    "no such option": (["report", "--loud"], "--loud"),
    "report: month without a page": (["report", "--month", "2026-10"], "goes with --html"),
    "report: no month": (
        ["report", "--html", "page.html", "--month", "2026-13"],
        "--month 2026-13: give a month as YYYY-MM",
    ),
    "report: page and JSON": (["report", "--html", "page.html", "--json"], "give one of them"),
    "report: page is a folder": (["report", "--html", "."], "cannot be written"),
    "report: page in no folder": (["report", "--html", "absent/page.html"], "cannot be written"),
    "up: bad number": (["up", "--workers", "many"], "--workers"),
    "up: no workers": (["up", "--workers", "0"], "--workers"),
    "up: bad port": (["up", "--kafka-port", "99999"], "--kafka-port"),
    "once: no file": (["once"], "FILE"),
    "once: missing file": (["once", "absent.jsonl"], "absent.jsonl"),
    "once: folder": (["once", "."], "folder"),
    "once: bad clock": (["once", "good.jsonl", "--clock", "cuckoo"], "cuckoo"),
    "once: out in the way": (["once", "good.jsonl", "--out", "file"], "file"),
    "replay: missing file": (["replay", "absent.jsonl"], "absent.jsonl"),
    "replay: bad line": (["replay", "bad.jsonl"], "bad.jsonl:2"),
    "replay: unknown topic": (["replay", "topic.jsonl"], "channels.fax"),
    "replay: second file bad": (["replay", "good.jsonl", "bad.jsonl"], "bad.jsonl:2"),
    "replay: too deep": (["replay", "deep.jsonl"], "deep.jsonl:2: nested too deeply"),
    "replay: UTF-16": (["replay", "wide.jsonl"], "UTF-8 is needed"),
    "replay: Latin-1": (["replay", "latin.jsonl"], "latin.jsonl:1"),
    "replay: binary": (["replay", "binary.jsonl"], "binary.jsonl:1"),
    "replay: lone surrogate in a key": (["replay", "key.jsonl"], "key.jsonl:1: key holds a lone surrogate"),
    "replay: gzip cut off": (["replay", "cut.jsonl.gz"], "cut.jsonl.gz: cannot be read after line"),
    "replay: no gzip": (["replay", "fake.jsonl.gz"], "fake.jsonl.gz: cannot be read"),
    "replay: out in the way": (["replay", "good.jsonl", "--out", "file/deep"], "file"),
    "publish: missing file": (["publish", "absent.jsonl"], "absent.jsonl"),
    "publish: bad rate": (["publish", "good.jsonl", "--rate", "-1"], "--rate"),
    "simulate: no customers": (["simulate", "--customers", "0"], "--customers"),
    "simulate: bad days": (["simulate", "--days", "some"], "--days"),
    "simulate: reaction to nothing": (["simulate", "--reaction", "0.5"], "--messages"),
    "simulate: messages that are none": (["simulate", "--reaction", "1", "--messages", "file"], "file"),
    "simulate: no such messages": (["simulate", "--reaction", "1", "--messages", "none.jsonl"], "none.jsonl"),
    "simulate: truth in the way": (["simulate", "--customers", "1", "--truth", "file"], "file"),
    "import: no map": (["import", "rows.csv"], "--map"),
    "import: missing file": (["import", "absent.csv", "--map", "odd.yaml"], "absent.csv"),
    "import: missing map": (["import", "rows.csv", "--map", "absent.yaml"], "absent.yaml"),
    "import: map is no YAML": (["import", "rows.csv", "--map", "bad.yaml", "--print"], "bad.yaml"),
    "import: map is a list": (["import", "rows.csv", "--map", "list.yaml", "--print"], "list.yaml"),
    "sources: no such source": (["sources", "dead", "channels.fax"], "channels.fax"),
    "sources: no such partition": (["sources", "live", "channels.web:99"], "0 to 3"),
    "report: bad wait": (["report", "--wait", "-3"], "--wait"),
    "profile: nobody named": (["profile"], "TYPE:VALUE"),
    "profile: no colon": (["profile", "anna"], "no colon"),
    "profile: no type": (["profile", ":anna"], "no type"),
    "profile: blank in type": (["profile", "user id:anna"], "no type"),
    "profile: blocked value": (["profile", "user_id:undefined"], "user_id:***"),
    "profile: no entries": (["profile", "user_id:anna", "--limit", "0"], "--limit"),
    "split: no colon": (["split", "anna", "--yes"], "no colon"),
    "split: no address": (["split", "email:anna", "--yes"], "email:***"),
    "split: nobody to ask": (["split", "user_id:anna"], "--yes"),
    "split: no time": (["split", "user_id:anna", "--yes", "--timeout", "0"], "--timeout"),
    "erase: no value": (["erase", "user_id:", "--yes"], "user_id:***"),
    "erase: no number": (["erase", "phone:12", "--yes"], "phone:***"),
    "erase: nobody to ask": (["erase", "user_id:anna"], "--yes"),
    "query: no SQL": (["query"], "SQL"),
    "offer: no code": (["offer"], "CODE"),
    "offer: empty code": (["offer", " "], "empty"),
    "schema: out in the way": (["schema", "--out", "file"], "file"),
    "topics: stray argument": (["topics", "channels.web"], "channels.web"),
    "migrate: stray argument": (["migrate", "now"], "now"),
    "doctor: bad wait": (["doctor", "--wait", "x"], "--wait"),
    "streams: stray argument": (["streams", "fast"], "fast"),
    "uplift: a day": (["uplift", "--from", "yesterday"], "yesterday"),
    "uplift: days": (["uplift", "--from", "2026-02-02", "--to", "2026-02-01"], "2026-02-01"),
    "sinks: stray argument": (["sinks", "fast"], "fast"),
    "campaigns: no command": (["campaigns", "burn"], "burn"),
    "campaigns: no file": (["campaigns", "check"], "FILE"),
    "campaigns: missing file": (["campaigns", "check", "absent.yaml"], "absent.yaml"),
    "campaigns: no YAML": (["campaigns", "check", "bad.yaml"], "bad.yaml"),
    "campaigns: not a mapping": (["campaigns", "check", "list.yaml"], "list.yaml"),
    "campaigns: unknown trigger": (["campaigns", "check", "odd.yaml"], "full_moon"),
    "campaigns: nothing to apply": (["campaigns", "apply", "absent.yaml"], "absent.yaml"),
    "campaigns: no time": (["campaigns", "apply", "odd.yaml", "--timeout", "0"], "--timeout"),
}


@pytest.mark.parametrize(("arguments", "word"), BAD.values(), ids=BAD)
def test_bad_input_is_one_line_and_exit_2(winback, arguments, word):
    """Every command refuses what it cannot use in one line that names it."""
    assert word in refused(winback(*arguments))


COMMANDS = ["up", "once good.jsonl", "replay good.jsonl", "publish good.jsonl", "report", "query X", "streams", "sinks",
            "migrate", "topics", "doctor", "profile email:a@b.c", "split email:a@b.c", "erase email:a@b.c", "offer X",
            "campaigns apply", "events", "uplift"]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_a_bad_setting_is_one_line_and_exit_2(winback, command):
    """A bad variable is named, whatever command meets it."""
    ran = winback(*command.split(), WINBACK_PARTITIONS="none")
    assert "WINBACK_PARTITIONS" in refused(ran)


BAD_SETTINGS = {
    "WINBACK_KAFKA": ["", "host:port:x", ":", "127.0.0.1:99999", "a:9092,,b:9092"],
    "WINBACK_SECURITY_PROTOCOL": ["SASL_SSL"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, all_ in BAD_SETTINGS.items() for value in all_])
def test_settings_that_no_client_can_use_are_one_line_and_exit_2(winback, name, value):
    """Addresses that are none, and a login without a name, are told before anything is tried."""
    assert name in refused(winback("publish", "good.jsonl", "--wait", "0", **{name: value}))


def test_tls_files_that_cannot_be_read_are_one_line_and_exit_2(winback):
    """They are no absent broker: waiting for them does not help."""
    tls = {"WINBACK_SECURITY_PROTOCOL": "SSL", "WINBACK_SSL_CAFILE": "absent.pem"}
    assert "WINBACK_SSL_CAFILE" in refused(winback("publish", "good.jsonl", "--wait", "60", **tls))


def test_a_secret_is_not_shown_by_the_error_that_refuses_it(winback):
    """What cannot be keyed with is not printed either."""
    line = refused(winback("replay", "good.jsonl", WINBACK_SECRET="hush\udcff"))  # noqa: S106 - made up
    assert "WINBACK_SECRET is not UTF-8" in line
    assert "hush" not in line


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("secret", ["", " \t"], ids=["empty", "blank"])
def test_no_secret_is_one_line_and_exit_2(winback, command, secret):
    """A secret of nothing keys nothing: no command starts with it."""
    line = refused(winback(*command.split(), WINBACK_SECRET=secret))
    assert "WINBACK_SECRET is empty" in line
    assert "openssl rand" in line


@pytest.mark.parametrize("command", [command for command in COMMANDS if command != "doctor"])
def test_an_unknown_variable_is_one_line_and_exit_2(winback, command):
    """A misspelt variable is told with the name that was meant, in whichever case it is written."""
    line = refused(winback(*command.split(), winback_KAFAK="there:9092"))
    assert "winback_KAFAK is not a setting; did you mean WINBACK_KAFKA? (winback doctor lists all)" in line


@pytest.mark.parametrize("command", ["replay good.jsonl", "once good.jsonl", "streams", "up", "events"])
def test_a_file_of_aliases_that_is_not_valid_is_one_line_and_exit_2(winback, place, command):
    """File and place are told before anything starts, whatever command would read it."""
    (place / "aliases.yaml").write_text("events: {Gekauft: Bought}")
    line = refused(winback(*command.split(), WINBACK_ALIASES="aliases.yaml"))
    assert "WINBACK_ALIASES: aliases.yaml: events.Gekauft: 'Bought' is no canonical event name" in line


def test_doctor_says_what_is_in_the_file_of_aliases(winback, place):
    """How many names are read, and what the shop's own file adds and switches off; or what is wrong with it."""
    for text, ok, detail in (
        ("{events: {Gekauft: order completed}, off: [cart, purchase]}", True, "own: 1 events, 0 properties; off: 2"),
        ("[", False, "aliases.yaml: no YAML"),
    ):
        (place / "aliases.yaml").write_text(text)
        ran = winback("doctor", "--wait", "0", "--json", WINBACK_ALIASES="aliases.yaml", WINBACK_KAFKA=nowhere())
        [check] = [check for check in json.loads(ran.stdout)["checks"] if check["what"].startswith("aliases")]
        assert check["ok"] is ok
        assert detail in check["detail"]


def test_doctor_lists_unknown_variables_beside_the_known(winback):
    """Doctor is where one looks the names up, so it goes on, and says what is wrong."""
    ran = winback("doctor", "--wait", "0", "--json", WINBACK_KAFAK="there", WINBACK_KAFKA=nowhere())
    found = json.loads(ran.stdout)
    assert ran.returncode == 1
    assert "WINBACK_KAFKA" in found["settings"]
    [check] = [check for check in found["checks"] if check["what"] == "variables"]
    assert not check["ok"]
    assert "WINBACK_KAFAK" in check["detail"]


ASKING = ["profile user_id:anna", "split user_id:anna --yes", "erase user_id:anna --yes"]


@pytest.mark.parametrize("command", ["migrate", "report", "query X", "sinks", "uplift", *ASKING])
def test_a_bad_clickhouse_dsn_is_one_line_and_exit_2(winback, command):
    """A DSN that cannot be one is refused before anything is tried, without showing what it holds."""
    ran = winback(*command.split(), WINBACK_CLICKHOUSE="ftp://user:hush@there")
    line = refused(ran)
    assert "WINBACK_CLICKHOUSE" in line
    assert "hush" not in line


@pytest.mark.parametrize("command", ["publish good.jsonl --wait 0.3", "topics --wait 0.3"])
def test_absent_kafka_is_told_with_its_address(winback, command):
    """No broker: tried again for as long as asked, then one line with the address and what to do; exit 1."""
    began = time.monotonic()
    ran = winback(*command.split(), WINBACK_KAFKA=nowhere())
    assert ran.returncode == 1
    waiting, line = ran.stderr.splitlines()
    assert "trying again" in waiting
    assert "127.0.0.1:" in line
    assert "winback up" in line
    assert time.monotonic() - began < 20


def test_campaigns_cannot_be_switched_without_kafka(winback):
    """One line with the address and what to do; exit 1."""
    ran = winback("campaigns", "apply", WINBACK_KAFKA=nowhere())
    assert ran.returncode == 1
    [line] = ran.stderr.splitlines()
    assert "127.0.0.1:" in line
    assert "winback up" in line


@pytest.mark.parametrize("command", ["report", "query X", "migrate", "offer X", *ASKING])
def test_absent_clickhouse_is_told_with_its_address(winback, command):
    """No ClickHouse: the same, and its password is not shown."""
    ran = winback(*command.split(), "--wait", "0.3", WINBACK_CLICKHOUSE=f"http://user:hush@{nowhere()}/winback")
    assert ran.returncode == 1
    line = ran.stderr.splitlines()[-1]
    assert "127.0.0.1:" in line
    assert "hush" not in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "anna" not in ran.stderr


def test_up_on_a_taken_port_is_one_line(winback):
    """A port in use is named, with the option that moves it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = refused(winback("up", "--kafka-port", str(port)), code=1)
    assert str(port) in line
    assert "--kafka-port" in line


def test_doctor_says_what_is_wrong_and_masks_secrets(winback):
    """With nothing running doctor lists each problem with what to do, shows no secret, and exits 1."""
    hidden = "hush-hush"
    settings = {
        "WINBACK_KAFKA": nowhere(),
        "WINBACK_CLICKHOUSE": f"http://user:{hidden}@{nowhere()}/winback",
        "WINBACK_CAMPAIGNS": "absent.yaml",
        "WINBACK_SECRET": hidden,
    }
    ran = winback("doctor", "--wait", "0", **settings)
    assert ran.returncode == 1
    assert hidden not in ran.stdout + ran.stderr
    assert ran.stdout.count("PROBLEM") == 3
    assert settings["WINBACK_KAFKA"] in ran.stdout
    assert f"tzdata {version('tzdata')}" in ran.stdout


def test_help_lists_every_command(winback):
    """`winback --help`, and `winback` alone, name all commands."""
    names = "up once replay publish simulate import report query streams sinks migrate topics schema campaigns doctor"
    names += " profile split erase"
    for ran in (winback("--help"), winback()):
        assert ran.returncode == 0
        assert all(f" {name} " in ran.stdout for name in names.split())


def test_starting_loads_nothing_heavy():
    """The command line itself imports neither Faust nor a database: each command does what it needs."""
    script = (
        "import sys, deploy.cli.main; print(*{'faust', 'aiokafka', 'chdb', 'pydantic_settings'} & sys.modules.keys())"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == ""


def test_as_a_program_it_refuses_in_one_line(place):
    """The same from a shell, without standard input: exit code 2, one line on standard error."""
    program = [sys.executable, "-m", "deploy.cli.main", "replay", "bad.jsonl"]
    ran = subprocess.run(program, cwd=place, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert "bad.jsonl:2" in refused(ran)


CLOSED = {
    "replay - <&-": "standard input: cannot be read (it is closed)",
    "simulate --customers 1 >&-": "standard output is closed",
    "simulate --customers 9 >/dev/full": "No space left on device",
    "schema >&-": "standard output is closed",
    "replay good.jsonl --json >/dev/full": "No space left on device",
}


@pytest.mark.parametrize("command", CLOSED)
def test_streams_that_are_closed_or_full_are_one_line(place, command):
    """Standard input and output that cannot be used end a command with what is wrong, not with a traceback."""
    program = f"{sys.executable} -m deploy.cli.main {command}"
    ran = subprocess.run(["bash", "-c", program], cwd=place, capture_output=True, text=True, check=False)
    assert ran.returncode in (1, 2)
    assert ran.stderr == f"winback: {CLOSED[command]}\n"


def test_a_closed_standard_error_leaves_standard_output_alone(place):
    """What would be said goes nowhere, least of all into the data."""
    program = f"{sys.executable} -m deploy.cli.main replay bad.jsonl 2>&-"
    ran = subprocess.run(["bash", "-c", program], cwd=place, stdout=subprocess.PIPE, check=False)
    assert (ran.returncode, ran.stdout) == (2, b"")


def test_a_closed_pipe_is_no_error():
    """`winback simulate | head -c 100` ends quietly."""
    program = [sys.executable, "-m", "deploy.cli.main", "simulate", "--customers", "30"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as simulate:
        simulate.stdout.read(100)
        simulate.stdout.close()
        assert simulate.stderr.read() == b""
    assert simulate.returncode == 1


def nowhere():
    """An address of this machine where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"
