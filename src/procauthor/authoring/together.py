"""Calls at the same time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")


def together(*calls: Callable[[], _Result]) -> list[_Result]:
    """Return what the calls return, in their order, made at the same time.

    Where some fail, the others come to their end first, so that what they paid for is kept; then the error of the
    first is raised. An interrupt leaves them: they end with their connections, or with the program.
    """
    box: queue.SimpleQueue[int] = queue.SimpleQueue()
    results: dict[int, _Result] = {}
    errors: dict[int, BaseException] = {}

    def work(place: int) -> None:
        try:
            results[place] = calls[place]()
        except BaseException as error:  # noqa: BLE001 - it is raised again where it was waited for
            errors[place] = error
        box.put(place)

    for place in range(len(calls)):
        threading.Thread(target=work, args=(place,), daemon=True, name="procauthor-step").start()
    for _ in calls:
        box.get()
    if errors:
        raise errors[min(errors)]
    return [results[place] for place in range(len(calls))]
