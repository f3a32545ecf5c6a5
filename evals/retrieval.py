"""Measure retrieval: every engine on the same questions, with intervals, and where it fails."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

from evals.bm25 import PlainIndex
from evals.dataset import Case, Dataset, Outcome
from evals.figure import Figure, estimate, estimate_gain
from evals.question import Grades, find_unknown, is_held_out, read_library, read_questions
from evals.ranking import CumulativeGain, Hit, Ranking, Recall, ReciprocalRank
from evals.report import figure_json, hash_files, table
from procauthor.errors import ConfigError
from procauthor.retrieval.chunk import Chunk
from procauthor.retrieval.embedding import embedding_for
from procauthor.retrieval.index import Engine, SectionIndex

_DEPTH = 50
_FAILED = 10
_EVALUATORS = (ReciprocalRank(), Recall(5), Hit(10), CumulativeGain(10))
_NOTE = "Gain is that of the mean reciprocal rank over plain BM25. In brackets: 95 % of bootstrap resamples."
BASE = "bm25"
_SCORES = ("mrr", "recall@5", "hit@10", "ndcg@10")

Search = Callable[[str], Ranking]
Outcomes = list[Outcome[Ranking]]


class UnknownSectionError(ConfigError):
    """A question names a section that the library does not have."""


def measure_retrieval(
    questions: Path, library: Path, embeddings: Iterable[str], *, allow_unknown: bool = False
) -> dict[str, Any]:
    """Return what every engine scores on the questions, as data.

    Args:
        questions: The file of questions.
        library: The library that they are about, or a folder of libraries.
        embeddings: Names of embeddings as in the settings. One that cannot be used here is reported as not measured.
        allow_unknown: Count a section that is not there as one that is never found.

    Raises:
        UnknownSectionError: A question names a section that is not there.
    """
    dataset, chunks = read_questions(questions), read_library(library)
    unknown = find_unknown(dataset, chunks)
    if unknown and not allow_unknown:
        message = f"{len(unknown)} sections that questions name do not exist, the first is {unknown[0]!r}"
        raise UnknownSectionError(message, "correct the questions, restore the section, or pass --allow-unknown")
    results: dict[str, Outcomes] = {BASE: dataset.evaluate(_ask(_plain(chunks)), _EVALUATORS)}
    missing: dict[str, str] = {}
    for name in embeddings:
        try:
            results |= _measure(dataset, chunks, name)
        except ConfigError as error:
            missing[name] = error.message
    return _describe(dataset, chunks, results, missing) | {"questions_sha256": hash_files([questions])}


def show_retrieval(result: Mapping[str, Any]) -> str:
    """Return the result as Markdown: a table for each part of the questions, and the questions where it fails."""
    lines = [f"{result['questions']} questions about {result['sections']} sections. {_NOTE}", ""]
    for part, engines in result["parts"].items():
        rows = [[name, *(_cell(scores[key]) for key in (*_SCORES, "gain"))] for name, scores in engines.items()]
        lines += [f"**{part}**", "", table(["engine", "MRR", "recall@5", "hit@10", "nDCG@10", "gain"], rows), ""]
    lines += [f"Not measured: `{name}` ({reason})." for name, reason in result["not_measured"].items()]
    for engine, failed in result["failures"].items():
        lines += ["", f"No answer in the first {_FAILED} of `{engine}` ({len(failed)} questions):", ""]
        lines += [f"- {one['query']} ({', '.join(one['expected'])})" for one in failed]
    return "\n".join(lines) + "\n"


def _measure(dataset: Dataset[str, Grades], chunks: list[Chunk], name: str) -> dict[str, Outcomes]:
    results: dict[str, Outcomes] = {}
    with _index(chunks, name) as index:
        for engine in get_args(Engine):
            label = engine if name == "builtin" else f"{engine}, {name}"
            if name == "builtin" or engine != "lexical":
                results[label] = dataset.evaluate(_ask(_search(index, engine)), _EVALUATORS)
    return results


@contextmanager
def _index(chunks: list[Chunk], embedding: str) -> Iterator[SectionIndex]:
    with (
        tempfile.TemporaryDirectory() as folder,
        SectionIndex.open(Path(folder), embedding=embedding_for(embedding)) as index,
    ):
        index.sync(chunks)
        yield index


def _search(index: SectionIndex, engine: Engine) -> Search:
    return lambda query: [hit.chunk.place for hit in index.search(query, _DEPTH, engine=engine)]


def _plain(chunks: list[Chunk]) -> Search:
    texts: dict[str, str] = {}
    for chunk in chunks:
        texts[chunk.place] = f"{texts.get(chunk.place, chunk.heading)}\n{chunk.text}"
    index = PlainIndex(texts)
    return lambda query: index.search(query, _DEPTH)


def _ask(search: Search) -> Callable[[Case[str, Grades]], Ranking]:
    return lambda case: search(case.input)


def _describe(
    dataset: Dataset[str, Grades], chunks: list[Chunk], results: Mapping[str, Outcomes], missing: Mapping[str, str]
) -> dict[str, Any]:
    held_out = {case.name for case in dataset.cases if is_held_out(case)}
    every = {case.name for case in dataset.cases}
    parts = {"all": every, "held out": held_out, "development": every - held_out}
    return {
        "questions": len(dataset.cases),
        "sections": len({chunk.place for chunk in chunks}),
        "library_sha256": hashlib.sha256("".join(sorted(chunk.hash for chunk in chunks)).encode()).hexdigest(),
        "parts": {name: _compare(results, names) for name, names in parts.items() if names},
        "not_measured": dict(missing),
        "failures": {name: _failures(dataset, outcomes) for name, outcomes in results.items() if "merged" in name},
        "ranks": {name: {one.case: _rank(one) for one in outcomes} for name, outcomes in results.items()},
    }


def _compare(results: Mapping[str, Outcomes], names: set[str]) -> dict[str, dict[str, Any]]:
    base = [one.scores["mrr"] for one in results[BASE] if one.case in names]
    found: dict[str, dict[str, Any]] = {}
    for engine, outcomes in results.items():
        kept = [one for one in outcomes if one.case in names]
        figures = {score: estimate([one.scores[score] for one in kept]) for score in _SCORES}
        gain = estimate_gain([one.scores["mrr"] for one in kept], base)
        found[engine] = {name: figure_json(figure) for name, figure in {**figures, "gain": gain}.items()}
    return found


def _failures(dataset: Dataset[str, Grades], outcomes: Outcomes) -> list[dict[str, Any]]:
    cases = {case.name: case for case in dataset.cases}
    failed = [cases[one.case] for one in outcomes if not one.scores[f"hit@{_FAILED}"]]
    return [{"case": case.name, "query": case.input, "expected": sorted(case.expected)} for case in failed]


def _rank(outcome: Outcome[Ranking]) -> int:
    """Return the rank of the first answer, or 0."""
    return round(1 / outcome.scores["mrr"]) if outcome.scores["mrr"] else 0


def _cell(figure: Mapping[str, float]) -> str:
    return str(Figure(figure["mean"], figure["low"], figure["high"]))
