"""Two checkouts of the software side by side: this one, and a worktree of another revision under `.cache`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import orjson

HERE: Final = Path(__file__).resolve().parents[2]
PROBES: Final = Path(__file__).resolve().parent / "probes"
PLACE: Final = HERE / ".cache" / "against"


@dataclass(frozen=True)
class Build:
    """One checkout, and the interpreter that has what it needs."""

    name: str
    root: Path
    python: str

    def run(
        self, arguments: Sequence[str], *, env: Mapping[str, str] | None = None, out: int | None = subprocess.PIPE
    ) -> tuple[bytes, os.struct_rusage_type]:
        """Run Python in this checkout: what it printed, and what it cost (`ru_maxrss` in KiB, times in seconds).

        Only its own modules are found: those of the installed checkout come later on the path.
        Raises RuntimeError with the end of what it said when it fails.
        """
        known = {name: value for name, value in os.environ.items() if not name.startswith("WINBACK_")}
        environment = {**known, "PYTHONPATH": str(self.root), **(env or {})}
        command = (self.python, "-P", *arguments)
        errors = PLACE / f"{self.name}.err"
        with errors.open("wb") as said:
            process = subprocess.Popen(command, cwd=self.root, env=environment, stdout=out, stderr=said)
            told = process.stdout.read() if process.stdout is not None else b""
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            tail = errors.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(command)} in {self.root} ended with {process.returncode}:\n{tail}")
        return told, used

    def probe(self, name: str, *arguments: str) -> dict[str, Any]:
        """What one of the scripts in `probes` prints: JSON, on its last line."""
        told, _ = self.run([str(PROBES / f"{name}.py"), *arguments])
        measured: dict[str, Any] = orjson.loads(told.strip().rpartition(b"\n")[2])
        return measured

    def winback(self, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[bytes, os.struct_rusage_type]:
        """Run the `winback` command of this checkout."""
        module, _, function = _project(self.root)["scripts"]["winback"].partition(":")
        return self.run(["-c", f"from {module} import {function} as run; run()", *arguments], env=env)


def this() -> Build:
    """The checkout that this file is in."""
    PLACE.mkdir(parents=True, exist_ok=True)
    return Build("new", HERE, sys.executable)


def other(revision: str) -> Build:
    """A worktree of a revision, made when it is not there yet.

    It runs on this checkout's packages when it wants the same ones, so that nothing is fetched; else on its own.
    Raises subprocess.CalledProcessError when there is no such revision.
    """
    found = _git("rev-parse", "--verify", f"{revision}^{{commit}}")
    root = PLACE / found[:12]
    if not (root / "pyproject.toml").exists():
        _git("worktree", "prune")
        _git("worktree", "add", "--force", "--detach", str(root), found)
    return Build("old", root, _lent(root) if _wants(root) == _wants(HERE) else _own(root))


def compiled(build: Build) -> Build:
    """The same software as the image has it: its wheel with the core compiled, unpacked, and its tests beside it.

    What has been compiled from the same files before is taken. Raises subprocess.CalledProcessError where there is no
    compiler, and FileNotFoundError for a revision that cannot be compiled.
    """
    script = build.root / ".ci" / "wheel.py"
    root = PLACE / f"compiled-{_fingerprint(build.root, script)}"
    if not (root / "pyproject.toml").exists():
        shutil.rmtree(root, ignore_errors=True)
        with tempfile.TemporaryDirectory() as place:
            subprocess.run((build.python, str(script), place), cwd=build.root, check=True, stdout=subprocess.DEVNULL)
            (wheel,) = Path(place).glob("*.whl")
            with zipfile.ZipFile(wheel) as packed:
                packed.extractall(root)
        shutil.copy(build.root / "pyproject.toml", root)
    shutil.rmtree(root / "tests", ignore_errors=True)
    shutil.copytree(build.root / "tests", root / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    return Build("compiled", root, _lent(root))


def _fingerprint(root: Path, script: Path) -> str:
    """Of all that a wheel is made of."""
    digest = blake2b(script.read_bytes() + (root / "pyproject.toml").read_bytes(), digest_size=8)
    for package in ("analysis", "collector", "deploy", "infra", "schemas", "sinks", "streams"):
        for path in sorted(path for path in (root / package).rglob("*") if path.suffix not in {"", ".pyc", ".so"}):
            digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()


def _git(*arguments: str) -> str:
    return subprocess.run(("git", *arguments), cwd=HERE, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def _wants(root: Path) -> tuple[str, list[str], list[str]]:
    """What a checkout needs to run: its constraints, and its dependencies but those of its tests."""
    project = _project(root)
    embedded = project.get("optional-dependencies", {}).get("embedded", [])
    return (root / "constraints.txt").read_text(), sorted(project["dependencies"]), sorted(embedded)


def _project(root: Path) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    return project


def _lent(root: Path) -> str:
    """This interpreter; and a `winback` where it would be in an environment of its own."""
    program = root / ".venv" / "bin" / "winback"
    program.parent.mkdir(parents=True, exist_ok=True)
    module, _, function = _project(root)["scripts"]["winback"].partition(":")
    run = f"from {module} import {function} as run; run()"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{root}" exec "{sys.executable}" -P -c "{run}" "$@"\n')
    program.chmod(0o755)
    return sys.executable


def _own(root: Path) -> str:
    python = root / ".venv" / "bin" / "python"
    if not (root / ".venv" / ".ready").exists():
        subprocess.run((sys.executable, "-m", "venv", str(root / ".venv")), check=True)
        install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", "constraints.txt")
        subprocess.run((str(python), *install, "-e", ".[embedded,analysis]"), cwd=root, check=True)
        (root / ".venv" / ".ready").touch()
    return str(python)
