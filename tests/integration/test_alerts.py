"""Each alert fires on the fault that it is for, and is silent beside it, by Prometheus's own rule engine."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

import pytest
import yaml

from tests.support import prometheus
from tests.support.stack import ROOT

ALERTS = ROOT / "deploy/prometheus/alerts.yml"


class Case(NamedTuple):
    """An alert: series with a fault, how they look without it (those that differ), and the minute to look at.

    Values are promtool's: `a+bxn` rises by b for n minutes, `axn` stays.
    """

    faulty: dict[str, str]
    sound: dict[str, str]
    minute: int


def gauge(name: str, bad: float, good: float, minute: int = 20) -> Case:
    """A gauge that stands at a bad value, or at a good one."""
    return Case({name: f"{bad}x{minute}"}, {name: f"{good}x{minute}"}, minute)


LINKS = 'winback_links_total{outcome="%s"}'
CASES = {
    "WorkerDown": gauge('up{job="sinks",instance="a"}', 0, 1),
    "NoWorkers": gauge('up{job="streams",instance="a"}', 0, 1),
    # From 0, as lost_offsets shows it from the start: a counter that began at 1 would raise nothing.
    "BrokerLostRecords": Case(
        {'winback_offsets_beyond_end_total{topic="channels.web"}': "0x5 1x10"},
        {'winback_offsets_beyond_end_total{topic="channels.web"}': "0x15"}, 8,
    ),
    "WatermarkBehind": gauge("winback_watermark_delay_seconds", 400, 90),
    "SourceHoldsTime": gauge('winback_source_delay_seconds{topic="channels.web",partition="0"}', 400, 90),
    "SourceDead": gauge('winback_source_dead{topic="channels.web",partition="0"}', 1, 0, 730),
    "DecisionsStale": Case(
        {'winback_decisions_total{campaign="c",outcome="suppressed",reason="stale"}': "0+2x60",
         'winback_decisions_total{campaign="c",outcome="sent",reason=""}': "0+10x60"},
        {'winback_decisions_total{campaign="c",outcome="suppressed",reason="stale"}': "0x60"}, 50,
    ),
    # All at once: that is what raised no alert while the series was not there before.
    "TemplatesFail": Case(
        {'winback_decisions_total{campaign="c",outcome="suppressed",reason="invalid_template"}': "0x5 500x30"},
        {'winback_decisions_total{campaign="c",outcome="suppressed",reason="invalid_template"}': "0x35"}, 20,
    ),
    "CampaignSilent": Case(
        {'winback_triggers_total{campaign="c",outcome="entered"}': "0+1x500",
         'winback_messages_total{campaign="c",channel="email"}': "0x500"},
        {'winback_messages_total{campaign="c",channel="email"}': "0+1x500"}, 480,
    ),
    "LagGrows": Case(
        {'winback_consumer_lag{topic="profile.events",partition="0"}': "0+20000x40"},
        {'winback_consumer_lag{topic="profile.events",partition="0"}': "900000-20000x40"}, 35,
    ),
    "DeadLetters": Case(
        {'winback_dead_letters_total{reason="invalid_json"}': "0+5x40",
         'winback_events_total{channel="web",outcome="accepted"}': "0+10x40"},
        {'winback_dead_letters_total{reason="invalid_json"}': "0x40"}, 35,
    ),
    "UnreadTopic": Case(
        {'winback_unread_topic{topic="channels.webb",nearest="channels.web"}': "1x10"},
        {'winback_unread_topic{topic="channels.webb",nearest="channels.web"}': "1 _x9"}, 8,
    ),
    "TooManyLateEvents": Case(
        {'winback_late_events_total{channel="app"}': "0+1x90",
         'winback_events_total{channel="app",outcome="accepted"}': "0+10x90"},
        {'winback_late_events_total{channel="app"}': "0x90"}, 80,
    ),
    "TriggersSlow": Case(
        {'winback_trigger_delay_seconds_bucket{le="300"}': "0x60",
         'winback_trigger_delay_seconds_bucket{le="900"}': "0+9x60",
         'winback_trigger_delay_seconds_bucket{le="+Inf"}': "0+9x60"},
        {'winback_trigger_delay_seconds_bucket{le="300"}': "0+9x60"}, 50,
    ),
    "SinkRetries": Case(
        {'winback_sink_retries_total{kind="transport"}': "0+60x40"},
        {'winback_sink_retries_total{kind="transport"}': "3x40"}, 35,
    ),
    "SinkBufferFull": gauge("winback_sink_buffered_rows", 600_000, 400_000),
    "SampleRatio": gauge('winback_sample_ratio_p_value{campaign="c"}', 0.0001, 0.02),
    "RunawayProfile": gauge("winback_largest_profile", 180, 40),
    "RefusedLinks": Case(
        {LINKS % "type_limit": "0x1440 0+10x100", LINKS % "merged": "0+10x1540"},
        {LINKS % "type_limit": "0x1540"}, 1510,
    ),
    "StateDamaged": gauge('winback_state_corrupt_total{instance="a"}', 1, 0),
    "ChannelDown": gauge('winback_dispatch_breaker{channel="email"}', 1, 0),
    "AudienceBehind": gauge('winback_audience_oldest_seconds{webhook="meta"}', 4_000, 600),
    "AudienceRefused": Case(
        {'winback_audience_members_total{webhook="meta",audience="a",change="remove",outcome="refused"}': "0x5 3x20"},
        {'winback_audience_members_total{webhook="meta",audience="a",change="remove",outcome="refused"}': "3x25"}, 20,
    ),
    # Somebody's wrong request beside good ones is silent; so is a provider that sends nothing.
    "CallbacksRefused": Case(
        {'winback_callbacks_total{provider="ses",outcome="unsigned"}': "0+1x40",
         'winback_callbacks_total{provider="ses",outcome="taken"}': "5x40"},
        {'winback_callbacks_total{provider="ses",outcome="taken"}': "0+2x40"}, 35,
    ),
    "CallbacksNotUnderstood": Case(
        {'winback_callback_events_total{provider="ses",result="unmapped"}': "0x5 1x20",
         'winback_callbacks_total{provider="ses",outcome="unreadable"}': "0x25"},
        {'winback_callback_events_total{provider="ses",result="unmapped"}': "1x25"}, 20,
    ),
    "CollectorBehind": gauge('winback_collect_spool_delay_seconds{instance="a"}', 90, 5),
    "CollectorRefuses": Case(
        {'winback_collect_requests_total{dialect="segment",status="503",instance="a"}': "0x5 40x10"},
        {'winback_collect_requests_total{dialect="segment",status="503",instance="a"}': "40x15"}, 8,
    ),
    "CollectorLostEvents": Case(
        {'winback_collect_lost_total{instance="a"}': "0x5 1x10"},
        {'winback_collect_lost_total{instance="a"}': "1x15"}, 8,
    ),
    # Of requests without a known key a few are strangers'.
    "UnknownWriteKeys": Case(
        {'winback_collect_requests_total{dialect="segment",status="401"}': "0+10x40",
         'winback_collect_requests_total{dialect="segment",status="200"}': "0+90x40"},
        {'winback_collect_requests_total{dialect="segment",status="401"}': "0+1x40"}, 30,
    ),
    "MessagesExpire": Case(
        {'winback_dispatch_total{channel="sms",outcome="expired"}': "0+1x90",
         'winback_dispatch_total{channel="sms",outcome="sent"}': "0+10x90"},
        {'winback_dispatch_total{channel="sms",outcome="expired"}': "0x90"}, 80,
    ),
}  # fmt: skip


def rules():
    """The alerts of the file."""
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def test_every_alert_has_a_case():
    """None is without a fault that it has been seen to fire on."""
    assert sorted(CASES) == sorted(rule["alert"] for rule in rules())


@pytest.mark.slow
def test_every_alert_fires_on_its_fault_and_on_nothing_else(tmp_path):
    """With the fault the alert fires, at most as many as the fault has; without it, it is silent."""
    tests = []
    for name, case in CASES.items():
        for series, firing in ((case.faulty, True), (case.faulty | case.sound, False)):
            firings = f'count(ALERTS{{alertname="{name}",alertstate="firing"}})'
            tests.append({
                "name": f"{name} {'fires' if firing else 'is silent'}", "interval": "1m",
                "input_series": [{"series": one, "values": values} for one, values in series.items()],
                "promql_expr_test": [{
                    "expr": firings, "eval_time": f"{case.minute}m",
                    "exp_samples": [{"labels": "{}", "value": 1}] if firing else [],
                }],
            })  # fmt: skip
    content = {"rule_files": [str(ALERTS)], "evaluation_interval": "1m", "tests": tests}
    (tmp_path / "alerts_test.yml").write_text(yaml.safe_dump(content))
    prometheus.checked(tmp_path, "test", "rules", "alerts_test.yml")


def test_prometheus_takes_the_files(tmp_path):
    """The rules and the configuration are valid for Prometheus itself, and every text of an alert can be written."""
    assert f"{len(rules())} rules" in prometheus.checked(ROOT, "check", "rules", ALERTS)
    prometheus.checked(ROOT / "deploy/prometheus", "check", "config", "--syntax-only", "prometheus.yml")


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_the_summary_names_what_it_is_about(rule):
    """A summary shows only labels that the expression keeps, so that none is empty."""
    shown = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
    assert all(label in rule["expr"] or label in ("job", "instance") for label in shown)
