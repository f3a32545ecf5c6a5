import time

import pytest

from procauthor.markdown.document import slugify, slugs


@pytest.mark.parametrize(
    ("text", "github", "gitlab", "mkdocs"),
    [
        ("Set up the tool", "set-up-the-tool", "set-up-the-tool", "set-up-the-tool"),
        ("What is it / not?", "what-is-it--not", "what-is-it-not", "what-is-it-not"),
        ("Design & UI", "design--ui", "design-ui", "design-ui"),
        ("a - b", "a---b", "a-b", "a-b"),
        ("--latency", "--latency", "-latency", "-latency"),
        ("snake_case", "snake_case", "snake_case", "snake_case"),
        ("2021", "2021", "anchor-2021", "2021"),
        ("Quotas (PREMIUM SAAS)", "quotas-premium-saas", "quotas", "quotas-premium-saas"),
        ("Größe", "größe", "größe", "groe"),
        ("हिन्दी", "हिन्दी", "हिन्दी", "_1"),
        ("x²", "x", "x", "x2"),
        ("\N{ROCKET} Go", "-go", "-go", "go"),
        ("1. Purpose", "1-purpose", "1-purpose", "1-purpose"),
    ],
)
def test_each_platform_has_its_rule(text: str, github: str, gitlab: str, mkdocs: str) -> None:
    assert slugs([text], "github") == [github] == [slugify(text)]
    assert slugs([text], "gitlab") == [gitlab]
    assert slugs([text], "mkdocs") == [mkdocs]


def test_repeats_are_counted_as_each_platform_counts() -> None:
    texts = ["Setup", "Setup 1", "Setup", "Setup"]
    assert slugs(texts, "github") == ["setup", "setup-1", "setup-2", "setup-3"]
    assert slugs(texts, "gitlab") == ["setup", "setup-1", "setup-1", "setup-2"]
    assert slugs(["Setup", "Setup_1", "Setup", "", ""], "mkdocs") == ["setup", "setup_1", "setup_2", "_1", "_2"]
    assert slugs(["Setup"], "mkdocs", ["setup"]) == ["setup_1"]


@pytest.mark.parametrize("flavour", ["github", "gitlab", "mkdocs"])
def test_many_repeats_take_no_square_of_time(flavour: str) -> None:
    start = time.process_time()
    assert len(set(slugs(["Setup"] * 23_000, flavour))) == 23_000
    assert time.process_time() - start < 3
