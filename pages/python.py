"""The page about the Python interface: all that ``procauthor`` exports, read from the source, so nothing is loaded."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from copy import copy, deepcopy
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

import procauthor
from pages.text import read_opening, string_of

SERVICES = ("Project", "Authoring", "Draft", "Revision", "Batching", "Handoff", "Refactoring", "Reviewing")
"""The classes whose methods do something. What these return is exported; a test looks after that."""
_PACKAGE = Path(procauthor.__file__).parent
_WIDTH = 120
# How docstrings name their parts, and what the page calls these.
_PARTS = {"Args:": "Arguments", "Attributes:": "Attributes", "Raises:": "Raises"}
_ENTRY = re.compile(r"    (\w+): (.*)")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Member:
    """A field or a property: its name, its type, and what it is."""

    name: str
    type: str
    words: str


def render_page() -> str:
    """Return the page as Markdown."""
    return "\n".join(_page()) + "\n"


def class_of(name: str) -> ast.ClassDef:
    """Return the class that ``procauthor`` exports under a name, with what it has of classes that are not exported."""
    there = _find(procauthor._HOMES[name], name)  # noqa: SLF001 - the page is about this very table
    assert there is not None
    return _whole(*there)


def _find(module: str, name: str) -> tuple[str, ast.ClassDef] | None:
    """Return a class of our own by the name that it has in a module, with the module that it is in."""
    for node in _tree(module).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return module, node
        if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
            package, _, home = (node.module or "").partition(".")
            return _find(home, name) if package == "procauthor" else None
    return None


def _whole(module: str, node: ast.ClassDef) -> ast.ClassDef:
    """Return a class with the members that it inherits before its own, behind its docstring."""
    own = set(chain.from_iterable(map(_named, node.body)))
    body = chain.from_iterable(_inherited(module, base) for base in node.bases)
    inherited = [each for each in body if own.isdisjoint(_named(each))]
    whole = copy(node)
    whole.body = [*node.body[:1], *inherited, *node.body[1:]]
    return whole


def _inherited(module: str, base: ast.expr) -> list[ast.stmt]:
    """Return the members of a base; what it leaves open, as in ``JobStore[Batch]``, is filled in."""
    generic = base if isinstance(base, ast.Subscript) else None
    there = _find(module, ast.unparse(generic.value if generic else base))
    if there is None:
        return []
    filled = _Filling(generic.slice if generic else None, there[1])
    return [filled.visit(deepcopy(each)) for each in _whole(*there).body[1:]]


def _named(statement: ast.stmt) -> list[str]:
    """Return the names that a statement in the body of a class gives."""
    if isinstance(statement, Function):
        return [statement.name]
    targets: list[ast.expr] = [statement.target] if isinstance(statement, ast.AnnAssign) else []
    targets += statement.targets if isinstance(statement, ast.Assign) else ()
    return [target.id for target in targets if isinstance(target, ast.Name)]


class _Filling(ast.NodeTransformer):
    """Puts a type in the place of the variable of a generic class."""

    def __init__(self, type_: ast.expr | None, node: ast.ClassDef) -> None:
        self._type = type_
        generics = (each for each in node.bases if isinstance(each, ast.Subscript))
        self._variable = next((ast.unparse(each.slice) for each in generics), "")

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace the variable."""
        return self._type if self._type is not None and node.id == self._variable else node


def functions_of(node: ast.ClassDef) -> Iterator[Function]:
    """Yield the public methods and properties of a class."""
    for each in node.body:
        if isinstance(each, Function) and not each.name.startswith("_"):
            yield each


@cache
def _tree(module: str) -> ast.Module:
    file = _PACKAGE.joinpath(*module.split(".")).with_suffix(".py")
    return ast.parse((file if file.exists() else file.with_suffix("") / "__init__.py").read_text(encoding="utf-8"))


def _page() -> Iterator[str]:
    yield read_opening("python.md")
    yield "\n## The door and its services"
    for name in SERVICES:
        yield from _service(class_of(name))
    others = [name for name in procauthor.__all__ if name not in SERVICES]
    yield "\n## Values"
    for name in others:
        if not _is_error(name):
            yield from _value(class_of(name))
    yield "\n## Errors\n\n| Error | Is a | When |\n|---|---|---|"
    for name in filter(_is_error, others):
        node = class_of(name)
        bases = ", ".join(f"`{ast.unparse(base)}`" for base in node.bases)
        yield f"| `{name}` | {bases} | {_first(node)} |"


