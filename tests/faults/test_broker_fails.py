"""The broker killed, restarted, frozen and slow while events flow: work stops, goes on, and comes to the same."""

from __future__ import annotations

import threading


def test_a_broker_that_crashes(run, broker):
    """SIGKILL to the broker, and a start on the same data a moment later."""
    running = run()
    running.feeder.reached(0.5)
    broker.kill()
    broker.start()
    running.ends_well()


def test_a_broker_that_is_restarted_twice(run, broker):
    """Two orderly restarts, as an upgrade does them."""
    running = run(workers=2)
    for share in (0.3, 0.6):
        running.feeder.reached(share)
        broker.stop()
        broker.start()
    running.ends_well()


def test_a_broker_that_freezes(run, broker):
    """SIGSTOP for longer than a session lasts, then SIGCONT: silence on every connection loses nothing."""
    running = run()
    running.feeder.reached(0.5)
    broker.pause()
    threading.Event().wait(15)  # longer than the session timeout: this wait is the fault itself
    broker.resume()
    running.ends_well()


def test_a_broker_that_is_slow(run, broker):
    """A broker that runs a third of the time only, from the first event to the last: late, and nothing else."""
    running = run()
    waiting = threading.Event()
    while running.feeder.written < len(running.lines):
        broker.pause()
        waiting.wait(0.4)  # the waits are the fault itself
        broker.resume()
        waiting.wait(0.2)
    running.ends_well()
