"""A small library that is rich in forms of Markdown: what a rewriting could harm stands in it somewhere."""

from pathlib import Path

SETTINGS = '[library]\nindex = "index.md"\n\n[templates]\n"odd/*.md" = "procedure"\n"**/*.md" = ""\n'

INDEX = """# Index

Words of a person, with a [link](ops/backup.md "Title (1)") and `| a pipe |`.

## Ops

| Procedure | Status | Note |
|:--|---|--:|
| [Backup Procedure](ops/backup.md) | Defined | *weekly* |
| [**Restore** Procedure](ops/restore%20all.md) | Defined | a \\| b |

## Build

| Procedure | Status |
|---|---|
| [C# Build Procedure](build/c-sharp.md) | Defined |
"""

BACKUP = """---
id: 0010
lifecycle: Ops
tags: [a, 'b: c', "d"]
owner: &owner ops
depends_on:
  - Restore Procedure   # first
note: |
  Backup Procedure
  second line
---

Backup Procedure
================

It follows the **Restore** Procedure, [the **Restore Procedure**](restore%20all.md), [Restore][r], [Restore Procedure][],
[`Restore Procedure`](<restore all.md#1-prepare> 'quoted') and ![a picture of the Restore Procedure](pic.png).[^one]

[![Restore Procedure](pic.png)](restore%20all.md "t") [see [Restore Procedure]](./restore%20all.md?plain=1#top)
<https://example.org/Backup> and <ops@example.org>, an&nbsp;entity, \\*stars\\*, a_b_c, 2 * 3 * 4, ~~gone~~.

Setext two
----------

- one
  - [x] done: `code [Restore Procedure](restore%20all.md)`
  - [ ] open

    a second paragraph of the Restore Procedure

    ```sh
    cat <<END   # [Restore Procedure](restore%20all.md)
    - no item
    END
    ```
- two
  1. first
  2. second

> quoted [C# Build
> Procedure](../build/c-sharp.md) and the C++ Build Procedure
>
> - in a quote

| Name | Restore Procedure |
|---|---|
| `a \\| b` | [**Restore** Procedure](restore%20all.md) |
| [Backup Procedure](#backup-procedure) | C# Build Procedure |

<details id="more"><summary>Restore Procedure</summary>

Inside, <a href="restore%20all.md#1-prepare">Restore Procedure</a> and <b>bold</b>.

</details>

<!-- a comment: Restore Procedure -->

    indented code of the Restore Procedure

[^one]: A note on the Restore Procedure.
    It has a second line.

[r]: restore%20all.md
[restore procedure]: <restore all.md> "A title"
[unused]: ../build/c-sharp.md#steps
"""

RESTORE = """\ufeff---
title: "Restore Procedure"
id: restore all
status: Defined
aliases: [Recovery Procedure]
---
# Restore Procedure #

Text with a hard break{spaces}
and another\\
line. See the [Backup Procedure](backup.md#setext-two), the Backup Procedure, and "Backup Procedure".

## 1. Prepare

### Step 1: Look

Look at Step 2 and [step 2](#step-2-act). <span id="here">x</span>

### Step 2: Act

1. a
1. b

   ~~~text
   Step 2 [Backup Procedure](backup.md)
   ~~~

### Step 4: End

After Step 2, go to [Step 4](#step-4-end) or to [here](#here).

## 2. Rest

* * *

Term with `Backup Procedure` and [^two] and **[Backup Procedure](backup.md)**.

[^two]: Two.
""".replace("{spaces}", "  ")

SHARP = """# C# Build Procedure\r
\r
**Status:** Defined\r
**Owner:** me & [you](mailto:you@example.org)\r
\r
The C# Build Procedure is not the C++ Build Procedure, and not the Build Procedure.\r
\r
1. one\r
2. two\r
   - [Restore Procedure]\r
   - [A/B Test Procedure](ab.md "it's")\r
\r
| A | B |\r
|---|---|\r
| x | [C++ Build Procedure][cpp] |\r
\r
```\r
[Restore Procedure]: nothing\r
```\r
\r
[Restore Procedure]: <../ops/restore all.md>\r
[cpp]: cpp.md\r
"""

PLUS = """# C++ Build Procedure

<div align="center">

## Learn more

</div>

Use the C# Build Procedure, then [A/B Test Procedure][ab]; `C# Build Procedure`.

* * *

[ab]:
  ab.md
  'over lines'
"""

TEST = """A/B Test Procedure
===

See [C++ Build Procedure](cpp.md), *[C# Build Procedure](c-sharp.md)*, [c-sharp.md](c-sharp.md).

## Learn more

- [ ] Carry out the C++ Build Procedure
- [ ] [**C++** Build Procedure](cpp.md#learn-more)

## Open

```
never closed [C++ Build Procedure](cpp.md)
"""

SIGNS = "# Read \\[all\\] & \\<b\\> | `code` \\_x\\_ \\*y\\*\n\nText. [Backup Procedure](../ops/backup.md)\n"

FILES = {
    "procauthor.toml": SETTINGS,
    "index.md": INDEX,
    "ops/backup.md": BACKUP,
    "ops/restore all.md": RESTORE,
    "ops/README.md": "# Ops\n\n| Procedure | Status |\n|---|---|\n",
    "build/c-sharp.md": SHARP,
    "build/cpp.md": PLUS,
    "build/ab.md": TEST,
    "odd/a#b?c%20(d).md": SIGNS,
    "odd/plain.md": "# Plain Procedure\n\n[odd](a%23b%3Fc%2520%28d%29.md) [up](../OPS/backup.md)\n\nThe C++ Build Procedure, the **C# Build** Procedure.\n",
}


def write_corpus(folder: Path) -> Path:
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())
    return folder
