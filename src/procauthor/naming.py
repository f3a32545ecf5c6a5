"""Names: when two spellings mean the same title, when a path stays inside of a library, what all systems can have."""

from __future__ import annotations

import posixpath
import re
import threading
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

from procauthor.regex import lazy

_LINK = lazy(r"!?\[([^\]]*)\]\([^)]*\)")
# Signs that make another name of a word are kept: C++, C#, .NET, Node.js.
_WORD = lazy(r"(?P<and>&)|(?:(?<![\w.])\.(?=[^\W\d_]))?[^\W_]+(?:['’.][^\W_]+)*(?:\+\+|\#|\+(?!\w))?")
# The beginning of a word that counts: it is found in one pass, whatever signs the text has.
_COUNTED = lazy(r"(?<!\S)[^\w\s]*\w")
_ARTICLES = frozenset({"the", "a", "an"})
_BETWEEN = frozenset({"and", "or"})
_LAST = frozenset({"procedure", "procedures"})
_JOINING = frozenset("/&-+")
_DEVICE = lazy(r"(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])(?:\..*)?", re.IGNORECASE)
_REFUSED = lazy(r'[<>:"|?*\\\x00-\x1f]')
LONGEST_WORD = 30
"""No word of a language is that long, in letters."""
_ONE = threading.Lock()
MARKDOWN = (".md", ".markdown", ".mdx", ".md.erb")
"""How the names of documents end."""
# A program that makes pages may say in a name what it makes of the text.
_ENDING = lazy(r"(?:\.html)?(?:\.md(?:\.erb)?|\.mdx|\.markdown)\Z", re.IGNORECASE)
NAME_EDGES = (r"(?<![\w.+#/&-])", r"(?![\w+#&-]|/\w|\.\w)")
"""Patterns for before and behind a name that is looked for in a text: there it is no part of a longer word."""


def as_sentence(text: str) -> str:
    """Return words as a sentence: with a capital where they begin with a plain word, and a full stop."""
    clean = text.strip()
    first = clean.partition(" ")[0]
    begun = clean[:1].upper() + clean[1:] if first.isalpha() and first.islower() else clean
    return begun if begun.endswith((".", "!", "?")) else f"{begun}."


def listed(names: Sequence[str], most: int = 3) -> str:
    """Return some names as a sentence lists them; of many the first of them."""
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def list_first(names: Sequence[str], most: int) -> str:
    """Return the first of some names with commas between them, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def escape_pattern(path: str) -> str:
    """Return the pattern of a path that matches it and nothing else."""
    return re.sub(r"([*?\[])", r"[\1]", path)


def is_document(path: str) -> bool:
    """Say whether a file is a document, by its name."""
    return path.lower().endswith(MARKDOWN)


def split_ending(path: str) -> tuple[str, str]:
    """Return the path of a document without its ending, and that: ``a/b.html.md`` gives ``a/b`` and ``.html.md``."""
    match = _ENDING.search(path)
    if match is None:
        return posixpath.splitext(path)
    return path[: match.start()], match[0]


def bare_name(path: str) -> str:
    """Return the name of a file without its ending."""
    return posixpath.basename(split_ending(path)[0])


def count_words(text: str) -> int:
    """Return the words of a text; a lone dash or bullet is none."""
    return len(_COUNTED.findall(text))


def amount(number: int, word: str) -> str:
    """Return a number with what it counts: ``1 file``, ``2 files``."""
    return f"{number} {word}{'' if number == 1 else 's'}"


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """Return the stem of an English word: ``deleting`` and ``deletes`` meet."""
    if len(word) >= LONGEST_WORD:
        # Finding the stem takes the square of the length.
        return word
    # It keeps the word that it works on, so that two threads at once would spoil each other's.
    with _ONE:
        return str(_stemmer().stemWord(word))


@cache
def _stemmer() -> Any:
    from Stemmer import Stemmer

    # Words are remembered here already.
    return Stemmer("english", 0)


@lru_cache(maxsize=65536)
def title_key(title: str) -> str:
    """Return the key of a title: case, articles, punctuation, emphasis, emoji and the word "Procedure" do not count.

    ``**The API Design Procedure**`` and ``api-design`` both give ``api design``. Signs that make another name of a word
    count: ``C``, ``C#`` and ``C++`` are three names.
    """
    text = _LINK.sub(r"\1", unicodedata.normalize("NFKC", title)).casefold()
    matches = list(_WORD.finditer(text))
    words = ["and" if match["and"] else match[0] for match in matches]
    while words and words[-1] in _LAST and not _ARTICLES.issuperset(words[:-1]):
        words.pop()
    return " ".join(word for place, word in enumerate(words) if not _is_article(text, words, place, matches[place]))


def _is_article(text: str, words: list[str], place: int, match: re.Match[str]) -> bool:
    """Say whether a word is an article; the letter in "A/B Test", "A and B" or "Plan A" is not."""
    if words[place] != "a":
        return words[place] in _ARTICLES
    joined = {text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]} & _JOINING
    if joined or words[place + 1 : place + 2] == []:
        return False
    return words[place + 1] not in _BETWEEN


def path_key(path: str) -> str:
    """Return the key by which paths are the same to the eye: case and the form of accents do not count."""
    return unicodedata.normalize("NFC", path).casefold()


def is_inside(path: str) -> bool:
    """Say whether a path, relative to a root, stays below it; links are not looked at."""
    plain = posixpath.normpath(path)
    return not (plain.startswith(("/", "../")) or plain == ".." or "\0" in path)


def unportable(name: str) -> str:
    """Return why Windows could not have a file or folder of that name, or nothing."""
    if _DEVICE.fullmatch(name):
        return f"{name!r} is a device on Windows"
    if name.endswith((".", " ")):
        return f"{name!r} ends in a sign that Windows takes away"
    refused = _REFUSED.search(name)
    return f"no name on Windows holds {refused[0]!r}" if refused else ""
