"""Measures `run`: the wall time of a batch against its bound, and what a kill costs.

The model is a server on the loopback interface in a process of its own, which answers after a fixed time. The bound is
what no schedule can be faster than: the calls of the longest chain one after the other, or all calls in as many rounds
as it takes with those that may be on their way at once; a call cannot be divided.

Usage: python benchmarks/run.py [--items 20] [--latency 0.2] [--jobs 1 4 8] [--shape wide|mixed|chain] [--accept]
       python benchmarks/run.py --kills 5          the same batch, killed at random moments and resumed
"""

from __future__ import annotations

import argparse
import math
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Self

sys.path.insert(0, str(Path(__file__).parents[1]))

from procauthor import Project
from procauthor.batch.record import BatchReport
from tests.batch import CALLS, needs_of, write_batch_library
from tests.conftest import snapshot

SERVER = [sys.executable, "-m", "tests.batch"]
ROOT = Path(__file__).parents[1]


class Server:
    """The model, in a process of its own. ``log`` holds the time of each request, and the SHA-256 of its body."""

    def __init__(self, folder: Path, latency: float) -> None:
        self.log = folder / "requests.log"
        self.latency = latency
        command = [*SERVER, str(latency), str(self.log)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def requests(self) -> list[str]:
        return [line.split()[1] for line in self.log.read_text().splitlines()]

    def times(self) -> tuple[float, float]:
        """When the first request came, and when the last reply went out."""
        came = [float(line.split()[0]) for line in self.log.read_text().splitlines()]
        return min(came), max(came) + self.latency


def bound(needs: Sequence[Sequence[int]], latency: float, jobs: int) -> float:
    chain: list[int] = []
    for before in needs:
        chain.append(1 + max((chain[n] for n in before), default=0))
    return latency * max(CALLS * max(chain), math.ceil(CALLS * len(needs) / jobs))


def measure(args: argparse.Namespace) -> None:
    needs = needs_of(args.shape, args.items)
    for jobs in args.jobs:
        with tempfile.TemporaryDirectory() as folder, Server(Path(folder), args.latency) as server:
            warm_up(Path(folder) / "warm", server.url)
            server.log.unlink()
            root = write_batch_library(Path(folder) / "library", needs, server.url)
            started, busy = time.perf_counter(), time.process_time()
            report = carry(root, jobs, accept=args.accept)
            wall, cpu = time.perf_counter() - started, time.process_time() - busy
            first, last = server.times()
        least = bound(needs, args.latency, jobs)
        states = Counter(written.item.state for written in report.items)
        print(
            f"{args.shape:6} jobs {jobs}: bound {least:5.2f} s; from the first request to the last reply "
            f"{last - first:5.2f} s ({(last - first) / least - 1:+.1%}), the whole batch {wall:5.2f} s "
            f"({wall / least - 1:+.1%}); CPU {cpu:.2f} s; {report.usage.calls} calls; {dict(states)}"
        )


def warm_up(root: Path, url: str) -> None:
    """Load what a first run loads: it is no part of the schedule."""
    carry(write_batch_library(root, [[]], url), 1, accept=True)


def carry(root: Path, jobs: int, *, accept: bool) -> BatchReport:
    return Project.open(root).batch("openai:any", jobs=jobs, accept=accept).run()


def kill(args: argparse.Namespace) -> None:
    """Kill the command at random moments, resume it, and compare with a run that nobody disturbed."""
    needs = needs_of(args.shape, args.items)
    dice = random.Random(args.seed)
    jobs = args.jobs[0]
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder), args.latency) as server:
        calm = write_batch_library(Path(folder) / "calm", needs, server.url)
        carry(calm, jobs, accept=True)
        once = Counter(server.requests())
        root = write_batch_library(Path(folder) / "killed", needs, server.url)
        words = ["run", "--model", "openai:any", "--accept", "-j", str(jobs)]
        rounds = 0
        # So many requests between two kills that the run is long enough for all of them.
        most = max(1, min(6, 2 * once.total() // args.kills - 1))
        while rounds < args.kills and killed(root, words, server, dice, most):
            rounds += 1
            if Project.open(root).batches.names():
                words = ["run", "--resume", "last"]
        carry_on = Project.open(root).batches.unfinished()
        if carry_on is not None:
            Project.open(root).batch().resume(carry_on.id)
        second = Counter(server.requests()) - once
        with closing(sqlite3.connect(next(root.glob(".procauthor/work.*.db")))) as connection:
            kept, different = connection.execute("select count(*), count(distinct key) from call").fetchone()
        same = snapshot(root) == snapshot(calm)
        again = sum(count - 1 for count in second.values())
        print(
            f"{rounds} kills, {jobs} jobs: same bytes: {same}; {len(second)} different requests of {len(once)}, "
            f"{again} made again (on their way at a kill: at most {rounds * jobs}); "
            f"{kept} calls on disk, {different} of them different"
        )


def command(root: Path, words: Sequence[str]) -> list[str]:
    return [sys.executable, "-c", "from procauthor.cli.app import main; main()", "-C", str(root), *words]


def killed(root: Path, words: Sequence[str], server: Server, dice: random.Random, most: int) -> bool:
    """Kill the command at a random moment after its first few requests; say whether it was still at work."""
    target = len(server.requests()) + dice.randint(1, most)
    child = subprocess.Popen(command(root, words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(server.requests()) < target and child.poll() is None:
        time.sleep(0.01)
    time.sleep(dice.uniform(0.0, 2 * server.latency))
    child.send_signal(signal.SIGKILL)
    return child.wait() == -signal.SIGKILL


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=20)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--shape", choices=["wide", "mixed", "chain"], default="mixed")
    parser.add_argument("--accept", action="store_true")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    os.environ["OPENAI_API_KEY"] = "not-a-key"
    if args.kills:
        kill(args)
    else:
        measure(args)


if __name__ == "__main__":
    main()
