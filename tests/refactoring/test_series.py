"""A series of random refactorings on a real library: nothing breaks, nothing is lost, and all of it can be taken back."""

import os
import random
from collections import Counter
from pathlib import Path

from procauthor import Project
from procauthor.errors import LibraryError
from procauthor.library.change import Change
from procauthor.library.library import Procedure
from procauthor.naming import title_key
from tests.conftest import REVIEW, snapshot, write_library

LENGTH = int(os.environ.get("PROCAUTHOR_REFACTORINGS", "12"))
SEED = int(os.environ.get("PROCAUTHOR_SEED", "7"))
WORDS = (
    "Amber",
    "Beacon",
    "Cedar",
    "Delta",
    "Ember",
    "Fjord",
    "Grove",
    "Harbour",
    "Iris & Co",
    "Ünder",
    "Juniper/Kite",
)

NOTE = """# {title}

Read the [Design Review Procedure](../feature/design-review.md "first"), the [{other}]({file}) and [its part]({file}#part-b).
By reference: [{other}][o], [o], the Threat Check Procedure, and <a href="{file}">{other}</a>.

## Part A

See [below](#part-b), [elsewhere](<{file}#part-a>) and ![a picture](pictures/a%20b.png).

### Step 1: Look

Go on with Step 2.

### Step 2: Act

Return to Step 1, or to [Step 1](#step-1-look).

## Part B

Once more: [{other}]({file}).

### Again

Text.

### Again

[o]: {file}#again-1 'o'
"""


def library(folder: Path) -> Path:
    root = write_library(folder)
    titles = ["One Procedure", "Two Words Procedure", "Third Page", "Four Standards"]
    files = ["one.md", "two words.md", "third_page.md", "four.md"]
    for place, (title, file) in enumerate(zip(titles, files, strict=True)):
        other = (place + 1) % len(files)
        text = NOTE.format(title=title, other=titles[other], file=files[other].replace(" ", "%20"))
        newline = "\r\n" if place % 2 else "\n"
        write = root / "notes" / file
        write.parent.mkdir(exist_ok=True)
        write.write_bytes(("\ufeff" * (place == 3) + text).replace("\n", newline).encode())
    (root / "notes/pictures").mkdir()
    (root / "notes/pictures/a b.png").write_bytes(b"\x89PNG")
    (root / "feature/audit.md").write_text(REVIEW.replace("Design Review", "Audit").replace("design-review", "audit"))
    settings = (root / "procauthor.toml").read_text().replace('"*/*.md"', '"feature/*.md"')
    (root / "procauthor.toml").write_text(settings)
    project = Project.open(root)
    project.apply(project.sync())
    return root


class Series:
    """Random refactorings, and what has to hold after each of them."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.dice = random.Random(seed)
        self.names: set[str] = set()
        self.states = [snapshot(root)]
        self.counts = self.findings()
        self.done: Counter[str] = Counter()

    def findings(self) -> Counter[str]:
        return Counter(f.rule for f in Project.open(self.root).check().findings if f.rule != "orphan")

    def step(self) -> None:
        project = Project.open(self.root)
        documents = [p for p in project.library().procedures if p.kind not in ("index", "readme", "plan")]
        living = [p for p in documents if p.status not in ("alias", "deprecated")]
        self.names |= {name for p in documents for name in (p.path, p.title)}
        kind = self.dice.choice(["rename", "rename", "move", "move", "split", "merge", "deprecate", "renumber"])
        try:
            change = self.change(project, kind, living)
        except LibraryError:
            self.done["refused"] += 1
            assert snapshot(self.root) == self.states[-1]
            return
        if change:
            project.apply(change)
            self.done[kind] += 1
            self.states.append(snapshot(self.root))
            self.check(change)

    def change(self, project: Project, kind: str, living: list[Procedure]) -> Change:
        one = self.dice.choice(living)
        pages = [p for p in living if p.template is None]
        # The last word of a title says what kind of document it is; another kind has other rules.
        last = one.title.split()[-1] if kind == "rename" else "Page"
        title = " ".join([*self.dice.sample(WORDS, 3), last])
        if kind == "rename":
            return project.refactor.rename(one.path, title)
        if kind == "move":
            folder = "feature" if one.template else self.dice.choice(["notes", "deep/er notes", "notes/more"])
            return project.refactor.move(
                one.path, folder if one.template is None else f"feature/{title.split(maxsplit=1)[0].lower()}.md"
            )
        if kind == "split":
            headings = [h.slug for h in one.document.headings if h.level > 1]
            wanted = headings if one.template is None else [h for h in headings if "audit-" in h]
            return project.refactor.split(one.path, [self.dice.choice(wanted)], title) if wanted else Change(())
        if kind == "renumber":
            return project.refactor.renumber(one.path)
        if len(pages) < 3:
            message = "too few pages are left"
            raise LibraryError(message)
        first, second = self.dice.sample(pages, 2)
        return (
            project.refactor.merge(first.path, second.path)
            if kind == "merge"
            else project.refactor.deprecate(first.path, second.path)
        )

    def check(self, change: Change) -> None:
        now = self.findings()
        if change.title.startswith(("split", "merge")):
            # Only the replacement itself may speak of a deprecated document; its text now stands elsewhere.
            self.counts["reference-to-deprecated"] = now["reference-to-deprecated"]
        new = {rule: count for rule, count in now.items() if count > self.counts[rule]}
        assert not new, (
            change.title,
            new,
            [f.message for f in Project.open(self.root).check().findings if f.rule in new],
        )
        found = Project.open(self.root).library()
        for name in self.names:
            assert name in found.by_path or found.by_key.get(title_key(name)), (change.title, name)
            assert found.find(name).status != "alias", (change.title, name)

    def undo_all(self) -> None:
        for state in self.states[-2::-1]:
            Project.open(self.root).undo()
            assert snapshot(self.root) == state


def test_a_series_of_refactorings_breaks_nothing_and_can_be_taken_back(tmp_path: Path) -> None:
    series = Series(library(tmp_path / "library"), SEED)
    for _ in range(5 * LENGTH):
        series.step()
        if len(series.states) > LENGTH:
            break
    assert len(series.states) > LENGTH, series.done
    series.undo_all()
