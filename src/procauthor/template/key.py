"""Keys of headings: the same section, whatever its number, level, emoji or emphasis."""

from __future__ import annotations

import keyword
import re
import unicodedata
from functools import lru_cache

_NUMBER = re.compile(r"^\s*(?:§\s*)?(?:\d+(?:\.\d+)*[.):]?|[A-Z][.)])\s+")
_WORD = re.compile(r"\w+")
# Names that the base class of a typed model has already.
_TAKEN = frozenset(
    ("construct", "copy", "dict", "from_orm", "json", "parse_file", "parse_obj", "parse_raw", "schema", "schema_json",
     "update_forward_refs", "validate")
)  # fmt: skip


def plain_heading(heading: str) -> str:
    """Return a heading without its number: ``3. Required Inputs`` gives ``Required Inputs``."""
    return _NUMBER.sub("", heading).strip()


@lru_cache(maxsize=4096)
def section_key(heading: str) -> str:
    """Return the key of a heading: ``### 🔒 3. Required Inputs`` and ``Required inputs:`` give ``required inputs``."""
    text = unicodedata.normalize("NFKC", heading)
    text = "".join(c for c in text if unicodedata.category(c) not in ("So", "Sk", "Cf", "Mn") or c.isalnum()).strip()
    text = _NUMBER.sub("", text)
    return " ".join(_WORD.findall(text.casefold().replace("&", " and ")))


def identifier(key: str, fallback: str) -> str:
    """Return the key as a Python name, for a field of a model."""
    name = "_".join(re.findall(r"[a-z0-9]+", key))
    if not name or name[0].isdigit():
        return fallback
    taken = keyword.iskeyword(name) or name in _TAKEN or name.startswith("model_")
    return f"{name}_" if taken else name
