"""A page in headless Chromium, checked by axe-core; what it needs is installed, or the test says why it is skipped."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES: Final = ("axe-core@4.14.1", "playwright-core@1.65.1")
SECONDS: Final = 300


def look(page: Path, folder: Path) -> dict[str, Any]:
    """What Chromium and axe-core find on an HTML file, by view (phone, desktop, dark, print); screenshots in `folder`.

    Skips the test where there is no Chromium, Node.js or npm, and none can be installed.
    """
    return drive("look.mjs", str(page), folder)


def drive(name: str, page: str, folder: Path, *arguments: str) -> dict[str, Any]:
    """What a script of this folder prints of a `page` (an address or a file); screenshots in `folder`.

    Skips the test as `look` does.
    """
    chromium = _chromium()
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("a look at the page needs Node.js and npm")
    folder.mkdir(parents=True, exist_ok=True)
    installed = _run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *PACKAGES)
    if installed.returncode:
        pytest.skip(f"npm cannot install {' and '.join(PACKAGES)}: {installed.stderr.strip()[-200:]}")
    script = Path(__file__).with_name(name)
    seen = _run("node", str(script), chromium, page, str(folder), *arguments, cwd=folder)
    assert seen.returncode == 0, seen.stderr
    found: dict[str, Any] = json.loads(seen.stdout)
    return found


def _chromium() -> str:
    """Its path: the machine's, or, where we may, Debian's package."""
    for install in (False, True):
        if install and os.geteuid() == 0 and shutil.which("apt-get"):
            _run("apt-get", "update", "-qq")
            _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium")
        for name in NAMES:
            if (path := shutil.which(name)) is not None:
                return path
    pytest.skip("a look at the page needs Chromium: apt-get install chromium")


def _run(*command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=SECONDS, check=False)
