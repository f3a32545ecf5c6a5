"""JSON for people and programs: indented, in UTF-8 letters."""

from __future__ import annotations

import json
from typing import Any

import msgspec


def dump(data: Any) -> str:
    """Return data as JSON with an indent of two, without a line feed at its end.

    A file name that is no UTF-8 holds lone surrogates, which only the slower encoder of the standard library takes.
    """
    try:
        return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()
    except UnicodeEncodeError:
        return json.dumps(data, ensure_ascii=False, indent=2)
