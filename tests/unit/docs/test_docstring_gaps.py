"""The counter of docstrings finds what its rules in CONTRIBUTING.md say, and nothing else."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def counter():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("docstring_gaps", ROOT / ".ci/docstrings.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def gaps(counter, tmp_path):
    """The gaps of a text of Python, without their lines."""

    def found(text: str) -> list[str]:
        path = tmp_path / "example.py"
        tree = counter.ast.parse('"""A module."""\n' + text)
        return [gap for _, gap in counter.Reader({path: tree}).gaps(path)]

    return found


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("def f() -> None: ...", "f has no docstring"),
        ("class C: ...", "C has no docstring"),
        ('class C:\n    """A thing."""\n    def f(self) -> None: ...', "C.f has no docstring"),
        ('def f(key: str) -> None:\n    """Does it."""', "f: parameter key is not stated"),
        ('def f(keys: dict[str, Path]) -> None:\n    """Does it."""', "f: parameter keys is not stated"),
        ('def f(*, until: int) -> None:\n    """Waits `until` then."""', "f: parameter until has no unit"),
        ('def f() -> str:\n    """Read it."""', "f: what it returns is not stated"),
        ('def due_at() -> int | None:\n    """When it is due."""', "due_at: what it returns has no unit"),
        ('def f() -> None:\n    """Does it."""\n    raise ValueError("x")', "f: ValueError is raised and not named"),
        (
            'class C:\n    """A."""\n    def __init__(self, key: str) -> None: ...',
            "C.__init__: parameter key is not stated",
        ),
    ],
)
def test_gap_is_found(gaps, text, gap):
    """Each kind of gap, alone in a module, is found by its name."""
    assert gaps(text) == [gap]


@pytest.mark.parametrize(
    "text",
    [
        "def _f(key): ...",
        'def f(path: Path, settings: Settings) -> Profile:\n    """Read it."""',
        'def f(profile_id: str) -> None:\n    """Forget the profile id."""',
        'def f(until: float) -> None:\n    """Wait `until` then, in seconds of the monotonic clock."""',
        'def f() -> str:\n    """The name."""',
        'def f() -> str:\n    """Read it, and return the text."""',
        'def f() -> None:\n    """Does it. Raises ValueError where it cannot."""\n    raise ValueError("x")',
        'def f() -> None:\n    """Does it."""\n    try:\n        raise OSError\n    except OSError:\n        pass',
        'class B:\n    """B."""\n    def f(self):\n        """F."""\nclass C(B):\n    """C."""\n    def f(self): ...',
        'def f(name: Annotated[str, Option(help="a name")]) -> None:\n    """Does it."""',
        'def f() -> None:\n    """Does it."""\n    raise ValueError("x")\napp.command()(f)',
    ],
)
def test_nothing_is_missing(gaps, text):
    """What is private, typed by its meaning, stated, inherited, caught or in a command's help is no gap."""
    assert gaps(text) == []


def test_main_fails_above_the_allowance(counter, monkeypatch, capsys):
    """One gap more than a package is allowed prints the gap and fails; as many as allowed pass."""
    monkeypatch.setattr(counter.Reader, "gaps", lambda _self, _path: iter([(3, "f has no docstring")]))
    files = len(list((ROOT / "deploy").rglob("*.py")))
    assert counter.main([], {"deploy": files}) == 0
    assert f"{files} left" in capsys.readouterr().out
    assert counter.main([], {"deploy": files - 1}) == 1
    assert ":3: f has no docstring" in capsys.readouterr().out
