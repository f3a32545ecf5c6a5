"""Prompt files, rendered strictly. A project's own files come before the shipped ones, file by file."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from traceback import extract_tb
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    meta,
    nodes,
    pass_context,
)
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from procauthor.errors import PromptError
from procauthor.regex import lazy
from procauthor.system import shipped

_SUFFIX = ".md.j2"
_LONGEST = 300
_LARGEST_FACTOR = 1000
_MOST_STEPS = 1_000_000
_CALL = 20
_LARGEST_VALUE = 8_000_000
# Filters that pad or fill up to a number which the prompt gives.
_FILLING = ("batch", "center", "format", "indent", "slice")
_WIDE = lazy(r"%[^%a-zA-Z]*\d{4}")
_WHAT: dict[type[Exception], str] = {
    RecursionError: "it calls itself without an end",
    ZeroDivisionError: "it divides by zero",
    UnicodeDecodeError: "it is not UTF-8",
    MemoryError: "it needs too much memory",
}
# A marker is a line of its own; within a line, "<<<" belongs to a shell.
_MARKER = lazy(r"^[^\S\n]*<{3,}|<{3,}(?=\s*(?:data|end)\b)|>{3,}(?=\s*$)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Source:
    """The text of a file, the files that it imports, and whether it is still the same on the disk."""

    text: str
    others: tuple[str, ...]
    is_fresh: Callable[[], bool]


class _Loader(FileSystemLoader):
    """Reads templates below its folders only. A link in a project could lead to any file of the user."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """Return the source of a template; a folder of its name is a mistake, and no reason to take another one."""
        if any(Path(folder, template).is_dir() for folder in self.searchpath):
            message = "it is a folder"
            raise IsADirectoryError(message)
        source, name, fresh = super().get_source(environment, template)
        place = Path(name).resolve()
        if not any(place.is_relative_to(Path(folder).resolve()) for folder in self.searchpath):
            raise TemplateNotFound(template)
        return source, name, fresh


class _Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox, which also bounds the work of a prompt, and the size of what it makes on the way."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._spent = threading.local()
        self.globals.pop("lipsum")
        self.filters.update({name: _within_bounds(self.filters[name]) for name in _FILLING})
        self.filters.update({_Bounding.LOOP: self._counted, _Bounding.SIZE: _sized})

    def begin(self) -> None:
        """Count the work of this thread from here on."""
        self._spent.steps = 0

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Return a result of small numbers, or a sum; of a text, ``%`` would pad to any width."""
        if operator == "+":
            return _sized(context, super().call_binop(context, operator, left, right))
        if not all(isinstance(each, int | float) and abs(each) <= _LARGEST_FACTOR for each in (left, right)):
            message = f"{operator!r} is only for numbers up to {_LARGEST_FACTOR}"
            raise SecurityError(message)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a macro or a method, which takes as long as many rounds of a loop."""
        self._step(_CALL)
        return super().call(context, obj, *args, **kwargs)

    @pass_context
    def _counted(self, _context: Context, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self._step()
            yield item

    def _step(self, amount: int = 1) -> None:
        self._spent.steps = getattr(self._spent, "steps", 0) + amount
        if self._spent.steps > _MOST_STEPS:
            message = f"it takes more than {_MOST_STEPS:,} steps"
            raise SecurityError(message)

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        return super()._generate(_Bounding().visit(source), *args, **kwargs)


class _Bounding(NodeTransformer):
    """Lets loops be counted, and what filters and ``~`` make be measured: they might go on doubling it."""

    LOOP, SIZE = "counted within bounds", "of a bounded size"

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, self.LOOP, [], [], None, None, lineno=node.lineno)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802
        self.generic_visit(node)
        return nodes.Filter(node, self.SIZE, [], [], None, None, lineno=node.lineno)

    def visit_Filter(self, node: nodes.Filter) -> nodes.Filter:  # noqa: N802
        self.generic_visit(node)
        # Without a value of its own it is part of a block of text.
        return nodes.Filter(node, self.SIZE, [], [], None, None, lineno=node.lineno) if node.node else node


@pass_context
def _sized(_context: Context, value: Any) -> Any:
    if isinstance(value, str | list | tuple) and len(value) > _LARGEST_VALUE:
        message = f"a value of it is larger than {_LARGEST_VALUE:,}"
        raise SecurityError(message)
    return value


def _within_bounds(fill: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that takes no number with which it would fill the memory."""

    @wraps(fill)
    def bounded(value: Any, *args: Any, **kwargs: Any) -> Any:
        numbers = (each for each in (*args, *kwargs.values()) if isinstance(each, int | float))
        if any(abs(each) > _LARGEST_FACTOR for each in numbers) or _WIDE.search(str(value)[:_LARGEST_FACTOR]):
            message = f"{fill.__name__.removeprefix('do_')!r} is only for numbers up to {_LARGEST_FACTOR}"
            raise SecurityError(message)
        return fill(value, *args, **kwargs)

    return bounded


