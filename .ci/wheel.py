"""A wheel with the core compiled by mypyc: `python .ci/wheel.py FOLDER`, or `make wheel`. Needs a C compiler.

It is built from a copy: what is compiled beside its source would be imported instead of it, and hide every edit.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = ("pyproject.toml", "README.md", "LICENSE")
PACKAGES = ("analysis", "collector", "deploy", "infra", "schemas", "sinks", "streams")


def build(target: Path) -> Path:
    """The wheel, in the folder `target`. Raises CalledProcessError when it cannot be compiled."""
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("winback-*.whl"):
        old.unlink()
    with tempfile.TemporaryDirectory() as place:
        for name in FILES:
            shutil.copy(ROOT / name, place)
        for name in PACKAGES:
            shutil.copytree(ROOT / name, Path(place, name), ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        # The compiler looks at the types of what is imported, so it runs where that is installed.
        command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)]
        how = {**os.environ, "HATCH_BUILD_HOOK_ENABLE_MYPYC": "true"}
        subprocess.run(command, check=True, cwd=place, env=how)  # noqa: S603
    return next(target.glob("winback-*.whl"))


if __name__ == "__main__":
    print(build(Path(sys.argv[1]).resolve()))
