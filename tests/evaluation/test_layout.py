"""The layered layout of the dependency graph."""

from hypothesis import given, settings
from hypothesis import strategies as st

from procauthor.reporting.evaluation.layout import lay_out, reduce

GRAPHS = st.integers(1, 14).flatmap(
    lambda size: st.tuples(
        st.just(size), st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=30)
    )
)


def test_a_chain_goes_from_left_to_right_on_one_height() -> None:
    layout = lay_out(3, [(0, 1), (1, 2)])
    assert layout.layers == (0, 1, 2)
    assert max(layout.heights) - min(layout.heights) < 1e-6


def test_a_long_edge_is_led_around_what_stands_between() -> None:
    layout = lay_out(3, [(0, 1), (1, 2), (0, 2)])
    ((layer, height),) = layout.routes[0, 2]
    assert layer == 1
    assert abs(height - layout.heights[1]) > 0.4


@settings(deadline=None, max_examples=60)
@given(GRAPHS)
def test_no_two_nodes_share_a_place_and_edges_go_right(graph: tuple[int, list[tuple[int, int]]]) -> None:
    size, edges = graph
    layout = lay_out(size, edges)
    for a in range(size):
        for b in range(a):
            if layout.layers[a] == layout.layers[b]:
                assert abs(layout.heights[a] - layout.heights[b]) > 0.99
    ends = {(a, b) for a, b in edges if a != b}
    assert set(layout.routes) == ends
    assert all(layout.layers[a] != layout.layers[b] for a, b in ends)
    assert layout == lay_out(size, list(reversed(edges)))


def reachable(size: int, edges: list[tuple[int, int]]) -> set[tuple[int, int]]:
    found = set(edges)
    for middle in range(size):
        found |= {(a, b) for a in range(size) for b in range(size) if (a, middle) in found and (middle, b) in found}
    return found


@settings(deadline=None, max_examples=60)
@given(GRAPHS)
def test_left_out_edges_follow_from_the_others(graph: tuple[int, list[tuple[int, int]]]) -> None:
    size, edges = graph
    forward = sorted({(min(e), max(e)) for e in edges if e[0] != e[1]})
    kept = reduce(size, forward)
    assert reachable(size, kept) == reachable(size, forward)
    for edge in kept:
        rest = [other for other in kept if other != edge]
        assert edge not in reachable(size, rest)
