"""A backtest decides what the pipeline decides: the same rows under the same ids, for both campaigns files."""

from __future__ import annotations

import os
import shutil
import threading
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy.backtest import core, report, running
from deploy.backtest.sides import Window
from deploy.cli import main as cli
from deploy.errors import OneByOneError
from deploy.shop import simulate
from deploy.stack import child
from deploy.stack.replay_steps import records
from deploy.stack.spill import read
from infra import garbage_collection
from schemas.settings import Settings
from schemas.times import iso
from schemas.topics import RETARGETING_DECISIONS, RETARGETING_MESSAGES
from streams.campaigns import source
from streams.testing import replay

OTHER = Path("deploy/examples/campaigns/campaigns.yaml").resolve()
BUILT_IN = source(None)
LIGHT = """
caps: {global: [{limit: 1, per: 7d}]}
campaigns:
  - id: abandoned-cart
    trigger: {on: cart_abandoned}
    offer: {prefix: BACK, discount: "10%"}
    steps: [{id: reminder, channel: best, of: [email, push, sms], template: cart_reminder}]
"""
Rows = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def lines(tmp_path_factory) -> Path:
    """A file of the simulated shop's lines."""
    path: Path = tmp_path_factory.mktemp("lines") / "shop.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, simulate(60, 2, 7))))
    return path


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch) -> None:
    for name in [name for name in os.environ if name.startswith("WINBACK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(garbage_collection, "relax_for_records", lambda: None)


def decided(lines: Path, campaigns: Path | None) -> tuple[Rows, Rows]:
    """What the pipeline decides over the lines: decisions and messages by id."""
    settings = Settings(clock="event", campaigns=campaigns)
    found = replay(records([str(lines)], settings, lambda _: None), settings)
    decisions, messages = (
        [orjson.loads(record.value or b"") for record in found[topic]]
        for topic in (RETARGETING_DECISIONS, RETARGETING_MESSAGES)
    )
    return {row["decision_id"]: row for row in decisions}, {row["message_id"]: row for row in messages}


def played(place: Path, lines: Path, campaigns: Path) -> Path:
    """The folder with what one campaigns file decides, played in this process."""
    place.mkdir()
    core.play(str(place), "", "", str(campaigns), "", "", core.LINES, str(lines))
    return place / core.NEW


def built(new: Path, current: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The report over two folders, and all the changes."""
    changes: list[dict[str, Any]] = []
    sides = report.Sides(new, current, Settings().partitions, Window(), None)
    return report.build(sides, "UTC", changes.append, lambda: None), changes


def test_both_files_decide_what_the_pipeline_decides(lines, tmp_path, capfd) -> None:
    """Totals, rows and changes are those of two replays, counted here from their topics."""
    light = tmp_path / "light.yaml"
    light.write_text(LIGHT)
    new = played(tmp_path / "new", lines, light)
    current = played(tmp_path / "current", lines, BUILT_IN)
    found, changes = built(new, current)
    (after, told), (before, was_told) = decided(lines, light), decided(lines, None)
    assert len(after) > 20
    assert len(before) > 20
    for side, rows, messages in (("new", after, told), ("current", before, was_told)):
        outcomes = [row["outcome"] for row in rows.values()]
        totals = found["totals"][side]
        assert totals["decisions"] == len(rows)
        assert totals["sent"] == len(messages) == outcomes.count("sent")
        assert sum(row["messages" if side == "new" else "current"] for row in found["by_hour"]) == len(messages)
        assert sum(row["messages" if side == "new" else "current"] for row in found["by_channel"]) == len(messages)
    kinds = {row["decision_id"]: row["change"] for row in changes}
    assert {id_ for id_, kind in kinds.items() if kind == "added"} == after.keys() - before.keys()
    assert {id_ for id_, kind in kinds.items() if kind == "dropped"} == before.keys() - after.keys()
    chance = {"control_share": None}  # another chance to be held out is no other decision
    differing = {id_ for id_ in after.keys() & before.keys() if after[id_] | chance != before[id_] | chance}
    assert differing <= {id_ for id_, kind in kinds.items() if kind == "changed"}
    assert found["changes"]["same"] == len((after.keys() & before.keys()) - kinds.keys())
    assert sum(row["codes"] for row in found["offers"]["new"]) == len({row["offer"]["code"] for row in told.values()})
    assert found["offers"]["current"] == []
    assert len(found["examples"]) == 10
    addresses = {row["to"] for row in (told | was_told).values()}
    assert not any(address in str(found) for address in addresses)


def test_the_file_in_force_decides_what_was_decided(lines, tmp_path, capfd) -> None:
    """Row by row, ids included, for a file with every trigger; and nothing changes from it to itself."""
    new = played(tmp_path / "new", lines, OTHER)
    wanted, messages = decided(lines, OTHER)
    found, changes = built(new, new)
    assert changes == []
    assert found["changes"]["same"] == len(wanted)
    assert found["totals"]["new"] == found["totals"]["current"]
    for topic, rows, key in (
        (RETARGETING_DECISIONS, wanted, "decision_id"), (RETARGETING_MESSAGES, messages, "message_id"),
    ):  # fmt: skip
        kept = [orjson.loads(record.value or b"") for record in read(new, topic)]
        assert {row[key]: row for row in kept} == rows
        assert len(kept) == len(rows)


@pytest.mark.parametrize("processors", [1, 2, 5])
def test_each_process_goes_on_with_its_file_and_its_partitions(lines, tmp_path, monkeypatch, processors) -> None:
    """What has come in by the fork knows of no campaigns: in any number of processes, both files decide all."""
    monkeypatch.setattr(core, "_shares", lambda _: processors)
    light = tmp_path / "light.yaml"
    light.write_text(LIGHT)
    began = tmp_path / "began"
    arguments = (str(tmp_path), "", "", str(light), str(OTHER), "", core.LINES, str(lines))
    if not (pid := os.fork()):
        os.dup2(os.open(began, os.O_CREAT | os.O_WRONLY), 1)
        child.main(core.play, *arguments)
    assert os.waitpid(pid, 0)[1] == 0
    assert {line.split()[1] for line in began.read_text().splitlines() if line.startswith("settle")} <= {
        f"{side}/{share}" for side in (core.NEW, core.CURRENT) for share in range(min(processors, 4))
    }
    for side, campaigns in ((core.NEW, light), (core.CURRENT, OTHER)):
        wanted, _ = decided(lines, campaigns)
        kept = [orjson.loads(record.value or b"") for record in read(tmp_path / side, RETARGETING_DECISIONS)]
        assert {row["decision_id"]: row for row in kept} == wanted
        assert len(kept) == len(wanted)
        assert core.told(tmp_path / side).records == len(lines.read_bytes().splitlines())


def test_files_that_differ_in_a_cap_are_played_in_step(lines, tmp_path, monkeypatch) -> None:
    """In several processes, both files decide all that each decides alone, and say alike what has been read."""
    monkeypatch.setattr(core, "_shares", lambda _: 2)
    other = shutil.copytree(OTHER.parent, tmp_path / "campaigns") / OTHER.name
    other.write_text(OTHER.read_text().replace("limit: 3, per: 7d", "limit: 1, per: 7d"))
    if not (pid := os.fork()):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        child.main(core.play, str(tmp_path), "", "", str(other), str(OTHER), "", core.LINES, str(lines))
    assert os.waitpid(pid, 0)[1] == 0
    found = {}
    for side, campaigns in ((core.NEW, other), (core.CURRENT, OTHER)):
        wanted, messages = decided(lines, campaigns)
        for topic, rows, key in (
            (RETARGETING_DECISIONS, wanted, "decision_id"), (RETARGETING_MESSAGES, messages, "message_id"),
        ):  # fmt: skip
            kept = [orjson.loads(record.value or b"") for record in read(tmp_path / side, topic)]
            assert {row[key]: row for row in kept} == rows
            assert len(kept) == len(rows)
        found[side] = wanted
    assert found[core.NEW] != found[core.CURRENT]
    said = core.told(tmp_path / core.NEW)
    assert said == core.told(tmp_path / core.CURRENT)
    assert said.records == len(lines.read_bytes().splitlines()) >= said.stitched > 0


def test_what_cannot_be_played_in_step_is_played_one_by_one(lines, tmp_path, monkeypatch) -> None:
    """Nothing is left of the attempt, and the report is that of two files."""
    other = tmp_path / BUILT_IN.name
    shutil.copytree(BUILT_IN.parent / "templates", tmp_path / "templates")
    other.write_text(BUILT_IN.read_text().replace("limit: 3, per: 7d", "limit: 1, per: 7d"))
    asked: list[str] = []

    def run(steps, _progress) -> None:
        (step,) = steps
        asked.append(step.arguments[6])
        if len(asked) == 1:
            (Path(step.arguments[0]) / core.NEW).mkdir()
            raise OneByOneError("too late")
        if not (pid := os.fork()):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            child.main(core.play, *step.arguments)
        assert os.waitpid(pid, 0)[1] == 0

    monkeypatch.setattr(child, "run", run)
    found = running.files(running.Asked(other, BUILT_IN), [str(lines)], Settings(clock="event"), None)
    assert asked == [core.LINES, core.APART]
    assert found["totals"]["current"]["decisions"] == len(decided(lines, BUILT_IN)[0])
    assert found["totals"]["new"]["decisions"] == len(decided(lines, other)[0])


def winback(capfd, *arguments: str) -> tuple[Any, str, str]:
    """Exit code, standard output and standard error of a command in this process."""
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    told = capfd.readouterr()
    return ended.value.code, told.out, told.err


@pytest.mark.slow
def test_the_command_writes_what_replay_writes(lines, tmp_path, capfd) -> None:
    """`--out` has the decisions and messages of `replay`, byte for byte; a pipe is read once and serves both files."""
    code, _, err = winback(capfd, "replay", str(lines), "--out", str(tmp_path / "replay"))
    assert code == 0, err
    light = tmp_path / "light.yaml"
    light.write_text(LIGHT)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(lines.read_bytes()), daemon=True)
    writer.start()
    builtin = Path("streams/campaigns/default.yaml")
    code, out, err = winback(
        capfd, "backtest", "--campaigns", str(builtin), "--against", str(light), str(pipe), "--out",
        str(tmp_path / "out"), "--json",
    )  # fmt: skip
    writer.join()
    assert code == 0, err
    found = orjson.loads(out)
    for topic in (RETARGETING_DECISIONS, RETARGETING_MESSAGES):
        name = f"{topic}.jsonl"
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "replay" / name).read_bytes()
    changed = (tmp_path / "out" / running.CHANGES).read_bytes().splitlines()
    assert len(changed) == len(found["changes"]["rows"]) + found["changes"]["rows_left_out"] > 0
    assert [orjson.loads(line) for line in changed[: report.ROWS]] == found["changes"]["rows"]
    code, out, err = winback(capfd, "backtest", "--campaigns", str(builtin), str(lines))
    assert code == 0, err
    assert "Both files are the same." in out
    assert "What cannot be known" in out


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A folder with files that are in order, and others that are not."""
    (tmp_path / "good.yaml").write_text(LIGHT)
    (tmp_path / "bad.yaml").write_text("campaigns: [{id: x}]")
    (tmp_path / "bad.jsonl").write_text("nonsense\n")
    (tmp_path / "file").write_text("in the way")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--campaigns", "good.yaml"], "name input files, or --from-clickhouse SINCE UNTIL"),
        (["--campaigns", "good.yaml", "bad.jsonl", "--from-clickhouse", "2026-01-01", "2026-01-02"], "not both"),
        (["--campaigns", "bad.yaml", "bad.jsonl"], "bad.yaml: campaigns.x.trigger: Field"),
        (["--campaigns", "none.yaml", "bad.jsonl"], "none.yaml: cannot be read"),
        (
            ["--campaigns", "good.yaml", "--against", "bad.yaml", "bad.jsonl"],
            "bad.yaml: campaigns.x.trigger: Field",
        ),
        (["--campaigns", "good.yaml", "none.jsonl"], "none.jsonl: no such file"),
        (["--campaigns", "good.yaml", "bad.jsonl", "--out", "file"], "--out file: cannot be written"),
        (["--campaigns", "good.yaml", "bad.jsonl", "--history", "3"], "--history goes with --from-clickhouse"),
        (["--campaigns", "good.yaml", "--from-clickhouse", "2026-01-02", "9999-12-31"], "days are from 1970-01-01"),
        (["--campaigns", "good.yaml", "--from-clickhouse", "0001-01-01", "2026-01-02"], "to 2299-12-31"),
        (["--campaigns", "good.yaml", "--from-clickhouse", "yesterday", "2026-01-02"], "'yesterday' is no day"),
        (["--campaigns", "good.yaml", "--from-clickhouse", "2026-01-02", "2026-01-01"], "is before 2026-01-02"),
    ],
)
def test_bad_input_is_one_line(bad, arguments, said, capfd, monkeypatch) -> None:
    """Exit code 2, and one line on standard error that says what is wrong."""
    monkeypatch.chdir(bad)
    code, out, err = winback(capfd, "backtest", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_days_are_those_of_the_shop() -> None:
    """From the midnight before the first day to that after the last one, where clocks are put back as well."""
    days = running.Days(date(2026, 10, 25), date(2026, 10, 25))
    since, until = running.bounds(days, "Europe/Berlin")
    assert (iso(since), iso(until)) == ("2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z")


@pytest.mark.slow
def test_a_bad_line_is_one_line(bad, capfd, monkeypatch) -> None:
    """What a process that reads the lines finds wrong is told as any other bad input."""
    monkeypatch.chdir(bad)
    code, out, err = winback(capfd, "backtest", "--campaigns", "good.yaml", "bad.jsonl")
    assert (code, out) == (2, "")
    assert "bad.jsonl:1: bad JSON" in err
    assert err.count("\n") == 1
