"""Providers learn who uses their outputs: a line for each required input, and no other byte."""

from pathlib import Path

import pytest

from procauthor import Project
from tests.conftest import REVIEW, snapshot

FILE = "feature/design-review.md"
LINE = "- **Component Diagram** is used by [Threat Check Procedure](threat-check.md): as the list of what to examine.\n"
WANTED = "- **Component Diagram**: the list of parts (From: [Design Review Procedure](design-review.md))"


def consumer(root: Path, inputs: str, name: str = "load-check", title: str = "Load Check Procedure") -> None:
    text = REVIEW.replace("design-review", name).replace("Design Review Procedure", title)
    text = text.replace("- **Feature Request**: what is asked for.", inputs).replace(
        "Feature Request", "Component Diagram"
    )
    text = text.replace(LINE, "None.\n")
    (root / f"feature/{name}.md").write_text(text)


def synced(root: Path) -> dict[str, bytes]:
    project = Project.open(root)
    project.apply(project.sync())
    assert not project.sync()
    return snapshot(root)


def test_a_use_gets_a_line_in_the_form_of_the_template_and_the_warning_goes(root: Path) -> None:
    synced(root)
    consumer(root, WANTED)
    (warning,) = Project.open(root).check(["feature/load-check.md"], select=["contract-not-reciprocal"]).findings
    assert "does not say that 'Load Check Procedure' uses 'Component Diagram'" in warning.message
    after = synced(root)
    line = "- **Component Diagram** is used by [Load Check Procedure](load-check.md): the list of parts.\n"
    assert after[FILE].decode() == REVIEW.replace(LINE, LINE + line)
    assert not Project.open(root).check(select=["contract-not-reciprocal"]).findings


def test_several_consumers_come_in_order_and_each_once(root: Path) -> None:
    consumer(
        root, f"{WANTED}\n- **Published Decision** (From: Design Review Procedure)", "b-check", "Blue Check Procedure"
    )
    consumer(root, WANTED, "a-check", "Able Check Procedure")
    added = synced(root)[FILE].decode().partition(LINE)[2].partition("\n\n")[0]
    assert added.splitlines() == [
        "- **Component Diagram** is used by [Able Check Procedure](a-check.md): the list of parts.",
        "- **Component Diagram** is used by [Blue Check Procedure](b-check.md): the list of parts.",
        "- **Published Decision** is used by [Blue Check Procedure](b-check.md): a required input.",
    ]


@pytest.mark.parametrize(
    "section",
    [
        "None.\n",
        "* **Published Decision** is used by [Threat Check Procedure](threat-check.md): it\n\n"
        + LINE.replace("-", "*", 1),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_manner_of_the_section_is_kept(root: Path, section: str, newline: str) -> None:
    before = REVIEW.replace(LINE, section).replace("\n", newline)
    (root / FILE).write_bytes(before.encode())
    consumer(root, WANTED)
    after = synced(root)[FILE].decode()
    words = "**Component Diagram** is used by [Load Check Procedure](load-check.md): the list of parts"
    kept = section.replace("None.\n", "") + ("\n* " if section.startswith("*") else "- ")
    stop = "." if section.startswith("*") else ""
    head, _, tail = before.partition("Dependencies" + newline * 2)
    rest = tail.removeprefix(section.replace("\n", newline))
    assert (
        after
        == f"{head}Dependencies{newline * 2}{kept}{words}{stop}\n".replace("\n", newline).replace("\r\r", "\r") + rest
    )


@pytest.mark.parametrize(
    "inputs",
    [
        "- **Component Diagram**: the list of parts",
        "- **Other Diagram**: the list of parts (From: [Design Review Procedure](design-review.md))",
        "- **Component Diagram**: the list of parts (From: [Threat Check Procedure](threat-check.md))",
        "- **Component Diagram**: the list of parts (From: Unknown Procedure)",
    ],
)
def test_what_is_not_certain_writes_nothing(root: Path, inputs: str) -> None:
    consumer(root, inputs)
    assert synced(root)[FILE] == REVIEW.encode()


def test_a_placeholder_announces_nothing_and_a_draft_brings_its_uses_along(root: Path) -> None:
    synced(root)
    consumer(root, WANTED)
    page = root / "feature/load-check.md"
    page.write_text(page.read_text().replace("status: Defined", "status: Placeholder").partition("## 4.")[0])
    assert synced(root)[FILE] == REVIEW.encode()