def _is_error(name: str) -> bool:
    return name.endswith("Error")


def _service(node: ast.ClassDef) -> Iterator[str]:
    """Yield a class with all methods in full."""
    yield from _heading(node)
    for function in functions_of(node):
        if not _is_property(function):
            yield f"\n#### {node.name}.{function.name}\n\n```python\n{_signature(function)}\n```"
            yield from _words(function)


def _value(node: ast.ClassDef) -> Iterator[str]:
    """Yield a class with its methods in one line each."""
    yield from _heading(node)
    methods = [each for each in functions_of(node) if not _is_property(each)]
    if methods:
        yield ""
    for method in methods:
        yield f"- `{_signature(method, one_line=True)}`: {_first(method)}"


def _heading(node: ast.ClassDef) -> Iterator[str]:
    yield f"\n### {node.name}"
    yield from _words(node)
    if node.name == "Settings":
        yield "\n[settings.md](settings.md) lists its tables and keys."
        return
    members = list(_members(node))
    if members:
        yield "\n| Field | Type | What it is |\n|---|---|---|"
    for member in members:
        yield f"| `{member.name}` | `{_cell(member.type)}` | {_cell(member.words) or '-'} |"


def _members(node: ast.ClassDef) -> Iterator[Member]:
    """Yield fields with the strings below them, and properties."""
    for each, below in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and not each.target.id.startswith("_"):
            yield Member(each.target.id, ast.unparse(each.annotation), _plain(string_of(below)))
    for function in functions_of(node):
        if _is_property(function):
            yield Member(function.name, _returned(function), _first(function))


def _cell(text: str) -> str:
    """Return text for a cell of a table."""
    return text.replace("|", "\\|")


def _is_property(function: Function) -> bool:
    return any(isinstance(d, ast.Name) and d.id.endswith("property") for d in function.decorator_list)


def _returned(function: Function) -> str:
    return ast.unparse(function.returns) if function.returns else "None"


def _signature(function: Function, *, one_line: bool = False) -> str:
    """Return a signature without ``self``, over several lines where one would be too long."""
    start = "async " if isinstance(function, ast.AsyncFunctionDef) else ""
    arguments = _arguments(function.args)
    end = f" -> {_returned(function)}"
    whole = f"{start}{function.name}({', '.join(arguments)}){end}"
    if one_line or len(whole) <= _WIDTH:
        return whole
    return "\n".join([f"{start}{function.name}(", *(f"    {each}," for each in arguments), f"){end}"])


def _arguments(arguments: ast.arguments) -> list[str]:
    """Return the parameters of a method, one each; the first is the object or the class."""
    places = [*arguments.posonlyargs, *arguments.args]
    defaults = [*[None] * (len(places) - len(arguments.defaults)), *arguments.defaults]
    shown = [_argument(arg, value) for arg, value in zip(places, defaults, strict=True)][1:]
    if arguments.vararg:
        shown.append(f"*{_argument(arguments.vararg)}")
    elif arguments.kwonlyargs:
        shown.append("*")
    shown += [_argument(arg, value) for arg, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    return [*shown, f"**{_argument(arguments.kwarg)}"] if arguments.kwarg else shown


def _argument(argument: ast.arg, default: ast.expr | None = None) -> str:
    typed = f"{argument.arg}: {ast.unparse(argument.annotation)}" if argument.annotation else argument.arg
    return typed if default is None else f"{typed} = {ast.unparse(default)}"


def _first(node: ast.ClassDef | Function) -> str:
    """Return the first paragraph of a docstring."""
    return _plain(" ".join((ast.get_docstring(node) or "").split("\n\n")[0].split()))


def _words(node: ast.ClassDef | Function) -> Iterator[str]:
    """Yield a docstring as Markdown: its paragraphs, then its parts as lists."""
    for paragraph in (ast.get_docstring(node) or "").split("\n\n"):
        head, _, rest = paragraph.partition("\n")
        if head in _PARTS:
            yield f"\n{_PARTS[head]}:\n"
            yield from _entries(rest)
        else:
            yield "\n" + _plain(" ".join(paragraph.split()))


def _entries(text: str) -> Iterator[str]:
    """Yield the entries of a part, one line each."""
    lines: list[str] = []
    for line in text.splitlines():
        entry = _ENTRY.fullmatch(line)
        if entry:
            lines.append(f"- `{entry[1]}`: {entry[2]}")
        else:
            lines[-1] += f" {line.strip()}"
    yield from map(_plain, lines)


def _plain(text: str) -> str:
    return text.replace("``", "`")
