"""The supervisor restarts what crashes, gives up when told to, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from deploy.errors import UnavailableError
from deploy.stack.supervisor import Ground, Spec, Supervisor

SLEEPS = (sys.executable, "-c", "import signal; signal.pause()")
DEAF = """
import os, pathlib, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(os.environ["MARK"]).touch()
signal.pause()
"""
STUBBORN = (sys.executable, "-c", DEAF)


quick = partial(Supervisor, pauses=(0.01, 0.02))
"""A supervisor with restart pauses short enough for a test."""


async def until(condition, what):
    """Wait for a condition of other processes, with a limit."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - processes tell nobody when they come and go
            await asyncio.sleep(0.01)
    assert condition(), what


def gone(pid):
    """Whether a process is no more (a zombie counts as gone)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


async def test_a_killed_child_is_started_again(tmp_path):
    """SIGKILL to a child: another one runs soon, and somebody is told."""
    said = []
    keeper = quick(tmp_path, say=said.append)
    await keeper.start(Spec("worker", SLEEPS))
    first = keeper.pid("worker")
    os.kill(first, signal.SIGKILL)
    await until(lambda: keeper.pid("worker") not in (None, first), "a second process")
    assert keeper.restarts["worker"] == 1
    assert "SIGKILL" in said[0]
    assert int((tmp_path / "worker.pid").read_text()) == keeper.pid("worker")
    await keeper.stop()


async def test_stop_ends_every_child(tmp_path):
    """After stop no child runs and no pid file is left."""
    keeper = quick(tmp_path)
    for name in ("a", "b", "c"):
        await keeper.start(Spec(name, SLEEPS))
    pids = [keeper.pid(name) for name in ("a", "b", "c")]
    await keeper.stop()
    assert all(gone(pid) for pid in pids)
    assert not list(tmp_path.glob("*.pid"))


async def test_a_child_that_ignores_sigterm_is_killed(tmp_path):
    """The grace is bounded: who does not go is killed."""
    keeper = quick(tmp_path, grace=0.2)
    await keeper.start(Spec("deaf", STUBBORN, {"MARK": str(tmp_path / "mark")}))
    await until((tmp_path / "mark").exists, "the child to ignore SIGTERM")
    pid = keeper.pid("deaf")
    await keeper.stop()
    assert gone(pid)


async def test_stop_while_a_restart_is_pending(tmp_path):
    """A child that is between two lives is not brought back by a stop."""
    keeper = Supervisor(tmp_path, pauses=(60.0, 60.0))
    await keeper.start(Spec("crash", (sys.executable, "-c", "raise SystemExit(1)")))
    await until(lambda: keeper.restarts["crash"] == 1, "the crash to be noticed")
    await keeper.stop()
    assert keeper.pid("crash") is None


async def test_giving_up_shows_the_last_lines_of_the_log(tmp_path):
    """A child that keeps crashing ends the stack with what it said."""
    keeper = quick(tmp_path, give_up=3)
    await keeper.start(Spec("crash", (sys.executable, "-c", "raise SystemExit('no luck today')")))
    with pytest.raises(UnavailableError, match=r"(?s)crash failed 3 times.*no luck today"):
        await asyncio.wait_for(keeper.failed, 20)
    await keeper.stop()


async def test_bad_settings_of_a_child_are_not_tried_again(tmp_path):
    """Exit code 2 means that starting again would not help."""
    keeper = quick(tmp_path)
    await keeper.start(Spec("picky", (sys.executable, "-c", "print('bad setting'); raise SystemExit(2)")))
    with pytest.raises(UnavailableError, match="bad setting"):
        await asyncio.wait_for(keeper.failed, 20)
    assert keeper.restarts["picky"] == 0
    await keeper.stop()


async def test_a_missing_program_is_told(tmp_path):
    """A command that does not exist is one clear line."""
    with pytest.raises(UnavailableError, match="cannot be started"):
        await Supervisor(tmp_path).start(Spec("ghost", ("/no/such/program",)))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
async def test_children_die_with_their_supervisor(tmp_path):
    """SIGKILL to the supervisor itself leaves no orphan behind."""
    script = (
        "import asyncio, pathlib, sys\n"
        "from deploy.stack.supervisor import Spec, Supervisor\n"
        "async def main():\n"
        "    keeper = Supervisor(pathlib.Path(sys.argv[1]))\n"
        "    await keeper.start(Spec('child', (sys.executable, '-c', 'import signal; signal.pause()')))\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)])  # noqa: ASYNC220 - it is over at once
    pid_file = tmp_path / "child.pid"
    await until(lambda: pid_file.exists() and pid_file.read_text().strip(), "the child to run")
    child = int(pid_file.read_text())
    parent.kill()
    parent.wait()
    await until(lambda: gone(child), "the child to be gone")


ORDERLY = """
import os, pathlib, signal, sys, time
here = pathlib.Path(os.environ["HERE"])
def stop(*_):
    with (here / "ends").open("a") as ends:
        ends.write(sys.argv[1] + "\\n")
    raise SystemExit
