"""The page's numbers, from what processes show to Prometheus."""

from __future__ import annotations

import pytest

from deploy.page import numbers, samples
from deploy.page.samples import Look, Shown
from schemas.reasons import DeadLetterReason

WORKER = """
# HELP winback_events_total raw events read
# TYPE winback_events_total counter
winback_events_total{{channel="web",outcome="accepted"}} {web}
winback_events_total{{channel="web",outcome="dead_letter"}} 2.0
winback_events_total{{channel="app",outcome="accepted"}} {app}
winback_events_created{{channel="web",outcome="accepted"}} 1.796e+09
winback_links_total{{outcome="merged"}} 7.0
winback_decisions_total{{campaign="a",outcome="sent",reason=""}} 3.0
winback_decisions_total{{campaign="a",outcome="suppressed",reason="capped"}} 4.0
winback_dead_letters_total{{reason="invalid_json"}} 2.0
winback_dead_letters_total{{reason="no_identifier"}} 5.0
winback_dead_letters_total{{reason="too_large"}} 0.0
winback_carts{{state="open"}} 11.0
winback_carts{{state="abandoned"}} 4.0
winback_consumer_lag{{topic="channels.web",partition="0"}} 30.0
winback_consumer_lag{{topic="channels.app",partition="1"}} 12.0
winback_consumer_lag{{topic="profile.events",partition="0"}} 6.0
winback_consumer_lag{{topic="identity.links",partition="0"}} 1.0
winback_pending_merges 2.0
winback_watermark_delay_seconds {delay}
process_start_time_seconds 1.7960e+09
process_cpu_seconds_total {cpu}
process_resident_memory_bytes 1.5e+08
not_ours_total 9.0
"""
SINKS = """
winback_sink_rows_total{table="events"} 100.0
winback_sink_rows_total{table="decisions"} 7.0
winback_consumer_lag{topic="stitched.events",partition="0"} 9.0
process_cpu_seconds_total 5.0
"""


def worker(at: float, *, web: float = 100, app: float = 0, delay: float = 30, cpu: float = 1, more: str = "") -> Shown:
    """A worker that has read so many events, as it shows itself at a time."""
    text = WORKER.format(web=web, app=app, delay=delay, cpu=cpu) + more
    return Shown("streams-1", "127.0.0.1:9464", at, samples.read(text), 0)


def sinks(at: float) -> Shown:
    """A sink process."""
    return Shown("sinks", "127.0.0.1:9465", at, samples.read(SINKS), 2)


def test_only_what_the_page_wants_is_read() -> None:
    """Metrics of no use and the times at which counters were made are passed over."""
    found = samples.read(WORKER.format(web=1, app=1, delay=0, cpu=0))
    assert set(found) <= set(samples.WANTED)
    assert [sample.value for sample in found["winback_events_total"]] == [1.0, 2.0, 1.0]


def test_events_a_second_by_channel() -> None:
    """Growth over time by channel, the busiest first, with all outcomes in the totals."""
    looks = [Look(at, (worker(at, web=100 + 10 * at, app=at),)) for at in (0.0, 2.0, 10.0)]
    part = numbers.events(looks)
    assert part["per_second"] == 11.0
    assert part["seconds"] == 10
    assert part["channels"] == [
        {"channel": "web", "per_second": 10.0, "total": 202},
        {"channel": "app", "per_second": 1.0, "total": 10},
    ]
    assert numbers.events_a_second(looks[:2]) == 11.0


def test_a_rate_counts_a_process_that_was_started_again_from_nothing() -> None:
    """A counter that went back is a new process: its events count from 0; one not seen before counts nothing."""
    looks = [Look(0.0, (worker(0.0, web=1_000),)), Look(10.0, (worker(10.0, web=50),))]
    assert numbers.rate(looks, "channel", "winback_events_total")["web"] == 5.0
    assert numbers.rate([Look(0.0, ()), looks[1]], "channel", "winback_events_total") == {}
    assert numbers.rate(looks[:1], "channel", "winback_events_total") == {}


def test_a_process_that_does_not_answer_adds_nothing() -> None:
    """Rates and the flow are of those that answer; the process is shown as down, and said so."""
    gone = Shown("sinks", "127.0.0.1:9465", 10.0, None, 3)
    looks = [Look(0.0, (worker(0.0), sinks(0.0))), Look(10.0, (worker(10.0), gone))]
    assert numbers.events(looks)["per_second"] == 0
    down = numbers.processes(looks)[1]
    assert (down["up"], down["restarts"], down["lag"], down["processor"]) == (False, 3, None, None)
    told = numbers.problems({"processes": numbers.processes(looks), "time": held(looks[-1]), "asked": {}})
    assert told == ["sinks does not answer at 127.0.0.1:9465."]
    broker = Look(0.0, (worker(0.0), Shown("kafka", "", 0.0, None, 1), Shown("page", "", 0.0, {}, 0)))
    assert [process["up"] for process in numbers.processes([broker])] == [True, False, True]
    told = numbers.problems({"processes": numbers.processes([broker]), "time": held(broker), "asked": {}})
    assert told == ["kafka does not run."]


def held(look: Look, lateness: float = 30) -> numbers.Part:
    """Where time is held."""
    return numbers.time_held(look, lateness)


