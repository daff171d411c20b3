"""Prometheus's own programs: those on the PATH, else Debian's package, unpacked into the checkout's cache."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.support.stack import ROOT

CACHE = ROOT / ".cache" / "prometheus"


@cache
def program(name):
    """The path of `promtool` or `prometheus`; the test is skipped where there is neither it nor a package of it."""
    found = shutil.which(name) or _unpacked(name)
    if found is None:
        pytest.skip(f"there is no {name}, and no Debian package of it can be fetched")
    return found


def _unpacked(name):
    there = CACHE / "usr/bin" / name
    if not there.exists() and shutil.which("apt-get") and shutil.which("dpkg"):
        CACHE.mkdir(parents=True, exist_ok=True)
        got = subprocess.run(["apt-get", "download", "prometheus"], cwd=CACHE, capture_output=True, check=False)
        if got.returncode:
            subprocess.run(["apt-get", "update"], capture_output=True, check=False)
            subprocess.run(["apt-get", "download", "prometheus"], cwd=CACHE, capture_output=True, check=False)
        for package in CACHE.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, CACHE], check=True)
            package.unlink()
    return str(there) if there.exists() else None


def checked(folder: Path, *arguments):
    """What promtool says; fails with that if it is not content."""
    ran = subprocess.run([program("promtool"), *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-4000:]
    return ran.stdout
