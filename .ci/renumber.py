"""Numbers the paragraphs of section 8 of the contract anew, and changes every citation of them along.

    python .ci/renumber.py        after a paragraph was put in between as **8.x**, taken out, or moved

A citation of a paragraph that is gone is left as it is, and tests/unit/docs/test_contract_numbers.py names it.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
CONTRACT: Final = "docs/contract.md"
KINDS: Final = ("*.py", "*.md", "*.yaml", "*.yml", "*.sql")
CITED: Final = re.compile(r"\bcontract(?:\.md)?\s+8\.\d+(?:\s*(?:,|and|to)\s*8\.\d+)*", re.IGNORECASE)
"""A citation outside the contract; what follows it ("item 3") stays as it is."""
_BEGINS: Final = re.compile(r"^\*\*8\.(\w+)\*\*", re.MULTILINE)
_NUMBER: Final = re.compile(r"\b8\.(\d+)\b")


def renumbered(contract: str) -> tuple[str, dict[str, str]]:
    """The contract with its section 8 numbered anew, and the new number of each old one that changes."""
    before, heading, section = contract.partition("\n## 8. ")
    old = _BEGINS.findall(section)
    new = {number: str(n) for n, number in enumerate(old, 1) if number.isdigit() and number != str(n)}
    count = iter(range(1, len(old) + 1))
    section = _BEGINS.sub(lambda _: f"**8#{next(count)}**", section)
    return before + heading + moved(section, new).replace("**8#", "**8."), new


def moved(text: str, new: dict[str, str]) -> str:
    """A text whose mentions of old numbers, 8.N, are those of `new`."""
    return _NUMBER.sub(lambda found: f"8.{new.get(found[1], found[1])}", text)


def main() -> None:
    """Rewrite the contract and every file that cites it."""
    path = ROOT / CONTRACT
    text, new = renumbered(path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")
    listed = subprocess.run(["git", "ls-files", *KINDS], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603, S607
    for name in listed.stdout.split():
        place = ROOT / name
        if name == CONTRACT or not place.is_file():
            continue
        before = place.read_text(encoding="utf-8")
        after = CITED.sub(lambda cited: moved(cited[0], new), before)
        if after != before:
            place.write_text(after, encoding="utf-8")
            print(name)
    print(f"section 8: {len(new)} numbers changed")


if __name__ == "__main__":
    main()
