"""What a change set shows."""

from procauthor.library.change import Change, Edit


def test_a_diff_shows_new_files_changes_and_a_missing_last_newline() -> None:
    edits = (Edit("a.md", b"one\n", b"two"), Edit("b.md", None, b"new\n"))
    assert Change(edits).diff() == (
        "--- a/a.md\n+++ b/a.md\n@@ -1 +1 @@\n-one\n+two\n\\ No newline at end of file\n"
        "--- /dev/null\n+++ b/b.md\n@@ -0,0 +1 @@\n+new\n"
    )


def test_a_renamed_file_is_compared_with_what_it_was() -> None:
    edits = (Edit("a.md", b"one\ntwo\n", None), Edit("b.md", None, b"one\nthree\n", "a.md"))
    assert Change(edits).diff() == (
        "rename from a.md\nrename to b.md\n--- a/a.md\n+++ b/b.md\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n"
    )
    assert Change(edits).as_json() == [
        {"path": "a.md", "action": "delete"},
        {"path": "b.md", "action": "create", "from": "a.md"},
    ]


def test_an_alias_at_the_old_place_is_shown_as_a_new_file() -> None:
    edits = (Edit("a.md", b"one\n", b"see b\n"), Edit("b.md", None, b"one\n", "a.md"))
    assert Change(edits).diff() == (
        "--- /dev/null\n+++ b/a.md\n@@ -0,0 +1 @@\n+see b\nrename from a.md\nrename to b.md\n"
    )


def test_only_a_line_feed_ends_a_line_of_a_diff() -> None:
    diff = Change((Edit("a.md", "one\u2028two\r\nx\r\n".encode(), "one\u2028two\r\ny\r\n".encode()),)).diff()
    assert diff == "--- a/a.md\n+++ b/a.md\n@@ -1,2 +1,2 @@\n one\u2028two\r\n-x\r\n+y\r\n"
