"""One document as a file to print, by a converter that is installed."""

import base64
import shutil
import stat
import sys
from pathlib import Path

import pytest

from tests.cli.inside import run, run_json

TITLE = "Design Review Procedure"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def program(folder: Path, name: str, body: str) -> None:
    """Put a converter of our own into a folder of programs."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder of programs that holds none but git."""
    folder = tmp_path / "programs"
    folder.mkdir()
    git = shutil.which("git")
    assert git
    (folder / "git").symlink_to(git)
    return folder


def test_a_page_of_html_needs_nothing_else(root: Path, tmp_path: Path) -> None:
    page = root / "feature/design-review.md"
    page.write_text(
        page.read_text().replace(
            "Choose the", "![p](p.png) <script>x</script> ![e](https://e.example/e.png) Choose the"
        )
    )
    (root / "feature/p.png").write_bytes(PNG)
    run("-C", root, "approve", TITLE, "--by", "Ada <b>")
    (file,) = run_json("-C", root, "export", TITLE, "--to", "html", "--out", tmp_path / "out")["files"]
    text = Path(file).read_text(encoding="utf-8")
    assert "data:image/png;base64,iVBOR" in text
    assert "approved by Ada &lt;b&gt; on " in text
    assert "<script" not in text
    assert 'src="http' not in text
    assert "<a>Threat Check Procedure</a>" in text
    assert (
        "exists already" in run("-C", root, "export", TITLE, "--to", "html", "--out", tmp_path / "out", code=2).stderr
    )
    run("-C", root, "export", TITLE, "--to", "html", "--out", tmp_path / "out", "--force")


@pytest.mark.parametrize(
    ("form", "words"), [("pdf", "WeasyPrint, or by Pandoc"), ("docx", "Pandoc, which"), ("odt", "Pandoc, which")]
)
def test_without_a_converter_one_sentence_says_so(
    root: Path, tmp_path: Path, bare: Path, form: str, words: str
) -> None:
    done = run("-C", root, "export", TITLE, "--to", form, "--out", tmp_path / "out", code=2, PATH=str(bare))
    assert words in done.stderr
    assert "hint: " in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_converter_gets_cleaned_html_and_a_sandbox(root: Path, tmp_path: Path, bare: Path) -> None:
    program(
        bare,
        "pandoc",
        "open(sys.argv[-2].partition('=')[2], 'w').write(' '.join(sys.argv[1:4]) + open(sys.argv[-1]).read())",
    )
    run("-C", root, "export", TITLE, "--to", "docx", "--out", tmp_path / "out", PATH=str(bare))
    text = (tmp_path / "out/design-review.docx").read_text()
    assert text.startswith("--from=html --sandbox --to=docx<!DOCTYPE html>")


def test_a_converter_that_fails_or_writes_nothing_is_named(root: Path, tmp_path: Path, bare: Path) -> None:
    program(bare, "weasyprint", "sys.exit('no font at all')")
    done = run("-C", root, "export", TITLE, "--to", "pdf", "--out", tmp_path / "out", code=2, PATH=str(bare))
    assert "weasyprint failed: no font at all" in done.stderr
    program(bare, "weasyprint", "")
    done = run("-C", root, "export", TITLE, "--to", "pdf", "--out", tmp_path / "out", code=2, PATH=str(bare))
    assert "wrote no file" in done.stderr


def test_what_is_not_written_yet_is_not_exported(root: Path, tmp_path: Path) -> None:
    done = run("-C", root, "export", "Threat Check Procedure", "--to", "html", "--out", tmp_path, code=2)
    assert "it is placeholder" in done.stderr


@pytest.mark.skipif(shutil.which("pandoc") is None, reason="needs Pandoc")
def test_pandoc_makes_a_file_for_word(root: Path, tmp_path: Path) -> None:
    run("-C", root, "export", TITLE, "--to", "docx", "--out", tmp_path / "out")
    assert (tmp_path / "out/design-review.docx").read_bytes().startswith(b"PK")


@pytest.mark.skipif(shutil.which("weasyprint") is None, reason="needs WeasyPrint")
def test_weasyprint_makes_a_pdf(root: Path, tmp_path: Path) -> None:
    run("-C", root, "export", TITLE, "--to", "pdf", "--out", tmp_path / "out")
    assert (tmp_path / "out/design-review.pdf").read_bytes().startswith(b"%PDF")
