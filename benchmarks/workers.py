"""Measures several workers on one batch: the wall time with one, two and three, and what kills cost.

Model and database are servers of this machine; each worker is a process with a checkout of its own.

Usage: python benchmarks/workers.py [--items 20] [--latency 1.0] [--jobs 2] [--workers 1 2 3]
       python benchmarks/workers.py --kills 6      two workers, one of which is killed at random moments and replaced
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import psycopg

from benchmarks.run import Server as Model
from benchmarks.run import bound, command, needs_of
from procauthor import Project
from tests.conftest import snapshot
from tests.postgres import Server, running
from tests.shared.conftest import write

RUN = ["run", "--model", "openai:any", "--accept"]
LEASE = 3.0


def start(root: Path, words: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command(root, words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure(args: argparse.Namespace, database: Server) -> None:
    needs = needs_of(args.shape, args.items)
    for count in args.workers:
        os.environ["PROCAUTHOR_POSTGRES"] = database.new_schema()
        with tempfile.TemporaryDirectory() as folder, Model(Path(folder), args.latency) as model:
            home = write(Path(folder) / "0", needs, model.url, LEASE)
            away = [shutil.copytree(home, Path(folder) / str(n)) for n in range(1, count)]
            children = [start(home, [*RUN, "-j", str(args.jobs)])]
            while not model.log.exists():
                time.sleep(0.01)
            children += [start(Path(root), ["run", "--join", "last"]) for root in away]
            for child in children:
                child.wait()
            first, last = model.times()
            calls = Counter(model.requests())
        least = bound(needs, args.latency, args.jobs * count)
        print(
            f"{count} workers with {args.jobs} jobs: {last - first:5.2f} s from the first request to the last reply "
            f"(bound {least:5.2f} s); {calls.total()} calls, {calls.total() - len(calls)} of them twice",
            flush=True,
        )


def kill(args: argparse.Namespace, database: Server) -> None:
    """Kill the home or the helper, whichever the dice say, and begin another one at once."""
    needs, dice = needs_of(args.shape, args.items), random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder, Model(Path(folder), args.latency) as model:
        os.environ["PROCAUTHOR_POSTGRES"] = database.new_schema()
        calm = write(Path(folder) / "calm", needs, model.url, LEASE)
        Project.open(calm).batch("openai:any", jobs=args.jobs, accept=True).run()
        once = Counter(model.requests())
        os.environ["PROCAUTHOR_POSTGRES"] = url = database.new_schema()
        home = write(Path(folder) / "home", needs, model.url, LEASE)
        away = Path(shutil.copytree(home, Path(folder) / "away"))
        worker, helper = start(home, [*RUN, "-j", str(args.jobs)]), start(away, ["plan"])
        homes = helpers = 0
        while homes + helpers < args.kills:
            time.sleep(dice.uniform(4.0, 8.0))
            if helper.poll() is not None:
                helper = start(away, ["run", "--join", "last"])
            elif dice.random() < 0.5:
                helper.kill()
                helpers += 1
            elif worker.poll() is None:
                worker.kill()
                worker.wait()
                homes += 1
                time.sleep(LEASE)
                worker = start(home, ["run", "--resume", "last"])
        worker.wait()
        helper.wait()
        while Project.open(home).batches.unfinished() is not None:
            Project.open(home).batch().resume()
        second = Counter(model.requests()) - once
        with psycopg.connect(url) as connection:
            lines: list[tuple[int, int]] = connection.execute(
                "select count(*), count(distinct line) from procauthor_line"
            ).fetchall()
        print(
            f"{homes} kills at home and {helpers} of the helper, {args.jobs} jobs each: same bytes: "
            f"{snapshot(home) == snapshot(calm)}; {len(second)} different requests of {len(once)}, "
            f"{second.total() - len(second)} made again (at most {(homes + helpers) * args.jobs} were on their way); "
            f"recorded calls, and different ones: {lines}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=20)
    parser.add_argument("--latency", type=float, default=1.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--shape", choices=["wide", "mixed", "chain"], default="wide")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    os.environ["OPENAI_API_KEY"] = "not-a-key"
    with running() as database:
        if args.kills:
            kill(args, database)
        else:
            measure(args, database)


if __name__ == "__main__":
    main()
