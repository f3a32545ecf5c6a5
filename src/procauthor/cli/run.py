"""The command that authors the open items of a plan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from procauthor.cli.output import (
    INTERRUPTED,
    Json,
    author_id,
    open_project,
    say,
    say_error,
    say_notices,
    show,
    show_json,
    show_lines,
)
from procauthor.regex import lazy

if TYPE_CHECKING:
    from procauthor.batch.batching import Batching, Outlook
    from procauthor.batch.record import Batch, BatchReport, Told, Written
    from procauthor.project import Project

_DURATION = lazy(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")
_LAST = "last"
_TITLE = 46


def run(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Action plan; that of the settings.")] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, max=64, help="How many calls at once.", show_default="4")
    ] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Ceiling of tokens for all items together.")] = None,
    deadline: Annotated[str, typer.Option(help="No call begins after this time, such as 2h or 30m.")] = "",
    model: Annotated[str, typer.Option(help='Chat model, as "provider:name".')] = "",
    author: Annotated[str, typer.Option(help="offline, skeleton, or a chat model.")] = "",
    reviewer: Annotated[str, typer.Option(help='Second model that looks at each draft, as "provider:name".')] = "",
    accept_them: Annotated[bool, typer.Option("--accept", help="Accept every draft that has no error.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Numbers of items, with commas between.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many items, the first in order.")] = None,
    on_failure: Annotated[
        Literal["wait", "announce"],
        typer.Option(help="What dependents of a failed item do: wait, or go on with what the plan announces."),
    ] = "wait",
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask the model again, even what was asked before.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show order and bound of tokens; send nothing.")] = False,
    resume: Annotated[
        str, typer.Option("--resume", metavar="ID", help='Go on with a batch; "last" for the last.')
    ] = "",
    join: Annotated[
        str, typer.Option("--join", metavar="ID", help='Help with a batch in a database; "last" for the last.')
    ] = "",
    as_json: Json = False,
) -> None:
    """Author the open items of a plan in the order of their dependencies, several at a time."""
    project = open_project(ctx)
    seconds = read_duration(deadline)
    if join:
        others = (file, resume, accept_them, max_tokens, deadline, model, author, reviewer, only, limit, fresh, dry_run)
        _refuse_others(others)
        _help(project, "" if join == _LAST else join, jobs or 4, as_json=as_json)
        return
    if resume:
        name = "" if resume == _LAST else resume
        changed = {"jobs": jobs, "max_tokens": max_tokens, "deadline": seconds, "accept": accept_them or None}
        go_on(project, name, as_json=as_json, **changed)
        return
    options: dict[str, Any] = {"reviewer": reviewer, "jobs": jobs or 4, "max_tokens": max_tokens, "fresh": fresh}
    options |= {"deadline": seconds, "accept": accept_them, "on_failure": on_failure}
    chosen: dict[str, Any] = {"only": read_numbers(only or []), "limit": limit}
    batching = project.batch(author_id(model, author), **options)
    if dry_run:
        _show_outlook(project, batching.outlook(file, **chosen), as_json=as_json)
    elif batch := _begin(batching, file, chosen, as_json=as_json):
        go_on(project, batch.id, as_json=as_json, deadline=seconds)


def _begin(batching: Batching, file: Path | None, chosen: dict[str, Any], *, as_json: bool) -> Batch | None:
    """Begin a batch; without a plan there is none, which people are told, and programs get as an error."""
    from procauthor.errors import NoPlanError

    try:
        return batching.begin(file, **chosen)
    except NoPlanError as error:
        if as_json:
            raise
        say_error(error.message, error.hint)
        return None


def go_on(project: Project, name: str, *, as_json: bool, **changed: Any) -> None:
    """Carry a batch on, show what came of it, and exit."""
    report = project.batch(progress=_tell).resume(name, **changed)
    _finish(project, report, _advice(report), as_json=as_json)


def _tell(told: Told) -> None:
    """Print what becomes of an item, and each of its steps as it ends."""
    cost = f"  {told.usage.tokens} tokens" if told.usage.calls else ""
    note = f"  {told.note}" if told.note else ""
    if told.done:
        say(f"  {told.number:>3} {told.title}: step {told.step} {told.name}  {told.seconds:.2f} s{cost}{note}")
    elif not told.step:
        say(f"  {told.number:>3} {told.title}: {told.state}{cost}{note}")


def _refuse_others(options: Sequence[object]) -> None:
    """Refuse options that say what was said where the batch was begun.

    Raises:
        ConfigError: One is given.
    """
    from procauthor.errors import ConfigError

    if any(options):
        message = "--join takes no option but --jobs and --json"
        raise ConfigError(message, "all else was said where the batch was begun")


def _help(project: Project, name: str, jobs: int, *, as_json: bool) -> None:
    """Help with a batch that another process has begun, show what came of it, and exit."""
    report = project.batch(jobs=jobs, progress=_tell).join(name)
    advice = f"drafts are where the batch was begun; if that process has ended: procauthor run --resume {report.batch}"
    _finish(project, report, [advice], as_json=as_json)


def _finish(project: Project, report: BatchReport, advice: Iterable[str], *, as_json: bool) -> None:
    """Show what came of a batch and what to do next, and exit."""
    say_notices(project)
    if as_json:
        show_json(report.as_json())
    else:
        show_lines(report_lines(report))
    for line in advice:
        say(line)
    raise typer.Exit(INTERRUPTED if report.halted == "interrupted" else report.exit_code)


def read_duration(text: str) -> float | None:
    """Return seconds: 2h, 30m, 1h30m, 90s.

    Raises:
        ConfigError: It is none.
    """
    from procauthor.errors import ConfigError

    if not text:
        return None
    match = _DURATION.fullmatch(text.replace(" ", ""))
    seconds = (
        sum(float(part or 0) * unit for part, unit in zip(match.groups(), (3600, 60, 1), strict=True)) if match else 0
    )
    if not seconds:
        message = f"{text!r} is no duration"
        raise ConfigError(message, "write it as 2h, 30m or 1h30m")
    return seconds


def read_numbers(texts: list[str]) -> list[int]:
    """Return the numbers of items: 1,3 or 2-5.

    Raises:
        ConfigError: They are none.
    """
    from procauthor.errors import ConfigError

    numbers: list[int] = []
    for part in map(str.strip, chain.from_iterable(text.split(",") for text in texts)):
        match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", part)
        if match is None:
            message = f"{part!r} is no number of an item"
            raise ConfigError(message, "write them as 1,3 or 2-5")
        numbers += range(int(match[1]), int(match[2] or match[1]) + 1)
    return numbers


def _show_outlook(project: Project, outlook: Outlook, *, as_json: bool) -> None:
    from procauthor.naming import amount

    say_notices(project)
    data = outlook.as_json()
    if as_json:
        show_json(data)
        return
    titles = {task.number: task.title for task in outlook.schedule.tasks}
    for number, wave in enumerate(outlook.schedule.waves, start=1):
        show(f"wave {number}: {', '.join(f'{n} {titles[n]}' for n in wave)}")
    for each in outlook.left_out:
        show(f"left out: {each.number} {each.title}: {each.reason}")
    path = outlook.schedule.critical_path
    chain = f"; the longest chain has {len(path)}: {' -> '.join(map(str, path))}" if path else ""
    show(f"{amount(len(titles), 'item')}{chain}")
    bound = data["bound"]
    if not outlook.bounds:
        show(f"author {outlook.author}: no calls, no tokens")
        return
    calls = amount(bound["calls"], "call")
    show(
        f"budget for {outlook.author}: {calls} and at most {bound['tokens']:,} tokens if nothing has to be asked for "
        f"again, {bound['worst_tokens']:,} tokens at worst; it stops before {bound['ceiling']:,}"
    )


def report_lines(report: BatchReport) -> Iterator[str]:
    """Yield the final table, and the evaluation before and after."""
    from procauthor.evaluation.method import percent
    from procauthor.naming import amount

    for written in report.items:
        yield _line(written)
    for each in report.left_out:
        yield f"{each.number:>3}  {each.title[:_TITLE]:{_TITLE}} left out        {each.reason}"
    usage = report.usage
    cost = f"{amount(usage.calls, 'call')}, {usage.tokens:,} tokens" if usage.calls else "no calls, no tokens"
    yield f"{report.summary}, {cost}, {report.seconds:.1f} s"
    counts = [("before", report.before), ("after", report.after)]
    if report.once_accepted != report.after:
        counts.append(("once accepted", report.once_accepted))
    for name, tally in counts:
        done = tally.completion
        yield f"{name}: {done.part} of {done.whole} defined ({percent(done.ratio)})"


def _line(written: Written) -> str:
    item = written.item
    cost = f"{written.usage.tokens:>8,} tokens" if written.usage.calls else " " * 15
    note = item.reason or (f"draft {written.draft}" if written.draft else item.path)
    head = f"{item.number:>3}  {item.title[:_TITLE]:{_TITLE}} {item.state:14}"
    return f"{head} {item.seconds:7.1f} s {cost}  {note}".rstrip()


def _advice(report: BatchReport) -> Iterator[str]:
    states = {written.item.state for written in report.items}
    if report.halted:
        yield f"stopped: {report.halted}; what was paid for is kept"
    if states & {"failed", "blocked", "stopped", "waiting", "working"}:
        more = " --max-tokens N" if "tokens" in report.halted else ""
        yield f"go on with: procauthor run --resume {report.batch}{more}"
    if "drafted" in states:
        yield f"drafts wait: procauthor drafts; accept all with: procauthor run --resume {report.batch} --accept"
    if "accepted" in states:
        yield "undo the last one with: procauthor undo"
