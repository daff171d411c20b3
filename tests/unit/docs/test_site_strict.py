"""The documentation's build refuses what it is to refuse."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]


LINKS = ("[x](nowhere.md)", "[x](contract.md#nowhere)", "[x](../nowhere.py)")


def test_broken_links_fail_the_build(tmp_path):
    """With the repository's settings and hooks, less the slow API reference, each kind of broken link is an error."""
    for name in ("docs", ".ci"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for page in ROOT.glob("*.md"):
        shutil.copy(page, tmp_path)
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    settings |= {"plugins": [], "theme": {"name": "mkdocs"}}
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump(settings))
    with (tmp_path / "docs/cart.md").open("a") as page:
        page.write("\n" + "\n".join(LINKS) + "\n")
    recipe = re.search(r"mkdocs (build .*?) 2>&1", (ROOT / "Makefile").read_text())[1]
    command = [sys.executable, "-m", "mkdocs", *recipe.split()]
    ran = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode != 0
    warned = [line for line in ran.stderr.splitlines() if line.startswith("WARNING") and "nowhere" in line]
    assert len(warned) == len(LINKS), ran.stderr
