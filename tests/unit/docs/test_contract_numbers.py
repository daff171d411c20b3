"""Section 8 of the contract can be cited: its paragraphs are numbered in order, and each citation names a paragraph."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]
CITED = re.compile(r"\b[Cc]ontract(?:\.md)?\s+8\.(\d+)((?:\s*(?:,|and|to)\s*8\.\d+)*)(?:,\s+item\s+(\d+))?")


def section() -> str:
    """Section 8, the last one, as it is written."""
    return (ROOT / "docs/contract.md").read_text().split("\n## 8. ")[1]


def numbers() -> list[int]:
    """The N of each paragraph that begins with **8.N**, in their order on the page."""
    return [int(n) for n in re.findall(r"^\*\*8\.(\d+)\*\* ", section(), re.MULTILINE)]


def citations(text: str) -> list[tuple[int, int | None]]:
    """Each paragraph that a text cites, with the item of its list if the citation names one."""
    found: list[tuple[int, int | None]] = []
    for first, others, item in CITED.findall(text):
        found.append((int(first), int(item) if item else None))
        found += [(int(n), None) for n in re.findall(r"8\.(\d+)", others)]
    return found


def sources() -> dict[str, str]:
    """Every Python file and every page of the repository, by its path."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py", "*.md", "*.yaml", "*.yml", "*.sql"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    return {name: (ROOT / name).read_text() for name in listed if (ROOT / name).is_file()}


def test_paragraphs_are_consecutive():
    """The numbers run from 8.1 on, in order, without a gap or a repeat."""
    assert numbers() == list(range(1, len(numbers()) + 1))
    assert len(numbers()) > 80


def test_every_paragraph_has_a_number():
    """Below the introduction, whatever is neither a heading nor an item of a numbered paragraph's list has a number."""
    blocks = section().split("\n### ", 1)[1].split("\n\n")[1:]
    bare = [b for b in blocks if not re.match(r"\*\*8\.\d+\*\* |### |1\. ", b.lstrip("\n"))]
    assert bare == []


def test_citations_exist():
    """Each "contract 8.N" in code and documents is a paragraph, and each item it names is in that paragraph's list."""
    there = set(numbers())
    items = {
        int(n): len(re.findall(r"^\d+\. ", body, re.MULTILINE))
        for n, body in re.findall(r"^\*\*8\.(\d+)\*\* (.*?)(?=^\*\*8\.|^### |\Z)", section(), re.MULTILINE | re.DOTALL)
    }
    wrong = [
        f"{path}: 8.{n}" + (f", item {item}" if item else "")
        for path, text in sources().items()
        for n, item in citations(text)
        if n not in there or (item or 0) > items[n]
    ]
    assert wrong == []


def test_citations_are_found():
    """The pattern that the test above relies on sees the ways in which a paragraph is cited."""
    word = "contract"  # by itself, so that this file cites nothing
    assert citations(f"see {word} 8.17") == [(17, None)]
    assert citations(f"docs/{word}.md 8.3, 8.4 and 8.9.") == [(3, None), (4, None), (9, None)]
    assert citations(f"({word} 8.59, item 13)") == [(59, 13)]


def test_renumbering_moves_paragraphs_and_their_mentions():
    """A paragraph put in between moves those behind it by one, and what mentions them; others stay."""
    spec = importlib.util.spec_from_file_location("renumber", ROOT / ".ci/renumber.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    text, new = script.renumbered("8.2\n## 8. Choices\n\n**8.1** As 8.2 says.\n\n**8.x** New.\n\n**8.2** Old.\n")
    assert text == "8.2\n## 8. Choices\n\n**8.1** As 8.3 says.\n\n**8.2** New.\n\n**8.3** Old.\n"
    assert new == {"2": "3"}
    assert script.moved("8.1 to 8.2, item 2", new) == "8.1 to 8.3, item 2"
    assert script.renumbered((ROOT / "docs/contract.md").read_text())[1] == {}
