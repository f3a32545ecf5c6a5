"""The values of YAML front matter with their spans, so that one can be replaced and keep its quotes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from procauthor.markdown.document import Document
from procauthor.markdown.metadata import key_of

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FLOW_SIGNS = frozenset(",[]{}")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value on one line below a key of the front matter, with its span, quotes included.

    ``quote`` is the sign around it, or empty; ``flow`` says whether it stands within brackets.
    """

    key: str
    value: str
    start: int
    end: int
    quote: str
    flow: bool


def read_scalars(document: Document) -> Iterator[Scalar]:
    """Yield the text values of the front matter: directly below a key, or in a list below it."""
    span = document.front_matter
    if span is None or any(problem.kind == "bad-front-matter" for problem in document.problems):
        return
    start = document.source.raw.find(b"\n", span[0]) + 1
    body = document.source.raw[start : span[1]]
    text = body[: body.rstrip().rfind(b"\n") + 1].decode()
    root = yaml.compose(text, Loader=_Loader)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        name = key_of(str(key.value))
        for node, flow in _leaves(value):
            scalar = _scalar(text, name, node, flow=flow)
            if scalar:
                yield _shifted(scalar, text, start)


def read_texts(document: Document, key: str) -> list[str]:
    """Return the values below a key as they are written: an id ``0010`` is neither the number 8 nor 10."""
    value = document.metadata.get(key)
    values = list(value) if isinstance(value, list | tuple) else [value]
    if document.front_matter is None or all(isinstance(each, str) for each in values):
        return [str(each) for each in values if each is not None]
    return [scalar.value for scalar in read_scalars(document) if scalar.key == key and scalar.value]


def _leaves(node: yaml.Node) -> Iterator[tuple[yaml.ScalarNode, bool]]:
    if isinstance(node, yaml.ScalarNode):
        yield node, False
    elif isinstance(node, yaml.SequenceNode):
        yield from ((each, bool(node.flow_style)) for each in node.value if isinstance(each, yaml.ScalarNode))


def _scalar(text: str, key: str, node: yaml.ScalarNode, *, flow: bool) -> Scalar | None:
    start, end = node.start_mark.index, node.end_mark.index
    # Block scalars and values over several lines are prose.
    if node.style in ("|", ">") or "\n" in text[start:end].rstrip():
        return None
    end = start + len(text[start:end].rstrip())
    return Scalar(key, str(node.value), start, end, node.style or "", flow)


def _shifted(scalar: Scalar, text: str, offset: int) -> Scalar:
    start = offset + len(text[: scalar.start].encode())
    end = start + len(text[scalar.start : scalar.end].encode())
    return Scalar(scalar.key, scalar.value, start, end, scalar.quote, scalar.flow)


def write_scalar(scalar: Scalar, value: str) -> str:
    """Return another value in the manner of a scalar; it is quoted only where YAML needs it, or where it was."""
    if scalar.quote == "'":
        return "'" + value.replace("'", "''") + "'"
    if scalar.quote == '"' or not _is_plain(value, flow=scalar.flow):
        return json.dumps(value, ensure_ascii=False)
    return value


def _is_plain(value: str, *, flow: bool) -> bool:
    if flow and _FLOW_SIGNS & set(value):
        return False
    try:
        return bool(yaml.load(f"- {value}\n", Loader=_Loader) == [value])  # noqa: S506 - always a safe loader
    except yaml.YAMLError:
        return False