class PromptLibrary:
    """Finds and renders prompts by name.

    Args:
        overrides: Folders that are searched before the shipped prompts.
    """

    def __init__(self, overrides: tuple[Path, ...] = ()) -> None:
        # Overrides are foreign code, so templates run in the sandbox.
        self._environment = _Sandbox(
            loader=_Loader([*overrides, shipped("prompts")]),
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters.update(json=as_json, quoted=quoted)
        self._read: dict[str, _Source] = {}

    def render(self, name: str, variables: Mapping[str, object]) -> str:
        """Render a prompt. Text in variables is never template source.

        Raises:
            PromptError: There is no such prompt, it is no valid template, lacks a variable, or says nothing.
        """
        template = self._template(name)
        self._environment.begin()
        try:
            text = template.render(variables).strip()
        except Exception as error:
            # A team's own prompt is a small program: it may divide by zero, count too far, or call itself.
            raise _broken(name, error) from error
        if not text:
            raise _broken(name, ValueError("it says nothing"))
        return text + "\n"

    def hash(self, name: str) -> str:
        """Return the SHA-256 of a prompt and of every file that it imports."""
        return self._hash(name, {})

    def _hash(self, name: str, known: dict[str, _Source]) -> str:
        digest = hashlib.sha256()
        for source in self._sources(f"{name}{_SUFFIX}", set(), known):
            digest.update(source.encode())
        return digest.hexdigest()

    def fingerprint(self) -> str:
        """Return the SHA-256 of all prompts together."""
        digest = hashlib.sha256()
        # Most import the same files, and to look at one costs a question to the system.
        known: dict[str, _Source] = {}
        for name in self.names():
            digest.update(f"{name} {self._hash(name, known)}\n".encode())
        return digest.hexdigest()

    def names(self) -> list[str]:
        """Return the names of all prompts."""
        return sorted(name.removesuffix(_SUFFIX) for name in self._environment.list_templates() if _SUFFIX in name)

    def _template(self, name: str) -> Template:
        try:
            return self._environment.get_template(f"{name}{_SUFFIX}")
        except TemplateNotFound as error:
            message = f"no prompt {error.name!r}"
            raise PromptError(message, f"known prompts: {', '.join(self.names())}") from error
        except (TemplateError, UnicodeDecodeError, RecursionError, OSError) as error:
            raise _broken(name, error) from error

    def _kept(self, file: str) -> _Source:
        """Read a file and what it imports once, and again when it has changed: a batch asks for every draft."""
        kept = self._read.get(file)
        if kept is None or not kept.is_fresh():
            kept = self._read[file] = self._load(file)
        return kept

    def _load(self, file: str) -> _Source:
        assert self._environment.loader is not None
        try:
            text, _, is_fresh = self._environment.loader.get_source(self._environment, file)
        except TemplateNotFound as error:
            message = f"no prompt {file!r}"
            raise PromptError(message, f"known prompts: {', '.join(self.names())}") from error
        except (UnicodeDecodeError, OSError) as error:
            raise _broken(file.removesuffix(_SUFFIX), error) from error
        try:
            others = tuple(meta.find_referenced_templates(self._environment.parse(text)))
        except (TemplateError, RecursionError) as error:
            raise _broken(file.removesuffix(_SUFFIX), error) from error
        return _Source(text, tuple(other for other in others if other), is_fresh or (lambda: False))

    def _sources(self, file: str, seen: set[str], known: dict[str, _Source]) -> Iterator[str]:
        seen.add(file)
        if file not in known:
            known[file] = self._kept(file)
        yield known[file].text
        for other in known[file].others:
            if other not in seen:
                yield from self._sources(other, seen, known)


def _broken(name: str, error: Exception) -> PromptError:
    """Return the error of a prompt that cannot be used, with the file and the line."""
    file, line = f"prompts/{name}{_SUFFIX}", 0
    if isinstance(error, TemplateSyntaxError):
        file, line = f"prompts/{error.name or name + _SUFFIX}", error.lineno
    elif isinstance(error, UnicodeDecodeError):
        line = error.object[: error.start].count(b"\n") + 1
    else:
        frames = [f for f in extract_tb(error.__traceback__) if f.filename.endswith(_SUFFIX)]
        if frames:
            place = Path(frames[-1].filename)
            file, line = f"prompts/{place.name}", frames[-1].lineno or 0
    what = _WHAT.get(type(error), str(error) or type(error).__name__)
    message = f"{file}{f':{line}' if line else ''}: the prompt cannot be used: {' '.join(what.split())[:_LONGEST]}"
    return PromptError(message, "compare it with the shipped prompt of that name")


def as_json(value: object, width: int | None = 160) -> str:
    """Return a value as JSON in which no marker can be; what is wider has a line for each of its parts."""
    return _lay_out(value, width).replace("<", "\\u003c").replace(">", "\\u003e")


def _lay_out(value: object, width: int | None) -> str:
    """Return JSON without indents: they say nothing to a model, and each call would pay for them."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    if width is None or len(text) <= width:
        return text
    if isinstance(value, Mapping):
        parts = (f"{json.dumps(str(key), ensure_ascii=False)}: {_lay_out(each, width)}" for key, each in value.items())
        return "{" + ",\n".join(parts) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",\n".join(_lay_out(each, width) for each in value) + "]"
    return text


def quoted(text: object) -> str:
    """Return text in which no marker can be: ``<<<end`` becomes ``< < <end``; a here-string of a shell stays."""
    return _MARKER.sub(lambda match: " ".join(match[0].strip()), str(text))
