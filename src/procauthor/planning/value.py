"""Values as plans write them: priorities, lifecycles with phases, statuses, hours, titles."""

from __future__ import annotations

import re
from collections.abc import Collection

from procauthor.naming import title_key
from procauthor.planning.field import plain_text
from procauthor.planning.line import sign_of
from procauthor.planning.plan import Effort, Priority

_PRIORITY = re.compile(r"\bP(?:rio(?:rity)?)?[\s:#-]{0,2}([0-9])\b", re.IGNORECASE)
_HAVE = re.compile(r"\b(must|should|could|nice|won'?t)[\s-]+(?:to[\s-]+)?have\b", re.IGNORECASE)
_HAVES: dict[str, Priority] = {"must": "P0", "should": "P1", "could": "P2", "nice": "P3", "wont": "P3"}
_PRIORITY_WORDS: dict[str, Priority] = {
    "critical": "P0", "immediate": "P0", "urgent": "P0", "🔴": "P0",
    "high": "P1", "short-term": "P1", "🟠": "P1",
    "medium": "P2", "medium-term": "P2", "🟡": "P2",
    "low": "P3", "long-term": "P3", "🟢": "P3",
}  # fmt: skip
_PHASE = re.compile(r"\bphase[s]?\s*[:#]?\s*(\d+\w?(?:\s*(?:[-–,&/]|and)\s*\d+)*|[IVX]+\b)", re.IGNORECASE)
_NOTHING = re.compile(
    r"^(?:$|(?:none|n/?a|not applicable|nothing|nil|no dependenc\w+|no blockers?|[-–—]+)"
    r"(?:\s*$|\s*[(,.;:–—-]|(?!.*procedure)\b))",
    re.IGNORECASE,
)
_MISSING = re.compile(
    r"\b(missing|absent|to be (?:created|written|defined)|tbd|undefined|new|planned|todo|"
    r"(?:not|n't|no)\b.{0,12}\b(?:created|started|defined|exists?|written|file|begun|available))",
    re.IGNORECASE,
)
_STATUS_WORDS = {
    "in progress": r"in.progress|partial(?:ly)?|draft(?:s|ed|ing)?|wip|started|ongoing|under way",
    "placeholder": r"placeholders?|stubs?",
    "deprecated": r"deprecated|superseded|retired",
    "approved": r"approved",
    "defined": r"defined|completed?|done|finished|exists?|available|active|published|created|ready",
}
_STATUSES = [(key, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for key, words in _STATUS_WORDS.items()]
_NUMBER = r"(\d+(?:[.,]\d+)?)"
_EFFORT = re.compile(
    rf"{_NUMBER}(?:\s*(?:[-–—‑−]|to)\s*{_NUMBER})?\s*\+?\s*(hours?|hrs?|h|days?|d|minutes?|mins?|m|weeks?|w)\b",
    re.IGNORECASE,
)
_HALF = re.compile(r"\b(?:half\s+an?|(?:a\s+)?half)[\s-]+(day|hour)\b", re.IGNORECASE)
_ONE = re.compile(r"^[~≈]?\s*(?:an?|one)\s+(?:full\s+|working\s+)?(day|hour|week)\b", re.IGNORECASE)
_BARE_EFFORT = re.compile(rf"^[~≈]?\s*{_NUMBER}(?:\s*(?:[-–—‑−]|to)\s*{_NUMBER})?\s*\+?$")
_HOURS = {"h": 1.0, "d": 8.0, "m": 1 / 60, "w": 40.0}
_QUARTERS = 4
_VERBS = r"define|create|write|author|update|complete|finish|finali[sz]e"
_VERB = re.compile(rf"^(?:{_VERBS})\s+(?!or\b|and\b|&)(?:and\s+\w+\s+)?(?:the\s+)?(?=\S)", re.IGNORECASE)
_TAIL = re.compile(
    r"\s+(?:[-–—|]|:)\s+(?:.*\b(?:P\d|hours?|defined?|placeholder|missing|create[ds]?|done|draft|moved|write|update[ds]?)\b.*)$|:\s*(?:define[d]?|done)$",
    re.IGNORECASE,
)
_COUNTER = re.compile(r"^(?:P\d(?:[-.]\d+)?\s*[.):-]|\d+(?:\.\d+)+[.):]?)\s+", re.IGNORECASE)
_BEHIND = re.compile(r"(?<=\bprocedure)\s*(?:\s[-–—|]|:)\s.*$", re.IGNORECASE)
_PARENTHESIS = re.compile(r"\s*\(([^()]*)\)\s*$")


def read_priority(text: str) -> Priority | None:
    """Return the priority that a text names: "P0 - Critical", "Priority 1", "Must have", "High"; "P7" counts as P3."""
    found = _PRIORITY.search(text) or re.fullmatch(r"\s*([0-9])\s*", text)
    if found:
        return ("P0", "P1", "P2", "P3")[min(int(found[1]), 3)]
    if have := _HAVE.search(text):
        return _HAVES[have[1].casefold().replace("'", "")]
    words = re.findall(r"[a-z]+(?:-term)?|[🔴🟠🟡🟢]", text.casefold())
    return next((_PRIORITY_WORDS[word] for word in words if word in _PRIORITY_WORDS), None)


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


def read_status(text: str) -> str:
    """Return a status in the library's words, or an empty string; "Not yet created" is missing."""
    sign = sign_of(text)
    text = plain_text(text)
    if _MISSING.search(text):
        return "missing"
    return next((status for status, words in _STATUSES if words.search(text)), sign)


def read_effort(text: str) -> Effort | None:
    """Return hours: "2-3 hours", "1-2 days" (of 8 hours), "100+ hours", "half a day", or a bare range."""
    found = _EFFORT.search(text)
    bare = None if found else _BARE_EFFORT.match(text.strip())
    match = found or bare
    if not match:
        return _worded_effort(text)
    hours = _HOURS[found[3][0].lower()] if found else 1.0
    low = float(match[1].replace(",", "."))
    high = float((match[2] or match[1]).replace(",", "."))
    return Effort(round(min(low, high) * hours, 4), round(max(low, high) * hours, 4))


def _worded_effort(text: str) -> Effort | None:
    half, one = _HALF.search(text), _ONE.match(text.strip())
    found = half or one
    if not found:
        return None
    hours = _HOURS[found[1][0].lower()] * (0.5 if half else 1)
    return Effort(hours, hours)


def share(hours: float, parts: int) -> list[float]:
    """Divide hours evenly; where that is no round number, by quarters of an hour, so that the sum stays exact."""
    quarters = hours * _QUARTERS
    if (hours / parts * 16).is_integer() or not quarters.is_integer():
        return [hours / parts] * parts
    whole, rest = divmod(int(quarters), parts)
    return [(whole + (place < rest)) / _QUARTERS for place in range(parts)]


def is_nothing(text: str) -> bool:
    """Say whether a value says that there is nothing: empty, "None (entry point)", "N/A", a dash."""
    return bool(_NOTHING.match(text.strip().strip("*_()")))


def clean_title(text: str, known: Collection[str] = ()) -> str:
    """Return the procedure's title in a line: without verb, remarks, emphasis and signs.

    A verb stays where the title with it is ``known`` by its key, as in "Create or Update Procedure".
    """
    text = plain_text(text)
    text = _TAIL.sub("", _BEHIND.sub("", _COUNTER.sub("", text))).rstrip(" .:;,–—-")
    while (remark := _PARENTHESIS.search(text)) and _is_remark(remark[1]):
        text = text[: remark.start()].rstrip(" .:;,–—-")
    if title_key(text) in known:
        return text
    bare = _VERB.sub("", text).strip()
    return bare if title_key(bare) not in ("", "procedure", "procedures") else text


def _is_remark(text: str) -> bool:
    said = read_status(text) or read_effort(text) or _PRIORITY.search(text) or _PHASE.search(text)
    return bool(said) or bool(
        re.search(r"\b(if|optional|soft|needs?|entry point|lifecycle|both|all|time)\b", text, re.IGNORECASE)
    )
