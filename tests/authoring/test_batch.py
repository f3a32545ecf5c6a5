"""The schedule and the allowance of a batch, over random graphs and random moments."""

import random
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procauthor.authoring.allowance import Allowance
from procauthor.authoring.brief import Usage
from procauthor.authoring.reply import Reply
from procauthor.batch.schedule import LACKING, THERE, Schedule, Task, limit_tasks, renew
from procauthor.errors import BudgetError, HaltError

OUTCOMES = ("drafted", "drafted", "drafted", "needs revision", "failed", "stopped")


@st.composite
def schedules(draw):
    size = draw(st.integers(1, 14))
    numbers = draw(st.permutations(range(1, size + 1)))
    tasks = []
    for place, number in enumerate(numbers):
        before = draw(st.sets(st.sampled_from(numbers[:place]), max_size=4)) if place else set()
        needs = {n for n in before if draw(st.booleans())}
        tasks.append(Task(number, f"Work {number}", tuple(sorted(needs)), tuple(sorted(before - needs))))
    return Schedule(tuple(tasks), draw(st.sampled_from(["wait", "announce"])))


def play(schedule, dice, jobs, states=None, *, accept=True):
    """Carry a batch with random outcomes in random order; return the states and the order of starts and accepts."""
    states = dict(states or dict.fromkeys(schedule.by_number, "waiting"))
    working, started, accepted = set(), [], []
    while True:
        states = schedule.settle(states)
        for number in schedule.ready(states)[: jobs - len(working)]:
            task = schedule.by_number[number]
            assert all(states[n] in (*THERE, *LACKING) for n in task.before), "begun too early"
            assert schedule.on_failure == "announce" or all(states[n] in THERE for n in task.needs)
            states[number] = "working"
            working.add(number)
            started.append((number, schedule.base(number, states)))
        turn = schedule.turn(states) if accept else None
        if turn is not None and dice.random() < 0.5:
            states[turn] = "accepted"
            accepted.append(turn)
        elif working:
            number = dice.choice(sorted(working))
            working.remove(number)
            states[number] = dice.choice(OUTCOMES)
        elif turn is None:
            return states, started, accepted


@settings(deadline=None, max_examples=400)
@given(schedules(), st.randoms(use_true_random=False), st.integers(1, 5))
def test_every_item_ends_in_one_state_in_the_order_of_dependencies(schedule, dice, jobs):
    states, started, accepted = play(schedule, dice, jobs)
    numbers = [number for number, _ in started]
    assert len(numbers) == len(set(numbers)), "an item was done twice"
    places = [task.number for task in schedule.tasks]
    assert accepted == sorted(accepted, key=places.index), "a draft overtook an earlier one"
    for task in schedule.tasks:
        before = [numbers.index(n) for n in task.before if n in numbers]
        assert task.number not in numbers or all(place < numbers.index(task.number) for place in before)
        if states[task.number] == "waiting":
            assert any(states[n] in ("waiting", "stopped") for n in task.before)
        if states[task.number] == "blocked":
            assert any(states[n] in LACKING for n in task.needs)
    assert "working" not in states.values()


@settings(deadline=None, max_examples=200)
@given(schedules(), st.randoms(use_true_random=False), st.integers(1, 5))
def test_what_an_item_builds_on_does_not_depend_on_the_moment(schedule, dice, jobs):
    def all_well(dice, jobs):
        states = dict.fromkeys(schedule.by_number, "waiting")
        working, seen = set(), {}
        while len(seen) < len(states) or working:
            for number in schedule.ready(states)[: jobs - len(working)]:
                seen[number] = schedule.base(number, states)
                states[number] = "working"
                working.add(number)
            number = dice.choice(sorted(working))
            working.remove(number)
            states[number] = dice.choice(["drafted", "accepted"])
        return seen

    assert all_well(dice, jobs) == all_well(random.Random(1), 1)


