"""Processes killed, frozen and added while events flow: every output is the same as if nothing had happened."""

from __future__ import annotations

import os
import signal
import subprocess

from tests.support.stack import ROOT, WINBACK, environment, wait_for


def test_workers_killed_again_and_again(run):
    """SIGKILL to one of two workers three times, at different moments of the input."""
    running = run(workers=2)
    for share, victim in ((0.25, "streams-1"), (0.5, "streams-2"), (0.75, "streams-1")):
        running.feeder.reached(share)
        first = running.once.kill(victim)
        wait_for(lambda v=victim, pid=first: running.once.pid(v) != pid, "another worker", alive=running.once.process)
    running.ends_well()
    assert running.once.said.read_text().count("was killed by SIGKILL") == 3


def test_both_workers_and_the_sink_killed_at_once(run):
    """Everything but the broker dies in the same moment."""
    running = run(workers=2)
    running.feeder.reached(0.5)
    for victim in ("streams-1", "streams-2", "sinks"):
        running.once.kill(victim)
    running.ends_well()


def test_a_frozen_worker_that_comes_back(run):
    """SIGSTOP until another worker has its partitions, then SIGCONT: the zombie writes nothing that counts."""
    running = run(workers=2)
    running.feeder.reached(0.3)
    frozen = running.once.pid("streams-1")
    os.kill(frozen, signal.SIGSTOP)
    try:
        taken = restored_by(running.once, "streams-2")
        wait_for(lambda: restored_by(running.once, "streams-2") >= taken + 4, "the other worker to take over")
    finally:
        os.kill(frozen, signal.SIGCONT)
    running.ends_well()


def test_members_come_and_go_under_load(run):
    """Two more workers join in the middle, one after the other, and leave: each change moves partitions."""
    running = run(workers=1)
    settings = {
        "WINBACK_KAFKA": running.once.address("Kafka"), "WINBACK_GROUP": running.once.address("group"),
        "WINBACK_CLOCK": "event", "WINBACK_METRICS": "",
    }  # fmt: skip
    guests = []
    try:
        for name, share in (("guest-1", 0.2), ("guest-2", 0.4)):
            running.feeder.reached(share)
            guests.append(Guest(running.once, name, settings))
            wait_for(lambda one=guests[-1]: b"restored" in one.log.read_bytes(), "a place in the group")
        for guest in guests:
            guest.process.terminate()
            assert guest.process.wait(60) == 0, guest.log.read_text()
    finally:
        for guest in guests:
            guest.process.kill()
            guest.process.wait()
    running.ends_well()


class Guest:
    """A worker that the stack knows nothing of."""

    def __init__(self, once, name, settings):
        self.log = once.folder / "logs" / f"{name}.log"
        env = environment(**settings, WINBACK_STATE_DIR=str(once.folder / "state" / name))
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*WINBACK, "streams"], cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )


def restored_by(once, worker):
    """How many partitions of journey a worker has restored so far, by its own log."""
    lines = (once.folder / "logs" / f"{worker}.log").read_bytes().splitlines()
    return sum(b"restored" in line and b"agent=journey" in line for line in lines)
