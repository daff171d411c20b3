"""Counts what the docstrings of the public code leave unsaid; CONTRIBUTING.md has the rules.

    python .ci/docstrings.py [PACKAGE...]      each gap as path:line, then a count a package; exit 1 above the allowance

Reads the source alone and imports nothing of it.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
PACKAGES: Final = ("schemas", "infra", "streams", "sinks", "analysis", "collector", "deploy")
ALLOWED: Final = {"schemas": 0, "infra": 0, "streams": 0, "sinks": 0, "analysis": 0, "collector": 0, "deploy": 0}
"""The most gaps that a package may have."""

Function = ast.FunctionDef | ast.AsyncFunctionDef

_BARE: Final = frozenset({
    "int", "float", "str", "bytes", "bytearray", "bool", "object", "Any", "None", "dict", "list", "tuple", "set",
    "frozenset", "Mapping", "MutableMapping", "Sequence", "Iterable", "Iterator", "Collection", "Set", "Callable",
    "Awaitable", "Coroutine", "AsyncIterator", "Generator", "defaultdict", "deque", "Counter", "Hashable",
    "memoryview",
})  # fmt: skip
"""Types that do not say by themselves what a value is."""
_CONTAINERS: Final = frozenset({
    "Final", "ClassVar", "Annotated", "Optional", "Union", "Literal", "type",
})  # fmt: skip
_UNITS: Final = re.compile(
    r"\b(?:ms|milliseconds?|microseconds?|seconds?|minutes?|hours?|days?|weeks?|epoch|midnights?|bytes|characters"
    r"|metres|kilometres|UTC|monotonic)\b"
)
_TIMES: Final = re.compile(
    r"(?:^|_)(?:at|now|time|times|since|until|till|deadline|timeout|interval|delay|pause|lateness|watermark|reached|wait"
    r"|ttl|age|when|due|day|hour|size|length|radius|seconds|within)$"
)
"""Names of numbers that mean nothing without their unit."""
_ANSWERS: Final = frozenset({
    "a", "an", "the", "all", "any", "both", "each", "every", "everything", "nothing", "whether", "how", "what",
    "when", "where", "which", "who", "whose", "why", "its", "their", "of", "as", "one", "two", "true", "false",
    "none", "no", "those", "these", "this",
})  # fmt: skip
"""First words of a docstring that names what comes back."""
_RETURNS: Final = re.compile(r"\b(?:return(?:s|ed)?|yield(?:s|ed)?|gives?|answers?|True|False)\b", re.IGNORECASE)
_UNRAISED: Final = frozenset({"NotImplementedError", "AssertionError", "StopIteration", "Exit", "SystemExit"})


@dataclass
class Class:
    """A class of the tree: what its methods may inherit a docstring from."""

    bases: list[str]
    documented: set[str] = field(default_factory=set)


def words(text: str) -> str:
    """A text with its line breaks as blanks, so that a name broken over two lines is found."""
    return re.sub(r"\s+", " ", text)


def named(parameter: str, text: str) -> bool:
    """Whether a text has the parameter's name as a word, as it is or with blanks for underscores; a plural counts."""
    name = parameter.strip("_")
    spoken = re.escape(name).replace("_", "[_ -]")
    return re.search(rf"(?<!\w){spoken}(?:s|es)?(?!\w)", text, re.IGNORECASE) is not None


def leaves(annotation: ast.expr) -> Iterator[str]:
    """The names of the types that an annotation is made of, containers left out when something is inside."""
    match annotation:
        case ast.Constant(value=str(text)):
            yield from leaves(ast.parse(text, mode="eval").body)
        case ast.Constant(value=None):
            return
        case ast.Constant():
            yield "Literal"
        case ast.Name(id=name) | ast.Attribute(attr=name):
            yield name
        case ast.BinOp(left=left, right=right):
            yield from leaves(left)
            yield from leaves(right)
        case ast.Subscript(value=value, slice=inside):
            outer = next(leaves(value), "")
            parts = inside.elts if isinstance(inside, ast.Tuple | ast.List) else [inside]
            if outer == "Annotated":
                yield from leaves(parts[0])
            elif outer not in _BARE and outer not in _CONTAINERS:
                yield outer
            elif outer != "Literal":
                if outer == "Callable":
                    yield outer
                for part in parts:
                    yield from leaves(part)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from leaves(part)


def tells(annotation: ast.expr | None) -> bool:
    """Whether a type alone says what the value is: each part of it is a class that is named for its meaning."""
    return annotation is not None and all(leaf not in _BARE for leaf in leaves(annotation))


def helped(annotation: ast.expr | None) -> bool:
    """Whether a command's parameter has its help beside its type."""
    calls = [node for node in ast.walk(annotation) if isinstance(node, ast.Call)] if annotation is not None else []
    return any(word.arg == "help" for call in calls for word in call.keywords)


def numeric(annotation: ast.expr | None) -> bool:
    """Whether a value is a plain number."""
    found = set(leaves(annotation)) if annotation is not None else set()
    return bool(found) and found <= {"int", "float"}


def decorators(node: Function | ast.ClassDef) -> set[str]:
    """The last names of what decorates a definition."""
    found = set()
    for decorator in node.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        found.add(target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", ""))
    return found


def commands(tree: ast.Module) -> set[str]:
    """The functions of a module that `app.command()(function)` makes commands: their docstrings are help texts."""
    return {
        argument.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Call)
        and isinstance(node.func.func, ast.Attribute) and node.func.func.attr == "command"
        for argument in node.args
        if isinstance(argument, ast.Name)
    }  # fmt: skip


