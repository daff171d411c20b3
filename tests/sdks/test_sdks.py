"""A small story, told by real SDKs to the collector, comes out as events: times, identifiers, lines and values."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("sdk", ["segment", "rudderstack", "posthog"])
def test_python(tells, python_sdks, sdk):
    """SDKs of PyPI."""
    tells(f"python-{sdk}", "venv/bin/python", "story.py", sdk, cwd=python_sdks)


@pytest.mark.parametrize("sdk", ["segment", "rudderstack", "posthog", "snowplow", "rudderstack-browser"])
def test_node(tells, node_sdks, sdk):
    """SDKs of npm; Snowplow says who somebody is with each event, and has no call for it."""
    tells(f"node-{sdk}", "node", "story.mjs", sdk, cwd=node_sdks, traits=sdk != "snowplow")


@pytest.mark.parametrize("sdk", ["segment", "rudderstack"])
def test_go(tells, go_sdks, sdk):
    """SDKs of Go modules."""
    tells(f"go-{sdk}", "./story", sdk, cwd=go_sdks)


@pytest.mark.parametrize("sdk", ["segment", "rudderstack"])
def test_java(tells, java_sdks, sdk):
    """SDKs of Maven Central."""
    tells(f"java-{sdk}", "java", "-cp", "target/classes:target/lib/*", "Story", sdk, cwd=java_sdks)
