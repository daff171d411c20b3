"""The parts of the page that come from metrics: events a second, the flow, time, carts, dead letters, processes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from deploy.page.samples import Look, Shown

Part = dict[str, Any]

CALM_SECONDS: Final = 75.0
"""What the watermark may be behind beyond the allowed lateness: a quiet system reports the clock once a minute."""
MOST_ROWS: Final = 50
"""Rows of one table at most: what a stranger can name without end must not make the page grow without end."""
REASONS: Final = {
    "invalid_json": "not JSON",
    "not_an_object": "JSON, but not an object",
    "invalid_utf8": "not UTF-8 text",
    "unknown_type": "a type of call that is not known",
    "missing_event_name": "a track call without an event name",
    "no_identifier": "nothing in it says whose it is",
    "invalid_timestamp": "its time cannot be read",
    "too_large": "too large",
    "invalid_value": "a value that cannot be, such as an amount that is no number",
    "internal_error": "a fault of ours: the log of the worker says where",
}
"""Reasons of dead letters in words."""


def events(looks: Sequence[Look]) -> Part:
    """Events a second by channel from the first to the last of some `looks`, and their totals; the busiest first."""
    metric, last = "winback_events_total", looks[-1]
    total = last.by(metric, "channel")
    rates = rate(looks, "channel", metric)
    rows: list[Part] = [
        {"channel": channel, "per_second": _rounded(rates.get(channel, 0.0)), "total": int(count)}
        for channel, count in total.items()
        if count
    ]
    rows.sort(key=lambda row: (-row["per_second"], -row["total"], row["channel"]))
    seconds = last.at - looks[0].at
    return {
        "per_second": _rounded(sum(rates.values())),
        "seconds": round(seconds),
        "channels": rows[:MOST_ROWS],
    }


def events_a_second(looks: Sequence[Look]) -> float:
    """How many events a second came in on all channels, between the first and the last of some `looks`."""
    return _rounded(sum(rate(looks, "channel", "winback_events_total").values()))


def rate(looks: Sequence[Look], label: str, metric: str) -> dict[str, float]:
    """How much a counter (`metric`) has grown a second, by `label`, from the first to the last of some `looks`.

    Each process counts for itself: one that was started again counts from 0, one that was not seen before not at all.
    """
    before, after = looks[0], looks[-1]
    seconds = after.at - before.at
    if seconds <= 0:
        return {}
    earlier = {process.name: process for process in before.processes if process.by_metric is not None}
    grown: dict[str, float] = {}
    for process in after.processes:
        if process.by_metric is None or process.name not in earlier:
            continue
        was = {_key(one.labels): one.value for one in earlier[process.name].values(metric)}
        for one in process.values(metric):
            then = was.get(_key(one.labels), 0.0)
            more = one.value - then if one.value >= then else one.value
            name = one.labels.get(label, "")
            grown[name] = grown.get(name, 0.0) + more / seconds
    return grown


def flow(look: Look) -> list[Part]:
    """The stages from raw topics to delivery: how many each has done since it was started, and what waits before it.

    Of the raw topics the count is what waits in them.
    """
    lag = look.by("winback_consumer_lag", "topic")
    raw = sum(count for topic, count in lag.items() if topic.startswith("channels."))
    links, profiles = lag.get("identity.links", 0), lag.get("profile.events", 0)
    sinks = _lag_of(look, "winback_sink_rows_total")
    dispatch = any(process.number("winback_dispatch_waiting") is not None for process in look.processes)
    decided = look.by("winback_decisions_total", "outcome")
    stages: list[tuple[str, str, float, float | None]] = [
        ("raw topics", "records not read yet", raw, None),
        ("ingest", "events read", look.total("winback_events_total"), raw),
        ("identify", "links of identifiers", look.total("winback_links_total"), links),
        ("journey", "decisions", sum(decided.values()), profiles),
        ("sinks", "rows written to ClickHouse", look.total("winback_sink_rows_total"), sinks),
    ]
    if dispatch:
        waiting = _lag_of(look, "winback_dispatch_waiting") + look.total("winback_dispatch_waiting")
        stages.append(("dispatch", "messages handed on", look.total("winback_dispatch_total"), waiting))
    return [
        {"stage": stage, "what": what, "count": int(count), "waiting": None if waiting is None else int(waiting)}
        for stage, what, count, waiting in stages
    ]


def time_held(look: Look, lateness: float) -> Part:
    """How far time has come, and what it waits for; `lateness` is the allowed one, in seconds.

    `held` says whether the watermark is farther behind than a quiet system is; `holder` is the source that is behind
    all others, with the time up to which it has been read (None: nothing of it has been).
    """
    behind = max((sample.value for sample in look.samples("winback_watermark_delay_seconds")), default=0.0)
    holders = [
        {
            "topic": sample.labels.get("topic", ""),
            "partition": sample.labels.get("partition", ""),
            "since": None if math.isinf(sample.value) else moment(look.at - sample.value),
        }
        for sample in look.samples("winback_source_delay_seconds")
    ]
    dead = sorted(
        f"{sample.labels.get('topic', '')}:{sample.labels.get('partition', '')}"
        for sample in look.samples("winback_source_dead")
        if sample.value
    )
    return {
        "reached": moment(look.at - behind) if behind else None,
        "behind": round(behind),
        "held": behind > lateness + CALM_SECONDS,
        "holder": holders[0] if holders else None,
        "dead": dead[:MOST_ROWS],
        "pending_merges": int(look.total("winback_pending_merges")),
    }


def carts(look: Look) -> Part:
    """Carts that stand now, by state."""
    return {state: int(count) for state, count in sorted(look.by("winback_carts", "state").items())}


def dead_letters(look: Look) -> list[Part]:
    """Records that could not be read since the workers were started, by reason, the most first."""
    found = look.by("winback_dead_letters_total", "reason")
    rows: list[Part] = [
        {"reason": reason, "why": REASONS.get(reason, ""), "count": int(count)}
        for reason, count in found.items() if count
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-row["count"], row["reason"]))[:MOST_ROWS]


def outcomes(look: Look) -> Part:
    """Decisions by outcome, and deliveries by channel and outcome, since the processes were started."""
    delivered = sorted(
        (sample.labels.get("channel", ""), -int(sample.value), sample.labels.get("outcome", ""))
        for sample in look.samples("winback_dispatch_total") if sample.value
    )  # fmt: skip
    decided = look.by("winback_decisions_total", "outcome")
    return {"decided": {name: int(n) for name, n in sorted(decided.items()) if n}, "delivered": [
        {"channel": channel, "outcome": outcome, "count": -less} for channel, less, outcome in delivered[:MOST_ROWS]
    ]}  # fmt: skip


def processes(looks: Sequence[Look]) -> list[Part]:
    """How each process is: whether it answers, since when it runs, restarts, lag, memory (bytes), processor (of 1)."""
    before = {process.name: process for process in looks[0].processes}
    return [_process(process, before.get(process.name)) for process in looks[-1].processes]


def _process(process: Shown, before: Shown | None) -> Part:
    begun, memory = process.number("process_start_time_seconds"), process.number("process_resident_memory_bytes")
    used = process.number("process_cpu_seconds_total")
    earlier = before.number("process_cpu_seconds_total") if before else None
    seconds, share = process.at - before.at if before else 0.0, None
    if used is not None and earlier is not None and seconds > 0 and used >= earlier:
        share = round((used - earlier) / seconds, 3)
    lag = process.number("winback_consumer_lag")
    return {
        "name": process.name,
        "address": process.address,
        "up": process.by_metric is not None,
        "since": moment(begun) if begun else None,
        "restarts": process.restarts,
        "lag": None if lag is None else int(lag),
        "memory": None if memory is None else int(memory),
        "processor": share,
    }


def problems(state: Part) -> list[str]:
    """A sentence for each thing that somebody should look at, of the page's whole `state`."""
    return list(_problems(state))


