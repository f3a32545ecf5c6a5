"""Where links lead."""

import posixpath

from hypothesis import given
from hypothesis import strategies as st

from procauthor.library.reference import resolve

FOLDERS = st.lists(st.sampled_from(["a", "b", "c.d"]), max_size=3).map("/".join)
PATHS = st.lists(st.sampled_from(["a", "b.md", "..", ".", "", "...", "x.", "..y"]), min_size=1, max_size=5).map(
    "/".join
)


@given(FOLDERS, PATHS)
def test_a_path_has_the_normal_form_of_the_standard_library(folder: str, path: str) -> None:
    source = f"{folder}/source.md".lstrip("/")
    found = resolve(source, path)
    if not path:
        assert found.path == source
        return
    base = "" if path.startswith("/") else folder
    if path.startswith("//"):
        assert found.external
        return
    wanted = posixpath.normpath(posixpath.join(base, path.lstrip("/")))
    escapes = wanted == ".." or wanted.startswith("../")
    assert (found.path, found.escapes) == (None if escapes else wanted, escapes)
