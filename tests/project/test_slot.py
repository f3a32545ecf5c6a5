"""An item with a reply computes before those that begin, and no more at once than there is room for."""

import threading
import time

from procauthor.batch.session import CpuSlots


def test_an_item_with_a_reply_goes_before_those_that_wait_to_begin() -> None:
    slots = CpuSlots(1)
    told: list[str] = []
    away, back = threading.Event(), threading.Event()

    def first() -> None:
        with slots.held():
            with slots.released():
                away.set()
                back.wait(10)
            told.append("reply")

    def begin(name: str) -> None:
        with slots.held():
            told.append(name)
            if name == "holds":
                back.set()
                # Until everybody waits: the one with the reply, and the one who begins.
                time.sleep(0.2)

    threads = [threading.Thread(target=first)]
    threads[0].start()
    away.wait(10)
    for name in ("holds", "begins"):
        threads.append(threading.Thread(target=begin, args=(name,)))
        threads[-1].start()
        time.sleep(0.05)
    for thread in threads:
        thread.join(10)
    assert told == ["holds", "reply", "begins"]


def test_no_more_compute_at_once_than_there_is_room_for() -> None:
    slots, lock, now, most = CpuSlots(2), threading.Lock(), 0, 0

    def compute() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.005)
        with lock:
            now -= 1

    def item() -> None:
        with slots.held():
            compute()
            for _ in range(3):
                with slots.released():
                    time.sleep(0.002)
                compute()

    threads = [threading.Thread(target=item) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert most == 2