def _problems(state: Part) -> Iterator[str]:
    if not state["processes"]:
        yield "No process is known: start `winback up`, or set WINBACK_PAGE_PROCESSES."
    for process in state["processes"]:
        if not process["up"]:
            at = f"answer at {process['address']}" if process["address"] else "run"
            yield f"{process['name']} does not {at}."
    time = state["time"]
    if time["held"] and (holder := time["holder"]):
        read = f"has been read up to {holder['since']}" if holder["since"] else "has not been read at all"
        yield f"Time is held by {holder['topic']}, partition {holder['partition']}, which {read}."
    elif time["held"]:
        yield f"Time is {time['behind']} seconds behind."
    for name, answer in state["asked"].items():
        if answer["error"]:
            yield f"ClickHouse did not tell of {name}: {answer['error']}"


def moment(seconds: float) -> str:
    """The time `seconds` after 1970 (UTC) in ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _lag_of(look: Look, metric: str) -> float:
    """What waits in the topics of the processes that show a `metric`."""
    return sum(
        process.number("winback_consumer_lag") or 0.0
        for process in look.processes if process.number(metric) is not None
    )  # fmt: skip


def _key(labels: Any) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


def _rounded(value: float) -> float:
    return round(value, 1) if value >= 0.05 else round(value, 2)
