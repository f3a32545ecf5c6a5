"""The questions stay true to the library, and the figures fall when the search is broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evals.bm25 import PlainIndex
from evals.dataset import Case, Dataset
from evals.figure import estimate, estimate_gain
from evals.question import ANSWERS, HELPS, Grades, find_unknown, is_held_out, read_library, read_questions
from evals.ranking import CumulativeGain, Hit, Recall, ReciprocalRank
from evals.retrieval import UnknownSectionError, measure_retrieval, show_retrieval

ROOT = Path(__file__).parents[2]
QUESTIONS = read_questions(ROOT / "evals" / "retrieval.jsonl")
EVALUATORS = (ReciprocalRank(), Recall(5), Hit(10), CumulativeGain(10))


def test_every_section_that_a_question_names_exists() -> None:
    assert find_unknown(QUESTIONS, read_library(ROOT / "procedures")) == []


def test_there_are_enough_distinct_questions_with_two_grades() -> None:
    assert len({case.input for case in QUESTIONS.cases}) == len({case.name for case in QUESTIONS.cases}) >= 120
    assert {grade for case in QUESTIONS.cases for grade in case.expected.values()} == {ANSWERS, HELPS}
    assert all(ANSWERS in case.expected.values() for case in QUESTIONS.cases)


def test_about_half_of_the_questions_are_held_out() -> None:
    share = sum(map(is_held_out, QUESTIONS.cases)) / len(QUESTIONS.cases)
    assert 0.4 < share < 0.6


SMALL: Dataset[str, Grades] = Dataset(
    "small",
    (
        Case("one", "q", {"a": ANSWERS, "b": HELPS}),
        Case("two", "q", {"c": ANSWERS, "d": ANSWERS}),
    ),
)


@pytest.mark.parametrize(
    ("ranking", "scores"),
    [
        (["a", "b", "c", "d"], [(1, 1, 1), (1 / 3, 1, 1)]),
        (["d", "x", "a"], [(1 / 3, 1, 1), (1, 0.5, 1)]),
        (["x"], [(0, 0, 0), (0, 0, 0)]),
        ([*"pqrstuvwxy", "a"], [(1 / 11, 0, 0), (0, 0, 0)]),
    ],
)
def test_scores_of_a_ranking(ranking: list[str], scores: list[tuple[float, float, float]]) -> None:
    outcomes = SMALL.evaluate(lambda _case: ranking, EVALUATORS)
    found = [(one.scores["mrr"], one.scores["recall@5"], one.scores["hit@10"]) for one in outcomes]
    assert found == [pytest.approx(expected) for expected in scores]


def test_a_section_that_helps_counts_less_than_one_that_answers() -> None:
    def gain(ranking: list[str]) -> float:
        return SMALL.evaluate(lambda _case: ranking, [CumulativeGain(10)])[0].scores["ndcg@10"]

    assert gain(["a", "b"]) == pytest.approx(1)
    assert 1 > gain(["b", "a"]) > gain(["b"]) > gain(["x"]) == 0


def test_plain_bm25_prefers_rare_words_and_short_texts() -> None:
    index = PlainIndex({"long": "disk full " + "and more " * 40, "short": "disk full", "other": "disk network"})
    assert index.search("FULL disk", 5) == ["short", "long", "other"]
    assert index.search("nothing of it", 5) == []


def test_an_interval_holds_its_mean_and_is_the_same_each_time() -> None:
    values = [0.0, 0.5, 1.0, 1.0, 0.25] * 8
    assert estimate(values) == estimate(values)
    assert estimate(values).low < estimate(values).mean < estimate(values).high
    assert estimate_gain([2 * x for x in values], values).mean == pytest.approx(1)


LIBRARY = {
    "disk.md": "# Disk Full\n\n## Mitigation\n\nRotate the logs, then enlarge the volume.\n",
    "review.md": "# Review\n\n## Approval\n\nTwo people have to approve a merge.\n",
    "canary.md": "# Canary\n\n## Watch\n\nCompare the error rate of both versions.\n",
}
LINES = """
{"query": "who approves a merge", "relevant": ["review.md#approval"]}
{"query": "enlarge a volume", "relevant": ["disk.md#mitigation"], "partial": ["disk.md#disk-full"]}
{"query": "error rate", "relevant": ["canary.md#watch"]}
"""


@pytest.fixture
def questions(tmp_path: Path) -> Callable[[str], Path]:
    for name, text in LIBRARY.items():
        (tmp_path / name).write_text(text)

    def write(lines: str) -> Path:
        file = tmp_path / "questions.jsonl"
        file.write_text(lines)
        return file

    return write


def test_measuring_gives_every_engine_and_names_what_could_not_be_measured(
    questions: Callable[[str], Path], tmp_path: Path
) -> None:
    result = measure_retrieval(questions(LINES), tmp_path, ["builtin", "langchain:nobody:nothing"])
    engines = result["parts"]["all"]
    assert set(engines) == {"bm25", "lexical", "dense", "merged"}
    assert engines["merged"]["mrr"]["mean"] == 1
    assert engines["merged"]["gain"]["mean"] == 0
    assert "langchain:nobody:nothing" in result["not_measured"]
    assert "Not measured: `langchain:nobody:nothing`" in show_retrieval(result)


def test_a_library_without_its_words_makes_the_figures_fall(questions: Callable[[str], Path], tmp_path: Path) -> None:
    whole = measure_retrieval(questions(LINES), tmp_path, ["builtin"])
    for name in LIBRARY:
        text = (tmp_path / name).read_text()
        (tmp_path / name).write_text("\n".join(line if line.startswith("#") else "" for line in text.splitlines()))
    broken = measure_retrieval(questions(LINES), tmp_path, ["builtin"])
    fell = whole["parts"]["all"]["merged"]["mrr"]["mean"] - broken["parts"]["all"]["merged"]["mrr"]["mean"]
    assert fell > 0.3


def test_a_question_about_a_section_that_is_gone_is_refused(questions: Callable[[str], Path], tmp_path: Path) -> None:
    file = questions('{"query": "x", "relevant": ["disk.md#gone"]}\n')
    with pytest.raises(UnknownSectionError, match=r"disk\.md#gone"):
        measure_retrieval(file, tmp_path, ["builtin"])