def test_the_flow_says_what_each_stage_did_and_what_waits_before_it() -> None:
    """Raw topics, links and profiles each wait before their stage; no dispatcher runs, so none is shown."""
    assert [tuple(stage.values()) for stage in numbers.flow(Look(0.0, (worker(0.0), sinks(0.0))))] == [
        ("raw topics", "records not read yet", 42, None),
        ("ingest", "events read", 102, 42),
        ("identify", "links of identifiers", 7, 1),
        ("journey", "decisions", 7, 6),
        ("sinks", "rows written to ClickHouse", 107, 9),
    ]
    dispatcher = 'winback_dispatch_waiting 2.0\nwinback_dispatch_total{channel="sms",outcome="sent"} 4.0\n'
    dispatcher += 'winback_consumer_lag{topic="retargeting.messages",partition="0"} 3.0\n'
    sends = Shown("dispatch", "127.0.0.1:9466", 0.0, samples.read(dispatcher))
    assert numbers.flow(Look(0.0, (worker(0.0), sinks(0.0), sends)))[-1] == {
        "stage": "dispatch", "what": "messages handed on", "count": 4, "waiting": 5,
    }  # fmt: skip


def test_time_that_is_held_names_its_source_and_since_when() -> None:
    """Behind by more than a quiet system is, the holder is told with the time up to which it was read."""
    holder = 'winback_source_delay_seconds{topic="channels.pos",partition="3"} 600\n'
    holder += 'winback_source_dead{topic="channels.tv",partition="0"} 1\n'
    look = Look(1_800_000_000.0, (worker(0.0, delay=600, more=holder), worker(0.0, delay=0)))
    time = held(look)
    assert time["held"]
    assert time["reached"] == "2027-01-15T07:50:00Z"
    assert time["holder"] == {"topic": "channels.pos", "partition": "3", "since": "2027-01-15T07:50:00Z"}
    assert time["dead"] == ["channels.tv:0"]
    assert time["pending_merges"] == 4
    assert numbers.problems({"processes": numbers.processes([look]), "time": time, "asked": {}}) == [
        "Time is held by channels.pos, partition 3, which has been read up to 2027-01-15T07:50:00Z."
    ]


@pytest.mark.parametrize(("delay", "held_up"), [(30, False), (104, False), (106, True)])
def test_a_quiet_system_does_not_hold_time(delay: float, held_up: bool) -> None:
    """While nothing comes in, the clock is reported once a minute: that is no fault."""
    assert held(Look(1e9, (worker(0.0, delay=delay),)))["held"] is held_up


def test_a_source_of_which_nothing_was_read_has_no_time() -> None:
    """Infinity is no JSON: such a source is told without a time."""
    holder = 'winback_source_delay_seconds{topic="channels.pos",partition="0"} +Inf\n'
    look = Look(1e9, (worker(0.0, delay=500, more=holder),))
    assert held(look)["holder"]["since"] is None
    told = numbers.problems({"processes": numbers.processes([look]), "time": held(look), "asked": {}})
    assert told == ["Time is held by channels.pos, partition 0, which has not been read at all."]


def test_carts_decisions_and_dead_letters() -> None:
    """Gauges and counters by label; reasons that did not occur are left out, the others are explained."""
    look = Look(0.0, (worker(0.0),))
    assert numbers.carts(look) == {"abandoned": 4, "open": 11}
    assert numbers.outcomes(look) == {"decided": {"sent": 3, "suppressed": 4}, "delivered": []}
    assert [(row["reason"], row["count"]) for row in numbers.dead_letters(look)] == [
        ("no_identifier", 5), ("invalid_json", 2),
    ]  # fmt: skip
    assert all(row["why"] for row in numbers.dead_letters(look))


def test_every_reason_of_dead_letters_is_explained() -> None:
    """The page has words for each reason there is."""
    assert set(numbers.REASONS) == {reason.value for reason in DeadLetterReason}


def test_processes_show_memory_lag_and_processor() -> None:
    """The share of a processor is what was used between two times at which the process itself was asked."""
    looks = [Look(0.0, (worker(0.0, cpu=1.0), sinks(0.0))), Look(10.0, (worker(10.0, cpu=3.5), sinks(0.0)))]
    first, second = numbers.processes(looks)
    assert first == {
        "name": "streams-1", "address": "127.0.0.1:9464", "up": True, "since": "2026-11-30T00:53:20Z", "restarts": 0,
        "lag": 49, "memory": 150_000_000, "processor": 0.25,
    }  # fmt: skip
    assert (second["processor"], second["restarts"], second["lag"]) == (None, 2, 9)


def test_tables_of_what_strangers_name_are_bounded() -> None:
    """However many channels and reasons there are, a table has no more than so many rows."""
    more = "".join(f'winback_events_total{{channel="c{n}",outcome="accepted"}} {n}\n' for n in range(500))
    more += "".join(f'winback_dead_letters_total{{reason="r{n}"}} {n}\n' for n in range(500))
    look = Look(0.0, (worker(0.0, more=more),))
    assert len(numbers.events([look])["channels"]) == numbers.MOST_ROWS
    assert len(numbers.dead_letters(look)) == numbers.MOST_ROWS


def test_nobody_to_ask_is_a_problem() -> None:
    """Without any process the page says what to do."""
    told = numbers.problems({"processes": [], "time": held(Look(0.0)), "asked": {"carts": {"error": "gone"}}})
    assert told == [
        "No process is known: start `winback up`, or set WINBACK_PAGE_PROCESSES.",
        "ClickHouse did not tell of carts: gone",
    ]
