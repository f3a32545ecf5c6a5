"""Who has a reply computes before those who begin, and no more at once than there is room for."""

import threading
import time

from procauthor.project.batch.hands import Hands


def test_whoever_has_a_reply_goes_before_those_who_wait_to_begin() -> None:
    hands = Hands(1)
    told: list[str] = []
    away, back = threading.Event(), threading.Event()

    def first() -> None:
        with hands.held():
            with hands.released():
                away.set()
                back.wait(10)
            told.append("reply")

    def begin(name: str) -> None:
        with hands.held():
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
    hands, lock, now, most = Hands(2), threading.Lock(), 0, 0

    def compute() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.005)
        with lock:
            now -= 1

    def item() -> None:
        with hands.held():
            compute()
            for _ in range(3):
                with hands.released():
                    time.sleep(0.002)
                compute()

    threads = [threading.Thread(target=item) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert most == 2