def raised(function: Function) -> set[str]:
    """The errors that a function's own body raises by their class and does not catch itself."""
    found: set[str] = set()

    def visit(node: ast.AST, caught: frozenset[str]) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() | ast.ClassDef():
                return
            case ast.Try(body=body, handlers=handlers):
                kinds = {n for h in handlers for n in (leaves(h.type) if h.type else ["BaseException"])}
                for child in body:
                    visit(child, caught | kinds)
                for child in [*handlers, *node.orelse, *node.finalbody]:
                    visit(child, caught)
                return
            case ast.Raise(exc=ast.expr() as error):
                target = error.func if isinstance(error, ast.Call) else error
                name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
                if name[:1].isupper() and name not in _UNRAISED and not caught & {name, "Exception", "BaseException"}:
                    found.add(name)
        for child in ast.iter_child_nodes(node):
            visit(child, caught)

    for statement in function.body:
        visit(statement, frozenset())
    return found


def returned(node: Function, own: str, text: str) -> Iterator[str]:
    """What a function's own docstring, or `text`, all that is said around it, leaves unsaid of what comes back."""
    returns = node.returns
    if returns is None or (isinstance(returns, ast.Constant) and returns.value is None):
        return
    first = re.split(r"\W+", own.lower(), maxsplit=1)[0]
    names = first in _ANSWERS or own.startswith(("`", "(")) or _RETURNS.search(own)
    if not names and not tells(returns) and "NoReturn" not in leaves(returns):
        yield "what it returns is not stated"
    elif numeric(returns) and _TIMES.search(node.name) and not _UNITS.search(text):
        yield "what it returns has no unit"


class Reader:
    """Reads all files once for the classes, then each for its gaps."""

    def __init__(self, trees: dict[Path, ast.Module]) -> None:
        self._trees = trees
        self._commands: set[str] = set()
        self._classes: dict[str, Class] = {}
        for tree in trees.values():
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    bases = [name for base in node.bases for name in leaves(base)]
                    known = self._classes.setdefault(node.name, Class(bases))
                    known.documented |= {f.name for f in node.body if isinstance(f, Function) and ast.get_docstring(f)}

    def gaps(self, path: Path) -> Iterator[tuple[int, str]]:
        """Each gap of a file: its line, and what is not said of what."""
        tree = self._trees[path]
        self._commands = commands(tree)
        module = ast.get_docstring(tree) or ""
        if not module and tree.body:
            yield 1, "the module has no docstring"
        yield from self._within(tree.body, "", module, "")

    def _within(self, body: list[ast.stmt], prefix: str, module: str, about: str) -> Iterator[tuple[int, str]]:
        for node in body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                own = ast.get_docstring(node) or ""
                if not own:
                    yield node.lineno, f"{prefix}{node.name} has no docstring"
                yield from self._within(node.body, f"{prefix}{node.name}.", module, own)
            elif isinstance(node, Function) and (node.name == "__init__" or not node.name.startswith("_")):
                yield from self._function(node, prefix, module, about)

    def _inherits(self, name: str, owner: str) -> bool:
        seen, todo = set(), list(self._classes[owner].bases) if owner in self._classes else []
        while todo:
            base = todo.pop()
            if base in self._classes and base not in seen:
                seen.add(base)
                if name in self._classes[base].documented:
                    return True
                todo += self._classes[base].bases
        return False

    def _function(self, node: Function, prefix: str, module: str, about: str) -> Iterator[tuple[int, str]]:
        marks, what = decorators(node), prefix + node.name
        if marks & {"overload", "setter", "field_validator", "model_validator"}:
            return
        own = ast.get_docstring(node) or ""
        if not own and node.name != "__init__":
            if "override" not in marks and not self._inherits(node.name, prefix.strip(".").split(".")[-1]):
                yield node.lineno, f"{what} has no docstring"
            return
        text = words(f"{own} {about}")
        arguments = node.args
        listed = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        if prefix and "staticmethod" not in marks:
            listed = listed[1:]
        for argument in listed:
            if argument.arg.startswith("_") or helped(argument.annotation):
                continue
            if not tells(argument.annotation) and not named(argument.arg, text):
                yield node.lineno, f"{what}: parameter {argument.arg} is not stated"
            elif numeric(argument.annotation) and _TIMES.search(argument.arg) and not _UNITS.search(f"{text} {module}"):
                yield node.lineno, f"{what}: parameter {argument.arg} has no unit"
        if marks & {"command", "callback"} or what in self._commands:
            return
        if node.name != "__init__" and not marks & {"property", "cached_property"}:
            for gap in returned(node, own, f"{text} {module}"):
                yield node.lineno, f"{what}: {gap}"
        for error in sorted(raised(node)):
            if not re.search(rf"\b{error}\b", text):
                yield node.lineno, f"{what}: {error} is raised and not named"


def main(packages: list[str], allowed: dict[str, int] = ALLOWED) -> int:
    """Print the gaps of the packages, of none named those above the allowance; returns the exit code."""
    files = [p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py")) if "build" not in p.parts]
    reader = Reader({path: ast.parse(path.read_text(encoding="utf-8")) for path in files})
    counts: Counter[str] = Counter()
    for path in files:
        package = path.relative_to(ROOT).parts[0]
        if package not in (packages or allowed):
            continue
        for line, gap in reader.gaps(path):
            counts[package] += 1
            if packages or counts[package] > allowed[package]:
                print(f"{path.relative_to(ROOT)}:{line}: {gap}")
    left = [p for p in packages or allowed if counts[p] > allowed[p]]
    each = ", ".join(f"{package} {counts[package]}" for package in packages or allowed)
    print(f"docstrings: {each}; {sum(counts.values())} left")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
