"""The order of items, over random graphs."""

import os
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procauthor.planning.order import arrange
from procauthor.planning.plan import PRIORITIES, Dependency, PlanItem


def title(number):
    return f"Work {number} Procedure"


def item(number, needs=(), priority="P1", blocks=(), soft=()):
    depends = [Dependency(title(n), "to be defined") for n in needs]
    depends += [Dependency(title(n), "to be defined", hard=False) for n in soft]
    return PlanItem(number, title(number), priority, depends_on=tuple(depends), blocks=tuple(map(title, blocks)))


@st.composite
def graphs(draw, *, circles=False):
    size = draw(st.integers(1, 12))
    ranks = draw(st.permutations(range(1, size + 1)))
    items = []
    for place, number in enumerate(ranks):
        choice = ranks if circles else ranks[:place]
        needs = draw(st.sets(st.sampled_from(choice), max_size=3)) if choice else ()
        soft = draw(st.sets(st.sampled_from(ranks), max_size=2))
        behind = draw(st.sets(st.sampled_from(ranks[place + 1 :]), max_size=1)) if ranks[place + 1 :] else ()
        items.append(item(number, needs, draw(st.sampled_from(PRIORITIES)), behind, soft - set(needs)))
    return items


@settings(deadline=None, max_examples=60)
@given(graphs())
def test_what_an_item_needs_comes_before_it(items):
    order, problems = arrange(items)
    place = {number: index for index, number in enumerate(order)}
    assert problems == ()
    for each in items:
        assert all(place[int(d.title.split()[1])] < place[each.number] for d in each.depends_on if d.hard)
        assert all(place[int(b.split()[1])] > place[each.number] for b in each.blocks)


@settings(deadline=None, max_examples=60)
@given(graphs(circles=True), st.randoms(use_true_random=False))
def test_shuffling_changes_neither_order_nor_problems(items, rng):
    shuffled = list(items)
    rng.shuffle(shuffled)
    assert arrange(shuffled) == arrange(items)


@settings(deadline=None, max_examples=60)
@given(graphs(circles=True))
def test_every_item_stands_in_the_order_once_and_circles_are_real(items):
    order, problems = arrange(items)
    assert sorted(order) == sorted(i.number for i in items)
    needs = {(int(d.title.split()[1]), i.number) for i in items for d in i.depends_on if d.hard}
    needs |= {(i.number, int(b.split()[1])) for i in items for b in i.blocks}
    for problem in problems:
        path = [int(part.split()[0]) for part in problem.message.split(": ")[1].split(" -> ")]
        assert path[0] == path[-1]
        assert all(edge in needs for edge in pairwise(path))


def test_ready_items_come_by_priority_and_then_by_number():
    items = [item(1, priority="P2"), item(2, priority="P0", needs=[3]), item(3, priority="P3"), item(4, priority="P0")]
    assert arrange(items)[0] == (4, 1, 3, 2)


def test_a_circle_is_named_by_its_shortest_way_and_hides_no_item():
    order, problems = arrange([item(1, [3]), item(2, [1]), item(3, [2, 1]), item(4)])
    assert [p.message for p in problems] == [
        "dependencies run in a circle: 1 Work 1 Procedure -> 3 Work 3 Procedure -> 1 Work 1 Procedure"
    ]
    assert sorted(order) == [1, 2, 3, 4]


def test_an_item_that_needs_itself_is_a_circle():
    order, problems = arrange([item(1, [1])])
    assert (order, [p.kind for p in problems]) == ((1,), ["cycle"])


def test_a_soft_dependency_gives_way_to_a_hard_one():
    assert arrange([item(1, soft=[2]), item(2, [1]), item(3, soft=[4]), item(4)]) == ((1, 2, 4, 3), ())


def test_a_long_chain_is_ordered():
    items = [item(n, [n + 1] if n < 3000 else []) for n in range(1, 3001)]
    random.Random(1).shuffle(items)
    assert arrange(items)[0] == tuple(range(3000, 0, -1))


def random_items(chance):
    """Return up to 40 items with needs that may run in circles."""
    size = chance.randint(1, 40)
    numbers = chance.sample(range(1, 200), size)
    density = chance.choice((0.5, 1.0, 2.5))
    found = []
    for place, number in enumerate(numbers):
        near = numbers if chance.random() < 0.02 else numbers[:place]
        needs = chance.sample(near, min(len(near), int(chance.expovariate(1) * density)))
        behind = chance.sample(numbers[place + 1 :], min(size - place - 1, int(chance.random() * 1.2)))
        found.append(item(number, needs, chance.choice(PRIORITIES), behind))
    return found


def reaches(edges, start, end):
    after = {}
    for a, b in edges:
        after.setdefault(a, []).append(b)
    seen, stack = set(), list(after.get(start, ()))
    while stack:
        number = stack.pop()
        if number not in seen:
            seen.add(number)
            stack += after.get(number, ())
    return end in seen


@pytest.mark.parametrize("block", range(10))
def test_many_random_graphs_are_ordered_whatever_the_order_of_their_items(block):
    """PROCAUTHOR_GRAPHS=1000 makes it 10,000 graphs in all."""
    for seed in range(int(os.environ.get("PROCAUTHOR_GRAPHS", "30"))):
        chance = random.Random(f"{block}/{seed}")
        items = random_items(chance)
        order, problems = arrange(items)
        place = {number: index for index, number in enumerate(order)}
        assert sorted(order) == sorted(i.number for i in items)
        edges = {(int(d.title.split()[1]), i.number) for i in items for d in i.depends_on}
        edges |= {(i.number, int(b.split()[1])) for i in items for b in i.blocks}
        for before, then in edges:
            assert place[before] < place[then] or reaches(edges, then, before)
        circular = any(reaches(edges, i.number, i.number) for i in items)
        assert circular == any(p.kind == "cycle" for p in problems)
        shuffled = list(items)
        chance.shuffle(shuffled)
        assert arrange(shuffled) == (order, problems)
