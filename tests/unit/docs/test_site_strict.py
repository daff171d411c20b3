"""The documentation's build refuses what it is to refuse."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("link", ["[x](nowhere.md)", "[x](contract.md#nowhere)", "[x](../nowhere.py)"])
def test_broken_link_fails_the_build(tmp_path, link):
    """With the repository's settings and hooks, less the slow API reference, one broken link in a page is an error."""
    for name in ("docs", ".ci"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for page in ROOT.glob("*.md"):
        shutil.copy(page, tmp_path)
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    settings |= {"plugins": [], "theme": {"name": "mkdocs"}}
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump(settings))
    (tmp_path / "docs/cart.md").open("a").write(f"\n{link}\n")
    recipe = re.search(r"mkdocs (build .*?) 2>&1", (ROOT / "Makefile").read_text())[1]
    ran = subprocess.run(
        [sys.executable, "-m", "mkdocs", *recipe.split()], check=False, cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode != 0
    warned = [line for line in ran.stderr.splitlines() if line.startswith("WARNING") and "nowhere" in line]
    assert len(warned) == 1, ran.stderr
