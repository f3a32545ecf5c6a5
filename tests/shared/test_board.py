"""Claims, leases and the shared ceiling, by many workers at once on a real Postgres."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest

from procauthor.authoring.batch.allowance import Allowance
from procauthor.authoring.batch.board import Item
from procauthor.authoring.batch.shared import SharedBoard
from procauthor.authoring.brief import Usage
from procauthor.authoring.reply import Reply
from procauthor.authoring.store.postgres.database import Database
from procauthor.authoring.store.postgres.shelf import TableShelf
from procauthor.errors import BudgetError, HaltError, LockedError, StoreError
from tests.shared.conftest import rows

NUMBERS = range(1, 31)


class Batch:
    """A batch in the database, and workers that join it, each as a process would."""

    def __init__(self, stack: ExitStack, ceiling: int | None) -> None:
        self.stack = stack
        self.database = Database(lease=30)
        stack.enter_context(self.database.opened())
        query = "insert into procauthor_batch (ceiling) values (%s) returning number"
        self.number = self.database.run(lambda c: c.execute(query, (ceiling,)).fetchone())["number"]

    def join(
        self, *, home: bool = False, lost: Callable[[str], None] = lambda _: None, lease: float = 30
    ) -> SharedBoard:
        database = Database(lease=lease)
        self.stack.enter_context(database.opened())
        board = SharedBoard(database, TableShelf(database, self.number))
        self.stack.enter_context(board.joined(home=home, lost=lost))
        return board


@pytest.fixture
def stack():
    with ExitStack() as found:
        yield found


def working(number: int) -> Item:
    return Item(number, f"Part {number}", "working")


def silence(url: str, board: SharedBoard) -> None:
    """Let a worker have said nothing for an hour."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "update procauthor_worker set seen = now() - interval '1 hour' where id = %s", (board.worker,)
        )


def test_of_many_workers_one_gets_an_item(stack: ExitStack, url: str) -> None:
    batch = Batch(stack, None)
    boards = [batch.join() for _ in range(4)]
    got: list[int] = []

    def grab(board: SharedBoard) -> None:
        order = random.sample(NUMBERS, len(NUMBERS))
        got.extend(number for number in order if board.claim(working(number)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(grab, boards))
    assert sorted(got) == list(NUMBERS)
    holders = rows(url, "select distinct worker from procauthor_item")
    assert len(holders) > 1


def test_what_a_dead_worker_had_goes_to_another_and_its_word_counts_no_more(stack: ExitStack, url: str) -> None:
    batch, told = Batch(stack, None), threading.Event()
    first, second = batch.join(lost=lambda _: told.set(), lease=1), batch.join()
    assert first.claim(working(1))
    assert first.claim(working(2))
    assert not second.claim(working(1))
    assert second.items()[1].state == "working"
    assert not second.keep(Item(1, "Part 1", "blocked"), {})
    silence(url, first)
    assert told.wait(20)
    assert second.items()[1].state == "waiting"
    assert not first.claim(working(3))
    with pytest.raises(HaltError):
        first.reserve(1)
    assert second.claim(working(1))
    assert not first.keep(Item(1, "Part 1", "drafted"), {"items/001.md": b"late"})
    assert second.keep(Item(1, "Part 1", "drafted"), {"items/001.md": b"good"})
    assert not first.keep(Item(1, "Part 1", "failed"), {"items/001.md": b"later"})
    assert second.items()[1].state == "drafted"
    assert second.shelf.read("items/001.md") == b"good"
    # Nobody took the other one, so what was done of it is welcome.
    assert first.keep(Item(2, "Part 2", "drafted"), {})


def test_one_worker_is_at_home(stack: ExitStack, url: str) -> None:
    batch = Batch(stack, None)
    first = batch.join(home=True)
    with pytest.raises(LockedError) as caught:
        batch.join(home=True)
    assert "its lease ends within 30 seconds" in caught.value.hint
    batch.join()
    silence(url, first)
    batch.join(home=True)


def test_the_ceiling_holds_for_all_workers_together(stack: ExitStack, url: str) -> None:
    batch = Batch(stack, 1000)
    boards = [batch.join() for _ in range(3)]
    allowances = [Allowance(2, board.purse(None, 0)) for board in boards]
    dice, lock = random.Random(3), threading.Lock()
    flying: list[int] = []
    spent: list[int] = []
    most: list[int] = []

    def call(place: int) -> bool:
        need = 20 + 7 * place % 100

        def make() -> Reply:
            with lock:
                flying.append(need)
                most.append(sum(spent) + sum(flying))
                cost = dice.randint(need // 4, need)
            time.sleep(0.005)
            with lock:
                flying.remove(need)
                spent.append(cost)
            return Reply("{}", usage=Usage(1, cost, 0))

        try:
            allowances[place % 3].spend((place,), need, make)
        except BudgetError:
            return False
        return True

    with ThreadPoolExecutor(9) as pool:
        made = list(pool.map(call, range(45)))
    assert max(most) <= 1000
    assert not all(made)
    assert 880 <= sum(spent) <= 1000
    assert rows(url, "select spent from procauthor_batch") == [(sum(spent),)]
    assert boards[0].reserved() == 0


def test_a_worker_that_sleeps_within_a_transaction_holds_nobody_up(stack: ExitStack, url: str) -> None:
    batch = Batch(stack, 100)
    sleeper, other = batch.join(lease=2), batch.join()
    held = threading.Event()

    def sleep(connection: psycopg.Connection[object]) -> None:
        connection.execute("select from procauthor_batch where number = %s for update", (batch.number,))
        held.set()
        time.sleep(2.5)

    with ThreadPoolExecutor(1) as pool:
        asleep = pool.submit(lambda: sleeper.database.run(sleep))
        assert held.wait(20)
        started = time.monotonic()
        assert other.claim(working(1))
        assert time.monotonic() - started < 2
        with pytest.raises(StoreError, match="cannot be used"):
            asleep.result()


def test_what_a_dead_worker_reserved_is_free_again(stack: ExitStack, url: str) -> None:
    batch = Batch(stack, 100)
    first, second = batch.join(), batch.join()
    assert first.reserve(80)
    assert (second.left(), second.reserve(30)) == (20, False)
    silence(url, first)
    assert (second.left(), second.reserve(30)) == (100, True)
