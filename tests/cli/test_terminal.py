"""What is printed on a terminal: nothing that a document, a plan, a file name or a model wrote can steer it."""

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.cli.inside import run

# Each command in one process: to start Python for each takes most of the time.
DRIVER = """
import json, sys
from procauthor.cli.app import app
for args in json.loads(sys.argv[1]):
    sys.stdout.write("== " + args[2] + "\\n")
    try:
        app(args)
    except SystemExit:
        sys.stdout.flush()
"""
EVIL = "\x1b[1A\x1b[2K\x1b]0;owned\x07\x1b[8mhidden\x08\x9b2J\u202egnp.exe"
ESCAPED = r"\x1b[1A\x1b[2K\x1b]0;owned\x07\x1b[8mhidden\x08\x9b2J\u202egnp.exe"
# The colours of our own; we hide nothing.
_STYLE = re.compile(r"\x1b\[(?!8m)[0-9;]*m")
_STEERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def on_a_terminal(root: Path, *commands: tuple[str, ...]) -> tuple[str, str]:
    """Return what a terminal got on stdout, and what went to stderr."""
    outer, inner = pty.openpty()
    calls = json.dumps([["-C", str(root), *command] for command in commands])
    environment = {**os.environ, "COLUMNS": "200", "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER, calls],
        stdout=inner,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env=environment,
    ) as process:
        os.close(inner)
        parts = []
        while True:
            try:
                part = os.read(outer, 65536)
            except OSError:
                break
            if not part:
                break
            parts.append(part)
        assert process.stderr is not None
        errors = process.stderr.read().decode()
    os.close(outer)
    return b"".join(parts).decode().replace("\r\n", "\n"), errors


def progress_of(root: Path, *command: str) -> str:
    """Return what a terminal got on stderr."""
    outer, inner = pty.openpty()
    calls = json.dumps([["-C", str(root), *command]])
    with subprocess.Popen([sys.executable, "-c", DRIVER, calls], stdout=subprocess.DEVNULL, stderr=inner):
        os.close(inner)
        parts = []
        # A terminal without a writer is an error on Linux, and an end elsewhere.
        with suppress(OSError):
            parts.extend(iter(lambda: os.read(outer, 65536), b""))
    os.close(outer)
    return b"".join(parts).decode().replace("\r\n", "\n")


def spike(root: Path) -> Path:
    review = root / "feature/design-review.md"
    review.write_text(review.read_text().replace("1. Merge the record.", f"1. Merge the {EVIL} record."))
    (root / "feature/evil\x1b[2K.md").write_text(
        f"# Evil{EVIL} Procedure\n\n[x](design-review.md) [y](gone{EVIL}.md)\n"
    )
    plan = root / "action-plan.md"
    plan.write_text(plan.read_text().replace("- [ ] Define mitigation planning", f"- [ ] Define {EVIL} planning"))
    return root


def test_no_command_sends_what_a_document_says_to_the_terminal(root: Path) -> None:
    spike(root)
    run("-C", root, "create", "Threat Check Procedure")
    shown, told = on_a_terminal(
        root,
        ("diff",),
        ("drafts",),
        ("runs",),
        ("refs", "design-review"),
        ("search", "merge the record"),
        ("graph",),
        ("graph", "--format", "dot"),
        ("brief", "Release Check Procedure"),
        ("create", "Release Check Procedure", "--dry-run"),
        ("plan",),
        ("plan", "next"),
        ("sync", "--check"),
        ("check",),
        ("check", "--format", "text"),
        ("evaluate",),
        ("blame", "design-review"),
        ("refs", f"no{EVIL}thing"),
        ("explain", f"no{EVIL}thing"),
    )
    assert ESCAPED in shown
    assert _STEERS.findall(_STYLE.sub("", shown)) == []
    assert _STEERS.findall(told) == []
    for command in ("search", "brief"):
        assert f"== {command}\n" in shown


def test_what_another_program_reads_stays_as_it_is(root: Path) -> None:
    spike(root)
    run("-C", root, "create", "Threat Check Procedure")
    data = json.loads(run("-C", root, "plan", "--json").stdout)
    assert any(EVIL in action["text"] for item in data["items"] for action in item["actions"])
    page = root / "feature/design-review.md"
    assert EVIL in page.read_text()


def test_a_step_that_has_begun_is_shown_until_the_next_line(root: Path) -> None:
    lines = progress_of(root, "create", "Data Design Procedure", "--lifecycle", "Feature").split("\n")
    begun = [re.fullmatch(r"(  \d [^\r]+ \.\.\.)\r( +)\r  \d .+ s.*", line) for line in lines]
    lengths = [(len(match[1]), len(match[2])) for match in begun if match]
    assert len(lengths) == 8
    assert all(first == second for first, second in lengths)
