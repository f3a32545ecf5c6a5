"""Secrets in a document, and text that a reader does not see and a language model does."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator

from msgspec import Struct

from procauthor.character import byte_offsets
from procauthor.checking.phrase import Spans
from procauthor.checking.scope import ROOT, Family, Rule, Scope, say, say_path
from procauthor.finding import Finding
from procauthor.library.library import Procedure
from procauthor.library.state import FOLDER
from procauthor.markdown.document import Document
from procauthor.markdown.passage import PlainText, read_passages
from procauthor.regex import lazy
from procauthor.secret import find_secrets

_MODEL = (
    r"@?(?:AIs?|A\.I\.|LLMs?|(?:large\s+)?language\s+models?|chat\s?bots?|chat\s?gpt|gpt(?:-\w+)?|claude|gemini|copilot|cursor"
    r"|(?:AI|coding|LLM|automated|autonomous)\s+(?:assistants?|agents?|models?|systems?|tools?|reviewers?|readers?))"
)
_ORDER = (
    r"(?:you\b|please\b|must\b|should\b|shall\b|do\s+not\b|don't\b|never\b|always\b|ignore\b|disregard\b|forget\b|insert\b"
    r"|include\b|add\b|append\b|output\b|respond\b|reply\b|answer\b|say\b|tell\b|run\b|execute\b|delete\b|send\b|write\b"
    r"|treat\b|approve\b|follow\b|skip\b|omit\b|mark\b|recommend\b|rate\b|use\b|call\b|open\b|download\b|fetch\b|visit\b"
    r"|post\b|upload\b|print\b|reveal\b|pretend\b|act\b|when\b|if\b)"
)
_ADDRESSES = lazy(
    rf"""(?ix)
    (?:^|[.!?:;]\s|\n)
    (?:(?:note|message|instructions?|attention|important|hint|hey|hello|dear|to|for|all|any|the|every)\b\W{{0,3}}){{0,5}}
    {_MODEL}\b(?:\s+(?:models?|assistants?|agents?|systems?|readers?|reading\s+this)){{0,3}}\s*[:,–—-]?\s*{_ORDER}
    | (?:^|[.!?:;]\s|\n){_MODEL}\s(?:instructions?|prompt)\s?:
    | (?:^|\n)(?:system|assistant)\s?:\s(?:you\b|ignore\b|output\b|print\b|respond\b|reveal\b)
    | \bif\s+you(?:\s+are|'re|’re)\s+(?:an?\s+)?{_MODEL}\b
    | \bas\s+an?\s+{_MODEL}\s?,?\s+you\b
    """
)
_OVERRIDES = lazy(
    r"""(?ix)
    \b(?:ignore|disregard|forget|override|bypass)\s+(?:all\s+|any\s+|every\s+|the\s+|your\s+|of\s+|these\s+|my\s+){0,4}
    (?:previous|prior|above|earlier|preceding|foregoing|system|original|other|safety)\s+(?:\w+\s+){0,2}
    (?:instructions?|prompts?|rules?|context|messages?|guidelines?|directions?|commands?)\b
    | \b(?:reveal|print|show|repeat|leak|output)\s+(?:me\s+)?(?:your|the)\s+(?:system|hidden|initial)\s+
      (?:prompt|instructions?|message)\b
    | \b(?:do\s+not|don't|never|without)\s+(?:tell|mention|inform|alert|notify)(?:ing)?
      \s+(?:this\s+|it\s+|anything\s+)?(?:to\s+)?the\s+(?:user|human|operator)\b
    | \byou\s+are\s+now\s+(?:an?\s+|in\s+|the\s+)?(?:\w+\s+){0,2}(?:mode|assistant|agent|AI|model|DAN)\b
    """
)
_DELIMITER = lazy(
    r"<\|(?:im_start|im_end|im_sep|system|user|assistant|end|endoftext|eot_id|start_header_id|end_header_id|begin_of_text)\|>"
    r"|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>"
)
_ROLE_TAG = lazy(r"</?(?:system|system[-_]prompt|system[-_]reminder|assistant|instructions?)>", re.IGNORECASE)
_TAGS = lazy("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f|([\U000e0000-\U000e007f]+)")
_INVISIBLE = "\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff\u180e\u00ad\ufe00-\ufe0f\U000e0100-\U000e01ef"
_INVISIBLE_RUN = lazy(f"[{_INVISIBLE}]{{4,}}")
_ONE_INVISIBLE = lazy(f"[{_INVISIBLE}]")
_OVERRIDE_MARK = lazy("[\u202d\u202e]")
_HIDING = lazy(
    r"""<(\w+)\b[^<>]{0,300}?(?:\shidden\b|display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0(?![.\d]))
    [^<>]{0,300}>(?P<text>[^<]{0,2000})""",
    re.IGNORECASE | re.VERBOSE,
)
_BLOB = lazy(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{32,4000}={0,2}")
_MARKED = lazy(rb"<\||\[/?INST\]|SYS>>|_of_turn>|\xe2\x80[\x8b-\x8d]|\xe2\x81[\xa0-\xa4]|\xc2\xad|(?<!\A)\xef\xbb\xbf")
# What a text in ASCII can hold of these.
_ASCII_MARKS = (b"<|", b"INST]", b"SYS>>", b"_of_turn>")
_PSEUDO_COMMENT = lazy(rb"^ {0,3}\[[^\]\n]{1,40}\]:[ \t]*(?:#|<>)[ \t]+[(\"']([^\n]*)[)\"'][ \t]*\r?$", re.MULTILINE)


class Hidden(Struct, frozen=True):
    """Something hidden at a byte offset, and what it is."""

    what: str
    start: int


def find_hidden(document: Document) -> Iterator[Hidden]:
    """Yield what is hidden and speaks to a model, or hides in a way that only serves hiding."""
    raw = document.source.raw
    yield from _comments(document)
    yield from _definitions(document)
    if b"<" in raw:
        yield from _elements(document)
    if not raw.isascii():
        yield from _characters(document)
    if any(mark in raw for mark in _ASCII_MARKS) or (not raw.isascii() and _MARKED.search(raw)):
        for passage in read_passages(document):
            yield from _delimiters(passage)
            yield from _broken_words(passage)


def _instructs(text: str) -> bool:
    """Say whether a text speaks to a model; white space is collapsed first, which keeps the search linear."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    text = "\n".join(line for line in lines if line)
    return any(pattern.search(text) for pattern in (_ADDRESSES, _OVERRIDES, _DELIMITER, _ROLE_TAG))


def _comments(document: Document) -> Iterator[Hidden]:
    for comment in document.comments:
        if _instructs(comment.text):
            yield Hidden("a comment gives instructions to a language model", comment.start)
        elif any(map(_instructs, _decoded(comment.text))):
            yield Hidden("a comment holds encoded instructions to a language model", comment.start)


def _definitions(document: Document) -> Iterator[Hidden]:
    """Look into link definitions that serve as comments."""
    raw = document.source.raw
    definitions = _PSEUDO_COMMENT.finditer(raw) if b"]:" in raw else ()
    telling = [match.start() for match in definitions if _instructs(match[1].decode(errors="replace"))]
    code = Spans((b.start, b.end) for b in document.blocks if b.kind == "code") if telling else ()
    for start in telling:
        if start not in code:
            yield Hidden("a link definition that no reader sees gives instructions to a model", start)


def _decoded(text: str) -> Iterator[str]:
    for match in _BLOB.finditer(text):
        try:
            yield base64.b64decode(match[0] + "=" * (-len(match[0]) % 4), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue


def _elements(document: Document) -> Iterator[Hidden]:
    """Look into HTML that is not shown. What is in code is neither a run nor a block of HTML."""
    text = document.source.raw.decode(errors="replace")
    elements = [m for m in _HIDING.finditer(text) if _instructs(m["text"])]
    if not elements:
        return
    runs = Spans((run.start, run.end) for run in document.runs)
    blocks = Spans((b.start, b.end) for b in document.blocks if b.kind == "html")
    starts = byte_offsets(text, [m.start() for m in elements])
    insides = byte_offsets(text, [m.start("text") for m in elements])
    for start, inside in zip(starts, insides, strict=True):
        if start in blocks or inside in runs:
            yield Hidden("text that is not shown gives instructions to a language model", start)


def _characters(document: Document) -> Iterator[Hidden]:
    """Look for characters without a shape; emoji, flags and scripts that need one or two of them are left alone."""
    first = document.source.start
    text = document.source.raw[first:].decode(errors="replace")
    hidden = [(m.start(1), "invisible tag characters spell a text") for m in _TAGS.finditer(text) if m[1]]
    hidden += [(m.start(), "a run of invisible characters") for m in _INVISIBLE_RUN.finditer(text)]
    hidden += [(m.start(), "a character turns the order of the text round") for m in _OVERRIDE_MARK.finditer(text)]
    hidden.sort()
    starts = byte_offsets(text, [place for place, _ in hidden])
    yield from (Hidden(what, first + start) for start, (_, what) in zip(starts, hidden, strict=True))


def _delimiters(passage: PlainText) -> Iterator[Hidden]:
    for match in _DELIMITER.finditer(passage.text):
        yield Hidden(f"{match[0]!r} is a mark between the messages of a chat", passage.offset(match.start()))


def _broken_words(passage: PlainText) -> Iterator[Hidden]:
    """Find an instruction whose words are broken up, so that a search for it would miss it."""
    if passage.text.isascii() or not _ONE_INVISIBLE.search(passage.text):
        return
    if _OVERRIDES.search(_ONE_INVISIBLE.sub("", passage.text)) and not _OVERRIDES.search(passage.text):
        yield Hidden("invisible characters break up an instruction to a language model", passage.runs[0].start)


# What is left of a text without these bytes is a control character.
_ORDINARY = bytes([*b"\t\n\r", *range(0x20, 0x7F), *range(0x80, 0x100)])
_CONTROL = lazy("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\r]")
_TURN = lazy("[\u202a-\u202c\u2066-\u2069]")
_OPENING = frozenset("\u202a\u202b\u2066\u2067\u2068")
_UNSEEN = "\u200b\u200c\u200d\u2060\ufeff"
_BREAK = lazy(
    f"(?<=[A-Za-z0-9])[{_UNSEEN}](?=[A-Za-z0-9])"
    # Longer runs are a finding of their own: they can spell a text.
    f"|(?<![{_UNSEEN}])[{_UNSEEN}]{{2,3}}(?![{_UNSEEN}])"
)
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


def find_controls(document: Document) -> Iterator[Hidden]:
    """Yield what a reader cannot see and a terminal or a search does: the first of a kind on each line.

    Joiners in words of scripts that need them and in emoji are ordinary, and so are marks of direction that belong to
    text from right to left and are closed on their line.
    """
    raw = document.source.raw
    alone = raw.count(b"\r") > raw.count(b"\r\n") and b"\n" in raw
    if raw.isascii() and not alone and not raw.translate(None, _ORDINARY):
        return
    first = document.source.start
    text = raw[first:].decode(errors="replace")
    if b"\n" not in raw:
        text = text.replace("\r", "\n")
    places: list[tuple[int, str]] = []
    at = 0
    for line in text.split("\n"):
        places += ((at + place, what) for place, what in _of_line(line))
        at += len(line) + 1
    starts = byte_offsets(text, [place for place, _ in places])
    yield from (Hidden(what, first + start) for start, (_, what) in zip(starts, places, strict=True))


def _of_line(line: str) -> list[tuple[int, str]]:
    line = line.removesuffix("\r")
    if line.isprintable():
        return []
    control = _CONTROL.search(line)
    turn = _TURN.search(line)
    broken = _BREAK.search(line)
    places = []
    if control:
        places.append((control.start(), f"a control character ({_name(control[0])}) steers a terminal"))
    if turn and not _is_ordinary(line):
        places.append((turn.start(), f"a mark ({_name(turn[0])}) turns the direction of the text"))
    if broken:
        places.append((broken.start(), f"an invisible character ({_name(broken[0][0])}) breaks a word"))
    return sorted(places)


def _is_ordinary(line: str) -> bool:
    """Say whether marks of direction belong to text from right to left, and all of them are closed."""
    marks = _TURN.findall(line)
    closed = 2 * sum(mark in _OPENING for mark in marks) == len(marks)
    return closed and any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in line)


def _name(char: str) -> str:
    return f"U+{ord(char):04X}"


SECRET = Rule(
    name="secret",
    code="G101",
    severity="error",
    summary="The text contains a password, key or token.",
    why="Everybody who can read the library can use it, and so can every model that the text is sent to.",
    fix="Revoke it first: it is known. Then write where it is kept instead. Examples that say EXAMPLE are left alone.",
    example="export GITHUB_TOKEN=, followed by a real token",
)
HIDDEN_INSTRUCTION = Rule(
    name="hidden-instruction",
    code="G102",
    severity="warning",
    summary="Something that no reader sees gives instructions to a language model.",
    why="A model that works with the library follows it, and a reviewer of the page cannot notice it.",
    fix="Remove it, or write it where readers see it. Guidance for people in a comment is left alone.",
    example="a comment that tells every AI assistant to approve the change",
)
STATE_COMMITTED = Rule(
    name="state-committed",
    code="G103",
    severity="warning",
    summary="The folder .procauthor/ is kept in version control.",
    why="It holds drafts, prompts and answers of models, and what undo writes back. It counts on one machine only.",
    fix="Run “git rm -r --cached .procauthor”, and delete the folder, because its secret is known now.",
    example=".procauthor/drafts/threat-model-1.json in a commit",
)
CONTROL_CHARACTER = Rule(
    name="control-character",
    code="G104",
    severity="warning",
    summary="An invisible character steers a terminal, turns the direction of text, or breaks a word.",
    why="A terminal or an editor shows something else than what the text says, and a search misses the word.",
    fix="Remove it. Joiners that a script or an emoji needs, and marks around text from right to left, are left alone.",
    example="an escape sequence that moves the cursor up, so that a line of a diff is not seen",
)


def _check_safety(_: Scope, procedure: Procedure) -> Iterator[Finding]:
    for secret in find_secrets(procedure.document.source.raw):
        message = f"this looks like a real secret ({secret.kind})"
        yield say(SECRET, procedure, secret.start, message, "revoke it, then take it out")
    for control in find_controls(procedure.document):
        yield say(CONTROL_CHARACTER, procedure, control.start, control.what)
    # The comments of a template are there to guide its author, a model included.
    for hidden in find_hidden(procedure.document) if procedure.kind != "template" else ():
        yield say(HIDDEN_INSTRUCTION, procedure, hidden.start, hidden.what)


def _check_library_for_safety(scope: Scope) -> Iterator[Finding]:
    if scope.keeps_state:
        hint = f"git rm -r --cached {FOLDER}, then delete the folder"
        yield say_path(STATE_COMMITTED, ROOT, f"git keeps {FOLDER}/, the state of one machine", hint)


SAFETY = Family(
    "What must not be in a document that people and language models work with",
    (SECRET, HIDDEN_INSTRUCTION, STATE_COMMITTED, CONTROL_CHARACTER),
    "document",
    _check_safety,
    _check_library_for_safety,
)
