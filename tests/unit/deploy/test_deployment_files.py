"""Files that nothing here runs are still held against what they must fit: schemas, metrics, views, settings."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml
from prometheus_client import CollectorRegistry

from collector import metrics as collect
from collector.api.routes import ApiMetrics
from collector.callbacks.metrics import CallbackMetrics
from schemas import variables
from sinks.clickhouse import metrics as sinks
from sinks.dispatch import metrics as dispatch
from streams import metrics as streams

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
PODS = ("Deployment", "StatefulSet", "Job")
SUFFIXES = r"(?:_bucket|_sum|_count|_total)?"


def vendor_schema(name):
    """A JSON schema as the check-jsonschema package ships it."""
    return json.loads(files("check_jsonschema").joinpath("builtin_schemas", "vendor", f"{name}.json").read_text())


def documents(path):
    """All YAML documents of a file."""
    return list(yaml.safe_load_all(path.read_text()))


def compose():
    """The compose file, with YAML's merges done."""
    [content] = documents(ROOT / "docker-compose.yml")
    return content


@pytest.fixture(scope="module")
def metric_labels():
    """Every series that the processes offer, and the labels it has, by their registries."""
    found = {}
    http_in = CollectorRegistry()
    CallbackMetrics(http_in)
    ApiMetrics(http_in)
    for registry in (streams.REGISTRY, sinks.REGISTRY, dispatch.REGISTRY, collect.REGISTRY, http_in):
        for collector in registry._collector_to_names:
            for metric in collector.describe() if hasattr(collector, "_labelnames") else ():
                histogram = {"le"} if metric.type == "histogram" else set()
                found.setdefault(metric.name, set()).update(collector._labelnames, histogram)
    return found


def asked_of(metric_labels, expression):
    """The metrics of a PromQL expression: (name, labels that are matched)."""
    for name, matchers in re.findall(r"\b(winback_[a-z_]+)(?:{([^}]*)})?", expression):
        [base] = [known for known in metric_labels if re.fullmatch(known + SUFFIXES, name)] or [name]
        yield base, set(re.findall(r"(\w+)\s*(?:=~|!=|=|!~)", matchers))


def test_compose_file_fits_the_compose_specification():
    """docker-compose.yml is valid by the specification's own schema."""
    schema = vendor_schema("compose-spec")
    jsonschema.Draft7Validator(schema).validate(compose())


@pytest.mark.parametrize("path", sorted((ROOT / ".github/workflows").glob("*.yml")), ids=lambda p: p.name)
def test_workflows_fit_githubs_schema(path):
    """Each workflow is valid by GitHub's schema."""
    [content] = documents(path)
    content["on"] = content.pop(True)  # YAML 1.1 reads a plain `on` as yes
    jsonschema.validate(content, vendor_schema("github-workflows"))


def test_ci_has_one_list_of_suites():
    """CI runs what a person runs: the workflow names no suite but through .ci/run, and each one is a make target."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    workflow = (ROOT / ".github/workflows/ci.yml").read_text()
    run = (ROOT / ".ci/run").read_text()
    matrix = json.loads(subprocess.check_output([ROOT / ".ci/run", "--matrix"], text=True))
    found = re.findall(r"^(quick|slow|alone)=\(([a-z -]+)\)", run, re.MULTILINE)
    lists = {name: suites.split() for name, suites in found}
    assert {"test", "run", "simulation", "kafka", "faults", "bench"} <= {s for suites in lists.values() for s in suites}
    assert matrix == lists["slow"] + lists["alone"]
    assert set(matrix) | set(lists["quick"]) <= targets
    assert "make " not in workflow
    assert re.findall(r"\.ci/run ([^\n)]+)", workflow) == [" ".join(lists["quick"]), "--matrix", "${{ matrix.suite }}"]


def test_workflow_runs_the_versions_that_the_package_names():
    """The Pythons of the workflow are those of the package's classifiers."""
    named = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text())
    [content] = documents(ROOT / ".github/workflows/ci.yml")
    assert content["jobs"]["quick"]["strategy"]["matrix"]["python"] == named


