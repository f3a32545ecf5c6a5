"""Values as plans write them: priorities, lifecycles with phases, statuses."""

from __future__ import annotations

import re
from typing import cast

from procauthor.planning.effort import read_whole_effort
from procauthor.planning.field import plain_text
from procauthor.planning.line import sign_of
from procauthor.planning.plan import Priority
from procauthor.planning.words import read_words

_PRIORITY = re.compile(r"\bP(?:rio(?:rity)?)?[\s:#-]{0,2}([0-9])\b", re.IGNORECASE)
_HAVE = re.compile(r"\b(must|should|could|nice|won'?t)[\s-]+(?:to[\s-]+)?have\b", re.IGNORECASE)
_HAVES: dict[str, Priority] = {"must": "P0", "should": "P1", "could": "P2", "nice": "P3", "wont": "P3"}
_COLOURS: dict[str, Priority] = {"🔴": "P0", "🟠": "P1", "🟡": "P2", "🟢": "P3"}
_NEGATED = re.compile(r"\b(?:not|non|nicht|kein\w*|pas|não|no\s+es)[\s-]+\w+")
_LONGEST = 4
_PHASE = re.compile(r"\bphase[s]?\s*[:#]?\s*(\d+\w?(?:\s*(?:[-–,&/]|and)\s*\d+)*|[IVX]+\b)", re.IGNORECASE)
_NOTHING = re.compile(
    r"^(?:$|(?:none|n/?a|not applicable|nothing|nil|no (?:\w+ )?(?:dependenc|prerequisite|blocker|requirement)\w*|"
    r"no$|0$|ø$|independent|standalone|can (?:start|begin) (?:now|immediately|any ?time)|[-–—]+)"
    r"(?:\s*$|\s*[(,.;:–—-]|(?!.*procedure)\b))",
    re.IGNORECASE,
)
_MISSING = re.compile(
    r"\b(missing|absent|to be (?:created|written|defined)|tbd|undefined|new|planned|todo|"
    r"(?:not|n't|no)\b.{0,12}\b(?:created|started|defined|exists?|written|file|begun|available|placeholders?))",
    re.IGNORECASE,
)
# "Not done", "80% complete", "ready to start" speak of work that is open.
_UNFINISHED = re.compile(
    r"\b(?:not|never|neither|none|no|almost|nearly|mostly|half|(?:has|have|needs?|wait\w*|ready|about|remains?|yet)\s+(?:to|for)|"
    r"(?:to|must|should|will|can|could|may)\s+be|awaiting|await|pending|before|until|once|when|if|being|\d{1,2}(?:\.\d+)?\s*%)"
    r"[\s-]+(?:\w+\s+){0,2}?(?=complete|done|finished|approv|defin|publish|creat|review|start|available|ready|active|exist)\w+"
    r"|\bincomplete\b|\bunfinished\b",
    re.IGNORECASE,
)
_UNDERWAY = re.compile(r"\b(?:almost|nearly|mostly|half|incomplete|unfinished|[1-9]\d?(?:\.\d+)?\s*%)", re.IGNORECASE)
# Of a procedure that others wait for, these say that it is there; of an item, only that work can begin.
_THERE = re.compile(r"\b(?:available|active|ready|in place|live)\b", re.IGNORECASE)
_YES = re.compile(r"^(?:\[?x\]?|y|yes|ja|oui|sí|si|sim|true|[✓✔☑✅]|100\s*%)$", re.IGNORECASE)
_REMARK = re.compile(r"\b(if|optional|soft|needs?|entry point|lifecycle|both|all|time)\b", re.IGNORECASE)


def read_priority(text: str) -> Priority | None:
    """Return the priority that a text names: "P0 - Critical", "Priority 1", "Must have", "High"; "P7" counts as P3."""
    found = _PRIORITY.search(text) or re.fullmatch(r"\s*([0-9])\s*", text)
    if found:
        return ("P0", "P1", "P2", "P3")[min(int(found[1]), 3)]
    if have := _HAVE.search(text):
        return _HAVES[have[1].casefold().replace("'", "")]
    names = read_words().priorities
    for word in re.findall(r"[^\W\d_]+(?:[-\s]term|['’]t\b)?|[🔴🟠🟡🟢]", _NEGATED.sub(" ", text.casefold())):
        if priority := _COLOURS.get(word) or names.get(word.replace(" ", "-").replace("’", "'")):
            return cast("Priority", priority)
    return None


def is_priority(text: str) -> bool:
    """Say whether a text is a priority and nothing else: "P1", "High", "🔴 Critical", "P0 - Critical"."""
    return len(text.split()) <= _LONGEST and (bool(re.match(r"\W*P\d\b", text)) or names_only_priority(text))


def names_only_priority(text: str) -> bool:
    """Say whether all words of a text rank something."""
    names = read_words().priorities
    words = re.findall(r"[^\W\d_]+(?:[-\s](?:term|have))?", text.casefold())
    return bool(words) and all(word in names or word.replace(" ", "-") in names for word in words)


def read_lifecycle(text: str) -> tuple[str, int | str | None]:
    """Split "Feature Lifecycle - Phase 1" into its name without the word "Lifecycle", and its phase."""
    text = plain_text(text)
    phase = _PHASE.search(text)
    name = text[: phase.start()] if phase else text
    name = re.sub(r"[\s(\[,;:/–—-]+$", "", name)
    name = re.sub(r"\s*\blifecycles?\b\s*(?:\(.*\))?\s*$", "", name, flags=re.IGNORECASE).strip()
    return ("" if is_nothing(name) else name), read_phase(phase[1] if phase else "")


def read_phase(text: str) -> int | str | None:
    """Return a phase: a number where it is one."""
    text = re.sub(r"^phase\s*", "", plain_text(text), flags=re.IGNORECASE).strip()
    leading = re.match(r"(\d+)(?:\s*[-–—:(].*\D.*)?$", text)
    return int(leading[1]) if leading else None if is_nothing(text) else text


def read_state(text: str) -> str:
    """Return the status of something that others wait for: "ready" and "available" say that it is there."""
    return read_status(text) or ("defined" if _THERE.search(_UNFINISHED.sub("", plain_text(text))) else "")


def is_yes(text: str) -> bool:
    """Say whether a cell or value means yes: "x", "yes", "✓", "true", 100 %."""
    return bool(_YES.match(plain_text(text))) or sign_of(text) == "defined"


def read_status(text: str) -> str:
    """Return a status in the library's words, or an empty string; "Not yet created" is missing."""
    sign = sign_of(text)
    text = plain_text(text)
    if _MISSING.search(text):
        return "missing"
    finished = _UNFINISHED.sub("", re.sub(r"[-_]", " ", text))
    said = next((status for status, words in read_words().said if words.search(finished)), "")
    return said or ("in progress" if _UNDERWAY.search(text) else sign)


def is_nothing(text: str) -> bool:
    """Say whether a value says that there is nothing: empty, "None (entry point)", "N/A", a dash."""
    plain = text.strip().strip("*_().")
    return plain.casefold() in read_words().nothing or bool(_NOTHING.match(plain))


def is_remark(text: str) -> bool:
    """Say whether what stands in parentheses behind a title is no part of it: a status, hours, a priority."""
    said = (
        read_status(text)
        or any(map(read_whole_effort, re.split("[,;]", text)))
        or _PRIORITY.search(text)
        or _PHASE.search(text)
    )
    return bool(said) or bool(_REMARK.search(text))
