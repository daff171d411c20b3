"""What a page names by its path is there: files, and the functions and classes in them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TOPS = ("schemas", "infra", "streams", "sinks", "analysis", "collector", "deploy", "tests", "docs", ".ci")
PLACE = re.compile(
    rf"`(?P<path>(?:{'|'.join(map(re.escape, TOPS))})/[\w./-]*)(?::(?P<name>[\w.]+))?`(?P<more>(?:, `[\w.]+`)*)"
)


def defined(path: Path) -> set[str]:
    """Every name that a file of Python defines: functions, classes, constants, and members as `Class.member`."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.ClassDef(name=name, body=body):
                members = (n.name for n in body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
                found |= {name, *(f"{name}.{member}" for member in members)}
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
    return found


def missing(text: str) -> list[str]:
    """The places that a text names and that are not there."""
    found = []
    for place in PLACE.finditer(text):
        path = ROOT / place["path"]
        if not path.exists():
            found.append(place["path"])
        elif place["name"]:
            owner = place["name"].rpartition(".")[0]
            others = [f"{owner}.{name}".strip(".") for name in re.findall(r"`([\w.]+)`", place["more"])]
            found += [f"{place['path']}:{name}" for name in [place["name"], *others] if name not in defined(path)]
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_places_exist(page):
    """Each `path` and `path:function` of a page is in the repository."""
    assert missing(page.read_text()) == []


def test_readme_says_where_four_things_are():
    """README names the files that a newcomer asks for first."""
    readme = (ROOT / "README.md").read_text()
    for row in (
        r"refuses the link.*`streams/core/identity/graph\.py:",
        r"quiet hours defers.*`streams/core/messaging/",
        r"late order takes back.*`streams/core/messaging/",
        r"What the tasks send one another.*`streams/core/protocol/link_log\.py`",
    ):
        assert re.search(row, readme), row


def test_a_place_that_is_gone_is_found():
    """A path, a function or a method that does not exist is reported; a second name is of the first's class."""
    assert missing("`streams/app.py:build`, `schemas/`") == []
    assert missing("`streams/gone.py`") == ["streams/gone.py"]
    assert missing("`streams/app.py:gone`") == ["streams/app.py:gone"]
    assert missing("`schemas/events.py:Reader.read`, `gone`") == ["schemas/events.py:Reader.gone"]


def test_every_decision_is_in_the_index():
    """docs/adr/index.md lists each decision once; their numbers are consecutive and their pages have the four parts."""
    pages = sorted((ROOT / "docs/adr").glob("0*.md"))
    listed = re.findall(
        r"^- \[(\d{4})\]\((\S+)\) (.+) \((\d{4}-\d\d-\d\d)\)$", (ROOT / "docs/adr/index.md").read_text(), re.MULTILINE
    )
    assert sorted(file for _, file, _, _ in listed) == [page.name for page in pages]
    assert [page.name[:4] for page in pages] == [f"{n:04}" for n in range(1, len(pages) + 1)]
    for number, file, title, date in listed:
        text = (ROOT / "docs/adr" / file).read_text()
        assert text.startswith(f"# {number}. {title}\n\n{date}, accepted.\n")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Options", "Decision", "Consequences"]
