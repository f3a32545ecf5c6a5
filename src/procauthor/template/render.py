"""Typed fields to Markdown, through the template, in Jinja2's sandbox.

A value is data: it can neither open a heading nor hide text in a comment, and a link in it survives only where it
leads to the web. Links to other documents come from references and from the titles that the caller knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from textwrap import dedent, indent
from types import CodeType
from typing import Any

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from procauthor.markdown.write import write_link
from procauthor.template.name import Names
from procauthor.template.pattern import Pattern, Slot
from procauthor.template.spec import SectionSpec, Template

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_LINK = re.compile(r"!?\[([^\]\n]*)\]\(\s*<?([^)\s>]*)>?[^)\n]*\)")
# A title in brackets is meant as a link; it is no address, no definition, and not the text of a link.
_BRACKETS = re.compile(r"(?<!\])\[([^\[\]\n]+)\](?![(\[:])")
_TAG = re.compile(r"<(?=[a-zA-Z/!?])(?!https?://[^\s>]*>)")
_WEB = re.compile(r"https?://", re.IGNORECASE)
_BLOCK_START = re.compile(r"^(\s{0,3})(#{1,6}(?:\s|$)|>|={3,}\s*$|-{3,}\s*$|\[[^\]]+\]:)")
_INLINE_START = re.compile(r"^(#|>|[-+*](?=\s)|\d+(?=[.)]\s)|\|)")
_FENCE = re.compile(r"^\s*(```+|~~~+)")
_BLOCK = re.compile(
    r"^(?P<block>[ \t]*(?P<fence>```+|~~~+)[^`\n]*\n(?P<code>(?:.*\n)*?)[ \t]*(?P=fence)[`~]*[ \t]*)$", re.MULTILINE
)
HANGING = " " * 4
"""How far what belongs to a list item is indented, unless the writer knows its marker."""
_PIPE = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)


def render(template: Template, title: str, fields: Mapping[str, Any], links: Mapping[str, str]) -> str:
    """Render the body of a document: its title and all sections.

    Args:
        template: The schema.
        title: The heading of level 1.
        fields: Values by field name, as the template's model holds them.
        links: Known titles and the relative path of each; an empty path marks a title that is only announced.
    """
    environment = _environment(Cleaner(links))
    code, literals = _compiled(template)
    compiled = environment.template_class.from_code(environment, code, environment.make_globals(None))
    text = compiled.render(f=_Fields(fields), lit=literals, title=title)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _environment(clean: Cleaner) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters.update(
        inline=clean.inline, item=clean.item, prose=clean.prose, cell=clean.cell, reference=clean.reference
    )
    return environment


@lru_cache(maxsize=64)
def _compiled(template: Template) -> tuple[CodeType, tuple[str, ...]]:
    """Compile once a template: a draft is rendered several times in one run, and compiling is what takes time."""
    source, literals = _source(template)
    return _environment(Cleaner({})).compile(source), literals


class _Fields(dict[str, Any]):
    """Values by name; what is missing is simply empty, so that a half-filled draft can be shown."""

    def __missing__(self, key: str) -> None:
        return None


class Cleaner:
    """Makes a value safe for its place."""

    def __init__(self, links: Mapping[str, str]) -> None:
        self.links = dict(links)
        self._names = Names(title for title, path in links.items() if path)

    def inline(self, value: object) -> str:
        """Return the value as one line of text; each line of a block of code becomes code of its own in it."""
        plain = _CONTROL.sub("", str(value or "").replace("\r\n", "\n"))
        text = " ".join(_BLOCK.sub(lambda match: _codes(match["code"]), plain).split())
        return _INLINE_START.sub(r"\\\1", self._outside_code(text))

    def item(self, value: object) -> str:
        """Return the value as the words of a list item: one line, and blocks of code below it, indented."""
        parts = _BLOCK.split(_CONTROL.sub("", str(value or "").replace("\r\n", "\n")))
        texts, blocks = parts[0 :: 1 + _BLOCK.groups], parts[1 :: 1 + _BLOCK.groups]
        if not texts[0].strip():
            # A block needs a line of words above it.
            return self.inline(value)
        lines = [self.inline(texts[0])]
        for block, text in zip(blocks, texts[1:], strict=True):
            lines.append(indent(dedent(block), HANGING))
            lines += [HANGING + self.inline(text)] if text.strip() else []
        return "\n\n".join(lines)

    def cell(self, value: object) -> str:
        """Return the value for a table cell."""
        return _PIPE.sub(r"\\|", self.inline(value))

    def prose(self, value: object) -> str:
        """Return the value as paragraphs and lists; headings and definitions in it are escaped."""
        text = _CONTROL.sub("", str(value or "").replace("\r\n", "\n")).strip()
        lines: list[str] = []
        fence = ""
        for line in text.split("\n"):
            match = _FENCE.match(line)
            if match and (not fence or match[1].startswith(fence)):
                fence = "" if fence else match[1]
            elif not fence:
                line = _BLOCK_START.sub(r"\1\\\2", line)  # noqa: PLW2901
            lines.append(line.rstrip())
        if fence:
            lines.append(fence)
        return self._outside_code("\n".join(lines))

    def reference(self, title: object) -> str:
        """Return a link to a known document; an announced one is marked as such."""
        name = str(title)
        path = self.links.get(name, "")
        return write_link(name, path) if path else f"{name} *(announced)*"

    def _outside_code(self, text: str) -> str:
        parts: list[str] = []
        position = 0
        for match in _CODE.finditer(text):
            parts.append(self._clean(text[position : match.start()]))
            parts.append(match[0])
            position = match.end()
        parts.append(self._clean(text[position:]))
        return "".join(parts)

    def _clean(self, text: str) -> str:
        text = _TAG.sub("&lt;", text)
        text = _BRACKETS.sub(lambda match: match[1] if match[1] in self.links else match[0], text)
        pieces: list[str] = []
        position = 0
        for match in _LINK.finditer(text):
            pieces.append(self._link_names(text[position : match.start()]))
            web = _WEB.match(match[2]) and not match[0].startswith("!")
            pieces.append(match[0] if web else self._link_names(match[1]))
            position = match.end()
        pieces.append(self._link_names(text[position:]))
        return "".join(pieces)

    def _link_names(self, text: str) -> str:
        return self._names.replace(text, self.reference)


def _source(template: Template) -> tuple[str, tuple[str, ...]]:
    """Return the Jinja source of a template, and the literals that it refers to by number."""
    writer = _SourceWriter()
    writer.line("# {{ title | inline }}")
    for spec in template.sections:
        writer.section(spec)
    return "".join(writer.out), tuple(writer.literals)


class _SourceWriter:
    """Writes Jinja source. Text of the template never becomes source: it is a literal, printed by number."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.literals: list[str] = []

    def line(self, text: str = "") -> None:
        self.out.append(text + "\n")

    def literal(self, text: str) -> str:
        self.literals.append(text)
        return f"{{{{ lit[{len(self.literals) - 1}] }}}}"

    def section(self, spec: SectionSpec) -> None:
        self.line()
        self.line(self.literal("#" * spec.level + " " + spec.heading))
        self.line()
        if spec.kind == "steps":
            self.steps(spec)
        elif spec.kind != "group":
            self.body(spec, f"f[{spec.name!r}]")

    def body(self, spec: SectionSpec, value: str) -> None:
        write: dict[str, Callable[[SectionSpec, str], None]] = {"prose": self.prose, "table": self.table}
        write.get(spec.kind, self.items)(spec, value)

    def prose(self, spec: SectionSpec, value: str) -> None:
        if spec.pattern is None or spec.pattern.single:
            self.line(f"{{{{ {value} | prose }}}}")
        else:
            self.line(f"{{% if {value} %}}")
            self.line(self.pattern(spec.pattern, value, "inline"))
            self.line("{% endif %}")

    def items(self, spec: SectionSpec, value: str) -> None:
        assert spec.pattern is not None
        bullet = {"list": "- ", "checklist": "- [ ] ", "numbered": "{{ loop.index }}. "}[spec.kind]
        self.line(f"{{% for item in {value} or [] %}}")
        self.line(bullet + self.pattern(spec.pattern, "item", "inline"))
        self.otherwise(spec)
        self.line("{% endfor %}")

    def otherwise(self, spec: SectionSpec) -> None:
        if spec.constraint.none:
            self.line("{% else %}")
            self.line(self.literal(spec.constraint.none))

    def table(self, spec: SectionSpec, value: str) -> None:
        self.line(self.literal("| " + " | ".join(c.header for c in spec.columns) + " |"))
        self.line("|" + "---|" * len(spec.columns))
        self.line(f"{{% for item in {value} or [] %}}")
        cells = [self.pattern(column.pattern, "item", "cell", whole=False) for column in spec.columns]
        self.line("| " + " | ".join(cells) + " |")
        self.line("{% endfor %}")

    def steps(self, spec: SectionSpec) -> None:
        assert spec.step_heading is not None
        self.line(f"{{% for step in f[{spec.name!r}] or [] %}}")
        heading = [
            self.literal(part)
            if isinstance(part, str)
            else ("{{ loop.index }}" if part.name == "number" else f"{{{{ step[{part.name!r}] | inline }}}}")
            for part in spec.step_heading.parts
        ]
        self.line("#" * spec.step_level + " " + "".join(heading))
        self.line()
        for part in spec.parts:
            self.part(part)
        self.line("{% endfor %}")

    def part(self, part: SectionSpec) -> None:
        value = f"step.get({part.name!r})"
        if not part.labelled:
            self.line(self.literal("#" * part.level + " " + part.heading))
        elif part.kind == "prose":
            self.line(self.literal(f"**{part.heading}:** ") + f"{{{{ {value} | inline }}}}")
            self.line()
            return
        else:
            self.line(self.literal(f"**{part.heading}:**"))
        self.line()
        self.body(part, value)
        self.line()

    def pattern(self, pattern: Pattern, value: str, clean: str, *, whole: bool = True) -> str:
        """Return the source of one item; ``whole`` says that a single field is the item itself."""
        single = pattern.single if whole else None
        clean = "item" if single and clean == "inline" and holds_block(pattern) else clean
        chunks: list[str] = []
        parts = list(pattern.parts)
        for index, part in enumerate(parts):
            if isinstance(part, str):
                chunks.append(self.literal(part))
            elif part.optional:
                before, after = enclosure(parts, index)
                if before:
                    chunks[-1] = self.literal(str(parts[index - 1])[: -len(before)])
                if after:
                    parts[index + 1] = str(parts[index + 1])[len(after) :]
                test = value if single else f"{value}.get({part.name!r})"
                shown = self.slot(part, test, clean)
                chunks.append(f"{{% if {test} %}}{self.literal(before)}{shown}{self.literal(after)}{{% endif %}}")
            else:
                chunks.append(self.slot(part, value if single else f"{value}[{part.name!r}]", clean))
        # A block tag at the end of a line would swallow the newline.
        return "".join(chunks) + "{{ '' }}"

    @staticmethod
    def slot(slot: Slot, value: str, clean: str) -> str:
        return f"{{{{ {value} | {'reference' if slot.reference else clean} }}}}"


def holds_block(pattern: Pattern) -> bool:
    """Say whether an item may have a block of code below it: nothing is written behind its words."""
    return pattern.single is not None and pattern.parts[-1] is pattern.single


def _codes(lines: str) -> str:
    """Return lines of code as pieces of code in one line."""
    kept = [line.strip() for line in lines.split("\n") if line.strip()]
    return ", ".join(f"`` {line} ``" if "`" in line else f"`{line}`" for line in kept)


def enclosure(parts: Sequence[str | Slot], index: int) -> tuple[str, str]:
    """Return the text around an optional slot that goes with it: `` (From: `` and ``)``."""
    before = parts[index - 1] if index else ""
    after = parts[index + 1] if index + 1 < len(parts) else ""
    if not isinstance(before, str) or not isinstance(after, str):
        return "", ""
    opened, closed = before.rfind(" ("), after.find(")")
    if opened == -1 or closed == -1:
        return "", ""
    return before[opened:], after[: closed + 1]
