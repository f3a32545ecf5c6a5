"""Templates of every ordinary form, made from a seed: what a team might write, also by mistake."""

import random

EXAMPLES = {
    "none": "",
    "prose": "{What it says.}",
    "two fields": "{first} and {second}",
    "words": "Write it plainly.",
    "list": "- {item}",
    "named": "- **{name}**: {text}",
    "source": "- {artifact} (From: [{provider?}](procedure))",
    "reference": "- [{who}](procedure)",
    "checklist": "- [ ] {thing}",
    "ordered": "1. {look}",
    "table": "| A | B |\n|---|---|\n| {a} | {b} |",
    "table without rows": "| A | B |\n|---|---|",
    "short row": "| A | B | C |\n|---|---|---|\n| {a} |",
    "equal columns": "| A | A |\n|---|---|\n| {x} | {x} |",
    "code": "```sh\n{command}\n```",
    "code of two": "```sh\nrun {a} {b}\n```",
    "plain code": "```\nplain\n```",
    "open code": "```\nopen",
    "quote": "> {quote}",
    "html": "<div>{x}</div>",
    "image": "![{alt}](x.png)",
    "nested": "- {a}\n  - {b}",
    "mixed": "{Intro.}\n\n- {a}\n\n| X |\n|---|\n| {x} |",
    "link": "[{title}](https://example.org)",
    "names of code": "- {model_config}",
    "more names of code": "- {copy}: {json}",
    "odd names": "- {_x} {1a} {é}",
    "odd references": "- [{_x}](procedure) {Ref}",
    "template source": "{{ x }} {% raw %} {# c #}",
    "empty field": "{}",
    "one field twice": "- {a}: {a}",
    "optional": "- {a?}",
    "all optional": "{a?} ({b?}) {c?}",
    "other letters": "- {описание}",
    "footnote": "text[^1]\n\n[^1]: note",
}
ROLES = ("inputs", "outputs", "workflow", "exits", "purpose", "trigger", "consumers", "plan", "criteria", "done")
COMMENTS = (
    *("", "<!-- Say it. -->", "<!--\nmin: 2\nSay it.\n-->", "<!--\nSay it.\nmin: 3\n-->", "<!-- optional: true -->"),
    *(
        "<!--\nmin: 5\nmax: 2\n-->",
        "<!-- mni: 3 -->",
        "<!--\nstep: 9\n-->",
        "<!-- step: 4 -->",
        "<!-- max-words: 3 -->",
    ),
    *(
        "<!-- min: ² -->",
        "<!-- min: 99999999999999999999 -->",
        "<!--\nnone: None.\nmin: 0\n-->",
        "<!-- role: nonsense -->",
    ),
    *(
        "<!-- synonyms: -->",
        "<!-- synonyms: a, b -->",
        "<!-- optional: maybe -->",
        "<!-- min: -->",
        "<!--",
        "<!-- max: 1 -->",
    ),
    *(f"<!-- role: {role} -->" for role in ROLES),
)
HEADINGS = (
    *(
        "Goal",
        "Notes",
        "1. Purpose",
        "Required Inputs",
        "Model Config",
        "Copy",
        "Step",
        "Name",
        "",
        "!!!",
        "🔒",
        "目的",
    ),
    *("Zweck und Ziel", "What happens?", "Goal", "`code` head", "[link](x)", "a" * 200, "Class", "{area} thing"),
    *("Output Contract", "Exit States", "Workflow", "Failure Handling", "Trigger", "2", "Number", "Title", "None"),
)
STEPS = (
    *("### Step {number}: {name}", "### Schritt {number}: {name}", "### {number}. {what}", "### Step {number}"),
    *(
        "#### Part {number} {a} {b}",
        "## Step {number}: {name}",
        "### Step {number}: {What is done}",
        "### {name} {number}",
    ),
)
LABELS = ("Inputs", "Actions", "Outputs", "Purpose", "Step", "Name", "Handlungen", "Number", "", "Decisions", "!!")
FRONTS = (
    *("", "---\ntemplate: own\nversion: 1\nkind: procedure\n---\n\n", "---\nkind: prozedur\n---\n\n"),
    *("---\ntemplate: other\nversion: [1]\nkind: [x]\n---\n\n", "---\nkind: standard\n---\n\n", "---\n: : :\n---\n\n"),
)
TITLES = ("# {title}\n\n", "# {title}\n\n", "", "# Fixed\n\n", "Title\n=====\n\n", "# {a} {b}\n\n")


def form(seed: int) -> bytes:
    """Return a template file."""
    rnd = random.Random(seed)
    count = rnd.choice((1, 1, 2, 3, 5, 8, 30))
    parts = [_steps(rnd) if rnd.random() < 0.2 else _section(rnd) for _ in range(count)]
    raw = (rnd.choice(FRONTS) + rnd.choice(TITLES) + "\n\n".join(parts) + rnd.choice(("", "\n", "\n\n"))).encode()
    raw = raw.replace(b"\n", b"\r\n") if rnd.random() < 0.1 else raw
    return b"\xef\xbb\xbf" + raw if rnd.random() < 0.05 else raw


def _section(rnd: random.Random) -> str:
    level = rnd.choice((2, 2, 2, 2, 3, 3, 1, 4, 5, 6))
    body = [rnd.choice(COMMENTS), EXAMPLES[rnd.choice(list(EXAMPLES))]]
    if rnd.random() < 0.2:
        body.reverse()
    return "\n\n".join([f"{'#' * level} {rnd.choice(HEADINGS)}", *filter(None, body)])


def _steps(rnd: random.Random) -> str:
    head = [f"## {rnd.choice(('Workflow', 'Ablauf', 'How', 'Goal'))}", rnd.choice(COMMENTS), rnd.choice(STEPS)]
    return "\n\n".join(filter(None, [*head, *(_part(rnd) for _ in range(rnd.choice((0, 1, 2, 4))))]))


def _part(rnd: random.Random) -> str:
    label = rnd.choice(("**%s:**", "**%s**:", "#### %s", "**%s:** {inline}")) % rnd.choice(LABELS)
    return "\n\n".join(filter(None, [label, rnd.choice(COMMENTS), EXAMPLES[rnd.choice(list(EXAMPLES))]]))