@settings(deadline=None, max_examples=100)
@given(schedules(), st.randoms(use_true_random=False))
def test_a_batch_that_goes_on_tries_again_what_failed_and_comes_to_its_end(schedule, dice):
    states, _, _ = play(schedule, dice, 3)
    for _ in range(60):
        if set(states.values()) <= {"accepted", "needs revision", "blocked"}:
            break
        states, _, _ = play(schedule, dice, 3, renew(states))
    assert set(states.values()) <= {"accepted", "needs revision", "blocked"}


@settings(deadline=None, max_examples=100)
@given(schedules())
def test_waves_and_the_critical_path_fit_together(schedule):
    assert sorted(n for wave in schedule.waves for n in wave) == sorted(schedule.by_number)
    assert len(schedule.critical_path) == len(schedule.waves)


def test_a_choice_of_items_forgets_what_was_not_chosen():
    tasks = (Task(1, "a"), Task(2, "b", (1,)), Task(3, "c", (2,), (1,)))
    assert limit_tasks(tasks, (), 2) == tasks[:2]
    assert limit_tasks(tasks, (1, 3), None) == (Task(1, "a"), Task(3, "c", (), (1,)))


# The allowance


def reply(tokens):
    return Reply("{}", usage=Usage(1, tokens, 0))


def together(works):
    """Run all at once; return what each returned or raised."""
    found = [None] * len(works)

    def run(place, work):
        try:
            found[place] = work()
        except (BudgetError, HaltError) as error:
            found[place] = error

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    return found


@pytest.mark.parametrize("seed", range(5))
def test_the_ceiling_is_never_passed_and_used_as_far_as_calls_fit(seed):
    dice = random.Random(seed)
    ceiling, spent, flying, most = 1000, [], [], []
    allowance = Allowance(3, ceiling)

    def call(need):
        cost = dice.randint(need // 4, need)

        def make():
            flying.append(need)
            most.append((len(flying), sum(spent) + sum(flying)))
            time.sleep(0.001)
            flying.remove(need)
            spent.append(cost)
            return reply(cost)

        return lambda: allowance.spend((0,), need, make)

    found = together([call(dice.randint(20, 120)) for _ in range(40)])
    assert max(count for count, _ in most) <= 3
    assert max(total for _, total in most) <= ceiling
    assert sum(spent) <= ceiling
    refused = [each for each in found if isinstance(each, BudgetError)]
    assert refused
    assert len(refused) + len(spent) == 40
    assert sum(spent) > ceiling - 240


def test_a_failed_call_gives_its_tokens_back():
    allowance = Allowance(1, 100)

    def fail():
        message = "no answer"
        raise TimeoutError(message)

    for _ in range(3):
        with pytest.raises(TimeoutError, match="no answer"):
            allowance.spend((0,), 80, fail)
    assert allowance.spend((0,), 80, lambda: reply(10)) == reply(10)
    with pytest.raises(BudgetError, match="90 are left"):
        allowance.spend((0,), 91, lambda: reply(1))


def test_the_lowest_rank_goes_first():
    allowance, order = Allowance(1), []
    gate = threading.Event()

    def hold():
        gate.wait(5)
        return reply(1)

    def turn(rank):
        return lambda: allowance.spend((rank,), 1, lambda: order.append(rank) or reply(1))

    def release():
        time.sleep(0.1)
        gate.set()

    def late(rank):
        def work():
            time.sleep(0.03)
            return turn(rank)()

        return work

    together([lambda: allowance.spend((0,), 1, hold), *(late(rank) for rank in (5, 2, 4, 3)), release])
    assert order == [2, 3, 4, 5]


def test_no_call_begins_after_the_deadline_or_a_halt():
    now = [0.0]
    allowance = Allowance(2, deadline=10.0, clock=lambda: now[0])
    allowance.spend((0,), 1, lambda: reply(1))
    now[0] = 10.0
    with pytest.raises(HaltError, match="deadline"):
        allowance.spend((0,), 1, lambda: reply(1))
    other = Allowance(1)
    other.halt("interrupted")
    other.halt("later words do not count")
    with pytest.raises(HaltError, match="interrupted"):
        other.spend((0,), 1, lambda: reply(1))