def test_compose_publishes_ports_on_this_machine_only():
    """No service is reachable from outside by default."""
    for name, service in compose()["services"].items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), f"{name} publishes {port}"


def test_compose_holds_no_secret():
    """Passwords and the hash key come from the environment, and a missing one stops the start."""
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("WINBACK_SECRET", "CLICKHOUSE_PASSWORD", "GRAFANA_PASSWORD"):
        assert f"${{{name}:?" in text


def test_every_service_restarts_and_is_checked():
    """Each service has a restart policy, and a health check unless it runs once."""
    for name, service in compose()["services"].items():
        assert service["restart"] in ("unless-stopped", "on-failure:5"), name
        assert "test" in service["healthcheck"] or name == "setup", name


def test_containers_use_settings_that_exist():
    """Every WINBACK_ variable of the containers and manifests is one that the settings know."""
    known = {*variables.known(), *variables.OTHERS}
    places = [ROOT / "docker-compose.yml", DEPLOY / "docker/Dockerfile", *(DEPLOY / "k8s").rglob("*.yaml")]
    for path in places:
        assert set(re.findall(r"\bWINBACK_[A-Z_]+\b", path.read_text())) <= known, path.name


def expressions():
    """Every PromQL expression of the alerts and of the dashboards, with where it stands."""
    [content] = documents(DEPLOY / "prometheus/alerts.yml")
    for rule in content["groups"][0]["rules"]:
        yield rule["alert"], rule["expr"]
    for path in sorted((DEPLOY / "grafana/dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                if "expr" in target:
                    yield f"{path.stem}: {panel['title']}", target["expr"]


@pytest.mark.parametrize(("where", "expression"), list(expressions()), ids=lambda value: value[:30])
def test_alerts_and_panels_ask_for_metrics_and_labels_that_exist(metric_labels, where, expression):
    """No alert and no panel watches a metric that nobody offers, or sorts by a label that it does not have."""
    asked = list(asked_of(metric_labels, expression))
    assert asked or re.search(r"\bup\{", expression)
    have = {"job", "instance"}
    for name, matched in asked:
        assert name in metric_labels, where
        assert matched <= metric_labels[name] | {"job", "instance"}, where
        have |= metric_labels[name]
    for by in re.findall(r"\bby \(([^)]*)\)", expression):
        assert set(re.findall(r"\w+", by)) <= have, where


def test_metrics_that_texts_name_exist(metric_labels):
    """What the alerts tell people to look at is there, and so is every metric in the operators' page."""
    for path in (DEPLOY / "prometheus/alerts.yml", ROOT / "docs/operators.md", RUNBOOK):
        named = set(re.findall(r"\bwinback_[a-z_]+[a-z]\b", path.read_text())) - {
            "winback_trigger_delay_seconds_bucket",
            "winback_admin",  # ClickHouse's user, no metric
        }
        assert not {name for name in named if not any(re.fullmatch(k + SUFFIXES, name) for k in metric_labels)}, (
            path.name
        )


def test_panels_do_not_overlap():
    """Each panel has a place and a number of its own."""
    for path in sorted((DEPLOY / "grafana/dashboards").glob("*.json")):
        panels = json.loads(path.read_text())["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels), path.name
        cells = [
            (x, y)
            for panel in panels
            for place in [panel["gridPos"]]
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        assert len(set(cells)) == len(cells), path.name


def test_every_process_is_scraped():
    """Prometheus looks at each service of the compose file that serves metrics, under its name; alerts use these."""
    [content] = documents(DEPLOY / "prometheus/prometheus.yml")
    scraped = {job["job_name"]: job["dns_sd_configs"][0]["names"] for job in content["scrape_configs"]}
    assert scraped == {name: [name] for name in ("streams", "sinks", "dispatch", "collect")}
    assert scraped.keys() <= compose()["services"].keys()
    named = set(re.findall(r'job=~?"([a-z|]+)"', (DEPLOY / "prometheus/alerts.yml").read_text()))
    assert {job for one in named for job in one.split("|")} <= scraped.keys()


def test_every_alert_says_what_to_do():
    """An alert has a severity, waits before it fires, and names an action."""
    [content] = documents(DEPLOY / "prometheus/alerts.yml")
    for rule in content["groups"][0]["rules"]:
        assert rule["labels"]["severity"] in ("page", "warn")
        assert rule["for"]
        assert rule["annotations"]["action"].endswith(".")


RUNBOOK = ROOT / "docs/runbook.md"
SAID = ("Means", "Causes", "Look", "Mend", "Wake somebody")


def test_every_alert_links_to_its_section_of_the_runbook():
    """Meaning, likely causes, how to look and to mend, when to wake somebody; no section is left over."""
    [content] = documents(DEPLOY / "prometheus/alerts.yml")
    parts = re.split(r"^### (\w+)\n", RUNBOOK.read_text(), flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    alerts = [rule["alert"] for rule in content["groups"][0]["rules"]]
    assert sorted(sections) == sorted(alerts)
    for rule in content["groups"][0]["rules"]:
        assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{rule['alert'].lower()}"
        assert tuple(re.findall(r"^- \*\*([\w ]+):\*\*", sections[rule["alert"]], re.MULTILINE)) == SAID, rule["alert"]


def test_commands_of_the_runbook_exist():
    """Each `winback` command that the runbook or an alert names is one."""
    from deploy.cli.main import app  # noqa: PLC0415 - imported for this test alone

    names = {command.name or command.callback.__name__ for command in app.registered_commands}
    names |= {group.name for group in app.registered_groups}
    told = RUNBOOK.read_text() + (DEPLOY / "prometheus/alerts.yml").read_text()
    asked = set(re.findall(r"`winback (\w+)", told))
    assert len(asked) > 8
    assert asked <= names


def test_dashboards_ask_for_tables_and_views_that_exist():
    """Each SQL panel reads a view or a table that the migrations make."""
    sql = ROOT / "sinks/clickhouse/sql"
    views = {path.stem for path in sql.glob("views/*.sql")}
    tables = set(re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", "".join(p.read_text() for p in sql.rglob("*.sql"))))
    asked = set(re.findall(r"winback\.(\w+)", (DEPLOY / "grafana/dashboards/business.json").read_text()))
    assert asked
    assert asked <= views | tables


@pytest.mark.parametrize("path", sorted((DEPLOY / "k8s").rglob("*.yaml")), ids=lambda p: p.name)
def test_manifests_are_well_formed(path):
    """Each manifest names its kind; pods run without root and without more rights than they need."""
    for document in documents(path):
        assert {"apiVersion", "kind"} <= document.keys()
        template = document.get("spec", {}).get("template") if document["kind"] in PODS else None
        if template:
            assert template["spec"]["securityContext"]["runAsNonRoot"] is True
            for container in template["spec"]["containers"]:
                assert container["securityContext"]["allowPrivilegeEscalation"] is False
                assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize(("folder", "base"), [("k8s", set()), ("k8s/delivery", {".."}), ("k8s/collect", {".."})])
def test_manifests_are_all_in_the_kustomization(folder, base):
    """`kubectl apply -k` takes every manifest of its folder; delivery is added to all the rest."""
    [content] = documents(DEPLOY / folder / "kustomization.yaml")
    there = {path.name for path in (DEPLOY / folder).glob("*.yaml")} - {"kustomization.yaml"}
    assert set(content["resources"]) == base | there


def test_pins_cover_what_the_project_needs():
    """constraints.txt pins every direct dependency, and nothing else than versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [d for extra in project["optional-dependencies"].values() for d in extra]
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[\w.-]+==[\w.+!-]+", pin) for pin in pins)
    pinned = {re.sub(r"[-_.]+", "-", pin.split("==")[0]).lower() for pin in pins}
    missing = {re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", one)[0]).lower() for one in wanted} - pinned
    assert not missing
