"""What the site has besides docs/: the pages of the repository's root, decisions in their order, the API reference.

Hooks of MkDocs (mkdocs.yml). Links between pages are written so that they work on the forge, from file to file; here
they are turned to the pages. A link to a file that is no page keeps its words and loses its address. Each citation of
section 8 ("contract 8.23") becomes a link to that paragraph.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

ROOT: Final = Path(__file__).parent.parent
FROM_ROOT: Final = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
}
"""Pages of the repository's root, and their names on the site."""
REFERENCE: Final = (
    "schemas", "infra", "streams/core", "streams/testing.py", "sinks/clickhouse", "sinks/dispatch", "analysis",
    "collector",
)  # fmt: skip
"""What the API reference shows: packages with all that is below them, and single modules."""

_LINK: Final = re.compile(r"(?<!!)\[(?P<words>[^\]]*)\]\((?P<to>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)")
_FENCE: Final = re.compile(r"^(```.*?^```)", re.MULTILINE | re.DOTALL)
_PARAGRAPH: Final = re.compile(r"^\*\*8\.(\d+)\*\*", re.MULTILINE)
_CITED: Final = re.compile(r"\bcontract 8\.(\d+)(?![^<]*</a>)(?![^<>]*>)", re.IGNORECASE)


def reference() -> dict[str, str]:
    """The pages of the API reference as Markdown, by their place on the site: one a package, with its modules."""
    pages: dict[str, list[str]] = {}
    for name in REFERENCE:
        place = ROOT / name
        for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
            if path.is_file() and (path.name == "__init__.py" or not path.name.startswith("_")):
                module = path.relative_to(ROOT).with_suffix("")
                package = module if place.is_file() else module.parent
                dotted = ".".join(module.parts).removesuffix(".__init__")
                pages.setdefault(".".join(package.parts), []).append(f"::: {dotted}\n")
    return {f"api/{name}.md": f"# {name}\n\n" + "\n".join(modules) for name, modules in sorted(pages.items())}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put decisions and the API reference, whose pages are found, into the navigation, before the last entry."""
    decisions = [f"adr/{path.name}" for path in sorted((ROOT / "docs/adr").glob("0*.md"))]
    found: list[Any] = [
        {"Decisions": ["adr/index.md", *decisions]},
        {"API reference": [{Path(page).stem: page} for page in reference()]},
    ]
    assert config.nav is not None
    config.nav[-1:-1] = found
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not below docs/."""
    for source, page in FROM_ROOT.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    for page, text in reference().items():
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn the links of a page from files of the repository to pages of the site, and number the contract's anchors."""
    del config
    here = page.file.src_uri
    on_forge = next((source for source, name in FROM_ROOT.items() if name == here), f"docs/{here}")
    names = {**FROM_ROOT, **{f"docs/{f.src_uri}": f.src_uri for f in files.documentation_pages()}}

    def turned(link: re.Match[str]) -> str:
        to = link["to"]
        if re.match(r"[a-z]+:", to):
            return link[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(on_forge), to))
        if target not in names:
            if not (ROOT / target).exists():
                return link[0]  # left as it is: the strict build refuses it
            return link["words"]
        relative = posixpath.relpath(names[target], posixpath.dirname(here) or ".")
        return f"[{link['words']}]({relative}{link['anchor'] or ''})"

    parts = _FENCE.split(markdown)
    parts[::2] = [_LINK.sub(turned, part) for part in parts[::2]]
    text = "".join(parts)
    return _PARAGRAPH.sub(r"**8.\1**{ #8-\1 }", text) if here == "contract.md" else text


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Link each citation of section 8 to its paragraph."""
    del config
    contract = files.get_file_from_path("contract.md")
    assert contract is not None
    address = get_relative_url(contract.url, page.url)
    return _CITED.sub(lambda cited: f'<a href="{address}#8-{cited[1]}">{cited[0]}</a>', html)
