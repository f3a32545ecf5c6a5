"""How a call is made that costs something: at once, or when there is room for it."""

from __future__ import annotations

from collections.abc import Callable

from procauthor.authoring.reply import Reply

Spend = Callable[[int, Callable[[], Reply]], Reply]
"""Makes a call that may use so many tokens, and returns its reply."""


def at_once(_need: int, call: Callable[[], Reply]) -> Reply:
    """Make a call without asking anybody."""
    return call()