signal.signal(signal.SIGTERM, stop)
(here / ("up-" + sys.argv[1])).touch()
while True:
    time.sleep(60)
"""
SUPERVISING = """
import asyncio, os, pathlib, sys
from deploy.stack.supervisor import Ground, Spec, Supervisor
async def ready(): pass
async def main():
    here = pathlib.Path(os.environ["HERE"])
    keeper = Supervisor(here, grace=5)
    code = (here / "orderly.py").as_posix()
    await keeper.start(Spec("broker", (sys.executable, code, "broker"), ground=Ground(ready, here / "unsaved")))
    await keeper.start(Spec("worker", (sys.executable, code, "worker")))
    (here / "guardian").write_text(str(keeper.guard.pid))
    await asyncio.Event().wait()
asyncio.run(main())
"""


async def test_a_killed_supervisor_s_children_end_in_order(tmp_path):
    """SIGKILL to the supervisor: SIGTERM to the worker, then to the broker; nothing is left, nor is the guardian."""
    (tmp_path / "orderly.py").write_text(ORDERLY)
    env = {**os.environ, "HERE": str(tmp_path)}
    parent = subprocess.Popen([sys.executable, "-c", SUPERVISING], env=env)  # noqa: ASYNC220 - it is over at once
    names = ("guardian", "up-broker", "up-worker")
    await until(lambda: all((tmp_path / name).exists() for name in names), "all to run")
    pids = [int((tmp_path / name).read_text()) for name in ("guardian", "broker.pid", "worker.pid")]
    assert (tmp_path / "unsaved").exists()
    parent.kill()
    parent.wait()
    await until(lambda: all(gone(pid) for pid in pids), "all to be gone")
    assert (tmp_path / "ends").read_text().split() == ["worker", "broker"]
    assert not (tmp_path / "unsaved").exists()


async def test_a_guardian_that_is_killed_is_replaced(tmp_path):
    """Another one knows the same children; an orderly stop ends it too."""
    keeper = quick(tmp_path)
    await keeper.start(Spec("worker", SLEEPS))
    first = keeper.guard.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: keeper.guard.pid != first, "a second guardian")
    second = keeper.guard.pid
    assert keeper.pid("worker") is not None
    await keeper.stop()
    assert gone(second)


async def test_what_stands_on_a_broker_that_forgets_begins_anew_with_it(tmp_path):
    """The broker crashes: the worker is killed before it is back, and started when it is ready."""
    lost, ready = [], asyncio.Event()
    keeper = quick(tmp_path)

    def note_lost():
        lost.append(keeper.pid("worker"))

    ground = Ground(ready.wait, tmp_path / "unsaved", note_lost)
    await keeper.start(Spec("broker", SLEEPS, ground=ground))
    await keeper.start(Spec("worker", SLEEPS))
    broker, worker = keeper.pid("broker"), keeper.pid("worker")
    os.kill(broker, signal.SIGKILL)
    await until(lambda: keeper.pid("broker") not in (None, broker), "another broker")
    assert lost == [None]
    assert gone(worker)
    assert keeper.pid("worker") is None
    assert (tmp_path / "unsaved").exists()
    ready.set()
    await until(lambda: keeper.pid("worker") is not None, "another worker")
    await keeper.stop()
    assert not (tmp_path / "unsaved").exists()


async def test_a_run_ends_with_a_broker_that_forgets(tmp_path):
    """Where crashes are counted, as in `once`, what has lost a part of the run is not started again."""
    keeper = quick(tmp_path, give_up=5)
    await keeper.start(Spec("broker", SLEEPS, ground=Ground(asyncio.Event().wait, tmp_path / "unsaved")))
    os.kill(keeper.pid("broker"), signal.SIGKILL)
    with pytest.raises(UnavailableError, match="broker failed"):
        await asyncio.wait_for(keeper.failed, 20)
    await keeper.stop()
