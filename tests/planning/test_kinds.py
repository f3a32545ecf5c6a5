"""Kinds of plans: what is an item in each, with its code, priority, state and needs, and what is none."""

import pytest

from procauthor.errors import PlanError
from procauthor.planning.plan import Plan
from procauthor.planning.read import read_plan


def read(text: str) -> Plan:
    return read_plan((text if text.startswith("# ") else f"# Bakery\n\n{text}").encode())


def told(plan: Plan) -> list[str]:
    """Say each item in one line: code, title, priority, whether it is done, how many actions, and what it needs."""
    lines = []
    for item in plan.items:
        needs = ", ".join(d.title for d in item.depends_on)
        parts = (
            item.code,
            item.title,
            item.priority,
            "done" if item.done else "",
            f"{len(item.actions)}" if item.actions else "",
        )
        lines.append(" ".join(filter(None, parts)) + (f" <- {needs}" if needs else ""))
    return lines


TABLE = "| {head} | Priority | Effort | Depends on |\n|---|---|---|---|\n| Knead well | P0 | 2h | - |\n| Bake | High | 1d | Knead well |\n"

KINDS = {
    "headings that only name what is below them": (
        ("# Roadmap\n\n## Phase 1: Quick Wins (1-3 days)\n\n### Tasks\n1. Mix the dough\n2. Heat the oven\n\n### Deliverables\n- Dough is there.\n\n"
        "## Phase 2: High Impact (1-2 sprints)\n\n### Tasks\n1. Bake the bread\n\n### Deliverables\n- Bread is there.\n"),
        ["1 Mix the dough P3", "2 Heat the oven P3", "1 Bake the bread P1"],
    ),
    "what comes before what, in a list without accents": (
        ("## J1\n\n- S3-T01 (P0) Petrir\n  - Couche: four\n- S3-T02 (P0) Chauffer\n- S3-T03 (P1) Cuire\n- S3-T04 (P1) Gouter\n\n"
        "## 4. Dependances\n- T01/T02 avant T03 (sans four, rien)\n- T01 a T03 avant T04\n- T01/T02 independants\n"),
        ["S3-T01 Petrir P0 1", "S3-T02 Chauffer P0", "S3-T03 Cuire P1 <- Petrir, Chauffer", "S3-T04 Gouter P1 <- Petrir, Chauffer, Cuire"],
    ),
    "numbers and titles in bold below a title that says plan": (
        "# Da fare\n\n## Poi, con calma\n\n1. **Impastare il pane** (~45 min). Con cura.\n\n2. **Scaldare il forno** (~2-3 ore). Molto.\n",
        ["Impastare il pane P3", "Scaldare il forno P3"],
    ),
    "letters and digits before the titles of all headings": (
        "# Tasks — Bakery\n\n## A — Mise\n\n### A1 Weigh flour\nDo it.\n\n### A2 Heat the oven\nHot.\n\n## B — Bake\n\n### B1 Knead\nLong.\n\n## Later\n\nRest.\n",
        ["A1 Weigh flour P3", "A2 Heat the oven P3", "B1 Knead P3"],
    ),
    "ranks before headings that have fields and lists": (
        ("## P-list\n\n### P0 — Mix dough\n- **Summary**: Mix.\n- **Checklist**:\n  - Weigh\n  - Stir\n- **Dependencies**: None.\n\n"
        "### P1 — Bake bread\n- **Summary**: Bake.\n- **Checklist**:\n  - Heat\n- **Dependencies**: Mix dough.\n"),
        ["Mix dough P0 2", "Bake bread P1 1 <- Mix dough"],
    ),
    "issues by their numbers, and labels without emphasis": (
        "## Version 1\n\nCompleted:\n\n- `#5` Mix\n- `#6` Knead\n\nOpen:\n\n- None. Go on.\n\n## Version 2\n\n- `#8` Heat\n- `#9` Bake\n",
        ["Mix P3 done", "Knead P3 done", "Heat P3", "Bake P3"],
    ),
    "rows that are struck through": (
        ("# Backlog\n\n## Urgent\n\n| # | Task | Found |\n|---|---|---|\n| ~~1~~ | ~~Mix the dough~~ (on Monday) | C3 |\n| 2 | ~~Knead~~ (on Monday). Still sticky | C1 |\n| 3 | Bake (waits for D1) | C2 |\n\n"
        "## To settle\n\n| # | What is asked | Why |\n|---|---|---|\n| D1 | Which oven it is | Heat |\n| ~~D2~~ | ~~Which salt it is~~ | Solved |\n"),
        ["Mix the dough (on Monday) P0 done", "Knead (on Monday). Still sticky P0", "Bake (waits for D1) P0 <- Which oven it is", "D1 Which oven it is P3", "D2 Which salt it is P3 done"],
    ),
    "documents below priorities in Russian": (
        "## Доработка\n\n#### 🔴 Важные (приоритет 1)\n\n- **SOP_Dough.md** (39 строк) - тесто\n- **SOP_Oven.md** (37 строк) - печь\n\n#### 💼 Прочие (приоритет 3)\n\n- **SOP_Salt.md** - соль\n",
        ["SOP_Dough.md P1", "SOP_Oven.md P1", "SOP_Salt.md P3"],
    ),
    "tables of codes and tasks, and states in colours": (
        ("| ID | Task | Where |\n|---|---|---|\n| A-1.1 | Weigh | Kitchen |\n| ~~A-1.2~~ | ~~Knead~~ | ✅ Done |\n\n"
        "| ID | Task | Status | Blocked By |\n|---|---|---|---|\n| 0A | Heat | 🟢 | — |\n| 0B | Bake | 🔴 | 0A, A-1.1 |\n"),
        ["A-1.1 Weigh P3", "A-1.2 Knead P3 done", "0A Heat P3 done", "0B Bake P3 <- Heat, Weigh"],
    ),
    "headings that have dependencies alone": (
        "## Oven\n\n### Warm plates\n**What:** Ten.\n**Depends on:** Knead bread\n\n### Knead bread\n**What:** Well.\n**Depends on:** Flour (outside)\n",
        ["Warm plates P3 <- Knead bread", "Knead bread P3 <- Flour"],
    ),
    "tables in phases that wait for each other": (
        ("## Phase 1: Mix\n\n| No | Status | Description |\n|---|---|---|\n| 1.1 | Completed | Weigh |\n| 1.2 | Open | Knead |\n\n"
        "## Phase 2: Bake\n\n**Depends on:** Phase 1\n\n| No | Status | Description |\n|---|---|---|\n| 2.1 | Open | Heat |\n"),
        ["1.1 Weigh P3 done", "1.2 Knead P3", "2.1 Heat P3 <- Weigh, Knead"],
    ),
    "phases of which the first is elsewhere": (
        "## Phase 2 / Milestone 2: Knead\n\n**Depends on:** Phase 1\n\n## Phase 3 / Milestone 3: Bake\n\n**Depends on:** Phase 2\n",
        ["Milestone 2: Knead P3 <- Phase 1", "Milestone 3: Bake P3 <- Milestone 2: Knead"],
    ),
    "boxes over headings of the same tasks": (
        ("## Tasks\n\n- [x] Task 1.1 — Knead\n- [ ] Task 1.2 — Bake\n\n### Task 1.1 — Knead\n**Depends on:** None\n\n"
        "### Task 1.2 — Bake\n**Depends on:** Task 1.1\n"),
        ["1.1 Knead P3 done", "1.2 Bake P3 <- Knead"],
    ),
    "titles that end as asides do": (
        "## High priority\n\n### Button on the Oven Alerts ([#4](x.md))\nAdd one.\n\n### Oven Budgets\nAsk.\n\n## Low priority\n\n### Salt\nBuy.\n\n### Oil\nBuy.\n",
        ["Button on the Oven Alerts (#4) P1", "Oven Budgets P1", "Salt P3", "Oil P3"],
    ),
    "columns told by their cells": (
        "| Was | Wie wild | Wie lang |\n|---|---|---|\n| Knead well | High | 2 h |\n| Bake | Low | 1 d |\n",
        ["Knead well P1", "Bake P3"],
    ),
    "documents in bold with fields below them": (
        ("## Critical gaps\n\n### 1. Oven & Fire\n- **FIRE_DRILL.md** - What to do\n  - **Priority**: CRITICAL\n  - **Reason**: It burns\n\n"
        "- **OVEN_CARE.md** - How to clean\n  - **Priority**: HIGH\n\n### 2. Salt\n- **SALT.md** - How much\n  - **Priority**: LOW\n"),
        ["FIRE_DRILL.md P0", "OVEN_CARE.md P1", "SALT.md P3"],
    ),
    "dependencies in sentences": (
        ("### **Tareas**:\n1. Amasar el pan\n2. Calentar el horno\n3. Hornear todo\n\n### **Dependencias**:\n"
        "* La tarea 3 depende de las tareas 1 y 2, ya que hace falta todo.\n\n### **Cronograma**:\n"
        "| Tarea | Tiempo | Fin |\n|---|---|---|\n| 1 | 2 días | Día 3 |\n| 2 | 1 día | Día 4 |\n| 3 | 1 día | Día 5 |\n"),
        ["Amasar el pan P3", "Calentar el horno P3", "Hornear todo P3 <- Amasar el pan, Calentar el horno"],
    ),
    "codes with words behind them": (
        ("### P1-01 Mix flour\n- **Deps**: none. **Cost**: 6\n\n### P1-02 Rest — 1d\n- **Deps**: P1-01 bowl.\n\n"
        "### P2-01 Bake — 3d\n- **Deps**: P1-01/P1-02 trays, P1-02. ⚠ hot\n"),
        ["P1-01 Mix flour P1", "P1-02 Rest P1 <- Mix flour", "P2-01 Bake P2 <- Mix flour, Rest, ⚠ hot"],
    ),
    "details that are ticked, of an item that is not": (
        "## P1\n\n- [ ] Phase 1: Mix\n  - [x] Weigh\n  - [x] Knead\n- [ ] Phase 2: Bake\n  - [ ] Heat\n",
        ["Phase 1: Mix P1 2", "Phase 2: Bake P1 1"],
    ),
    "what is promised behind the last item": (
        "## Sprint 1\n\n### Prioridad alta: Pan\n\n#### Tarea 1.1: Amasar\n\n#### Tarea 1.2: Hornear\n\n**Entregables:**\n- ✅ Pan\n- ✅ Migas\n",
        ["1.1 Amasar P1", "1.2 Hornear P1 2"],
    ),
    "a label behind the list of the last item": (
        "## Phase 1\n\n- [ ] **Mix**\n  - Weigh\n  - Knead\n\n**Deliverables:** Dough ✅\n",
        ["Mix P3 2"],
    ),
    "priority zero and a status that is half done": (
        "## Prioridade Zero: Pão\n\n- [x] **Amassar**\n  - [x] Pesar\n  - [ ] Mexer\n\n## P1\n\n### 2. Assar o pão\n**Status:** PARTIELLEMENT IMPLÉMENTÉ\n",
        ["Amassar P0 done 2", "Assar o pão P1"],
    ),
    "Chinese labels": (
        "## 高优先级（High Priority）\n\n### T-011: 和面\n\n**状态**: 已完成 | **预估工时**: 3-5 天 | **依赖**: 无\n\n### T-013: 烤面包\n\n**状态**: 待开始 | **依赖**: T-011\n",
        ["T-011 和面 P1 done", "T-013 烤面包 P1 <- 和面"],
    ),
    "Japanese labels": (
        "## P0\n\n### 1. パンをこねる\n\n**優先度**: 高\n**依存関係**: なし\n**ステータス**: 完了\n\n### 2. パンを焼く\n\n**優先度**: P2\n**依存**: パンをこねる\n",
        ["パンをこねる P1 done", "パンを焼く P2 <- パンをこねる"],
    ),
    "sibling of a field": (
        "- [ ] 1. Flour guide\n- [ ] 2. Salt guide\n  - Depends on: 1\n- [ ] 3. Yeast guide\n",
        ["Flour guide P3", "Salt guide P3 <- Flour guide", "Yeast guide P3"],
    ),
    "codes and a schedule": (
        ("| ID | Task | Priority | Needs | Status |\n|---|---|---|---|---|\n| BR-01 | Mix | Low | | ✅ Done |\n| BR-02 | Rest | P1 | BR-01 | Ready |\n\n"
        "## Sprint 1\n\n- BR-01: Mix\n- BR-02: Rest the dough\n"),
        ["BR-01 Mix P3 done", "BR-02 Rest P1 <- Mix"],
    ),
    "a column of other ids": (
        "| Work Item | Finding IDs | Priority | Dependencies |\n|---|---|---|---|\n| Mix | F-1 / S-2 | P1 | None |\n| Bake | F-3A | P2 | S-2 |\n",
        ["F-1 / S-2 Mix P1", "F-3A Bake P2 <- Mix"],
    ),
    "digits with letters elsewhere": (
        ("| PRP | Title | Priority | Dependencies |\n|---|---|---|---|\n| 001 | Mix | High | None |\n| 002 | Bake | Low | PRP-001 |\n\n"
        "## Execution Order\n\n1. **PRP-001** - begin here\n2. **PRP-002** - then this\n"),
        ["001 Mix P1", "002 Bake P3 <- Mix"],
    ),
    "task groups": (
        ("### Task Group 1: Dough\n**Dependencies:** None\n\n- [x] 1.0 Make the dough\n  - [x] 1.1 Weigh\n  - [x] 1.2 Knead\n\n"
        "### Task Group 2: Oven\n**Dependencies:** Task Group 1\n\n- [ ] 2.0 Heat the oven\n"),
        ["1.0 Make the dough P3 done 2", "2.0 Heat the oven P3 <- Make the dough"],
    ),
    "headings with boxes": (
        "## [x] Task 1: Mix\n- **Priority**: P0\n- **Depends On**: None\n\n## [ ] Task 2: Bake\n- **Priority**: P1\n- **Depends On**: Task 1\n",
        ["Mix P0 done", "Bake P1 <- Mix"],
    ),
    "epics above stories": (
        "* **Feature: Bread**\n  * **Story: WP-1-A**: Mix it.\n    * *Dependencies*: None.\n  * **Story: WP-1-B**: Bake it.\n    * *Dependencies*: WP-1-A.\n",
        ["WP-1-A Mix it P3", "WP-1-B Bake it P3 <- Mix it"],
    ),
    "states in brackets": (
        "- [COMPLETED] **STEP 1.1**: Mix\n  - *Dependencies*: None\n- [PENDING] **STEP 1.2**: Bake\n  - *Dependencies*: STEP 1.1\n",
        ["1.1 Mix P3 done", "1.2 Bake P3 <- Mix"],
    ),
    "boxes of every kind": (
        "## Done\n\n- [x] Mix\n\n## Planned\n\n- [~] Rest\n- [-] Bake\n- [ ] Eat\n  - with butter\n",
        ["Mix P3 done", "Rest P3", "Bake P3", "Eat P3 1"],
    ),
    "plain lines below a priority": (
        "## P0 (Critical)\n- None (all done)\n\n## P1 (High)\n- Mix the rye dough\n- Rest it\n\n## Risks\n- It burns\n",
        ["Mix the rye dough P1", "Rest it P1"],
    ),
    "documents to write": ("## Runbooks to write\n\n1. Oven fire\n2. Flour recall\n", ["Oven fire P3", "Flour recall P3"]),
    "phases that rank": (
        "### Phase 1: Critical Fixes (this week)\n1. Mix again\n\n### Phase 2: Nice touches\n1. Add seeds\n",
        ["1 Mix again P0", "1 Add seeds P3"],
    ),
    "a phase that is one item": (
        ("### Phase 1: Mix [COMPLETED]\n\n**Tasks**:\n- [x] Weigh\n\n**Depends on**: none\n\n"
        "### Phase 2: Bake\n\n**Tasks**:\n- [ ] Heat\n- [ ] Wait\n\n**Depends on**: 1\n"),
        ["Mix P3 done 1", "Bake P3 2 <- Mix"],
    ),
    "a table and its details": (
        "| # | Task | Priority |\n|---|---|---|\n| 1 | Mix Procedure | P1 |\n\n## Details\n\n### Mix Procedure\n**Priority:** P1\n**Effort:** 2 h\n\n- [ ] weigh\n",
        ["Mix Procedure P1 1"],
    ),
    "German": (
        "| Aufgabe | Priorität | Verantwortlich | Status |\n|---|---|---|---|\n| Teig kneten | Must | Ben | Erledigt |\n| Ofen heizen | Could | Ida | Offen |\n",
        ["Teig kneten P0 done", "Ofen heizen P2"],
    ),
    "French": (
        "### 1. Rédiger la procédure du four\n**Priorité :** Haute\n**Dépendances :** Aucune\n\n### 2. Procédure du sel\n**Priorité :** Basse\n**Dépendances :** 1\n",
        ["Rédiger la procédure du four P1", "Procédure du sel P3 <- Rédiger la procédure du four"],
    ),
    "Spanish": (
        "### 1.1 Masa\n\n- [x] **Tarea 1.1.1:** Pesar la harina.\n- [ ] **Tarea 1.1.2:** Amasar.\n",
        ["1.1.1 Pesar la harina P3 done", "1.1.2 Amasar P3"],
    ),
    "Portuguese": (
        "### PA-1 — P0: Massa\n**Prioridade:** CRÍTICA | **Estimativa:** 2 dias\n\n### PA-2 — P1: Forno\n**Prioridade:** ALTA | **Depende de:** PA-1\n",
        ["PA-1 Massa P0", "PA-2 Forno P1 <- Massa"],
    ),
    "titles below a heading that is a field elsewhere": (
        "| # | Phase | Priority | Depends on |\n|---|---|---|---|\n| 01 | [Mix](mix.md) | P1 | — |\n| 02 | [Bake](b.md) | P0 | 01 |\n",
        ["01 Mix P1", "02 Bake P0 <- Mix"],
    ),
    "ranks at the head of lines": (
        "## Plan\n\n1. **P0: Oven**: heat it slowly\n2. **P1: Salt**: buy some\n\n- [ ] **[P2]** Label the jars — *Ida* → ✅ when all have one\n",
        ["Oven P0", "Salt P1", "Label the jars — Ida → ✅ when all have one P2"],
    ),
    "any word before a number": (
        "### Étude 1: Mix the rye\n**Effort:** 2 h\n\n### Étude 2: Bake it\n**Effort:** 1 h\n**Depends on:** 1\n",
        ["Mix the rye P3", "Bake it P3 <- Mix the rye"],
    ),
    "what a heading says of its rows": (
        "## Completed ✅\n\n| Feature | Effort |\n|---|---|\n| Mix | 2h |\n\n## Next\n\n| Feature | Effort |\n|---|---|\n| Bake | 3h |\n",
        ["Mix P3 done", "Bake P3"],
    ),
    "soft needs in parentheses, words before colours": (
        ("| # | Datei | Priorität | Abhängig von (#) |\n|---|---|---|---|\n| 1 | Teig | 🟠 Niedrig | – |\n| 2 | Ofen | 🔴 Hoch | 1 |\n"
        "| 3 | Brot | 🟢 Mittel | 2, (1 empfohlen) |\n"),
        ["Teig P3", "Ofen P1 <- Teig", "Brot P2 <- Ofen, Teig"],
    ),
    "numbers below a priority": ("## P0 - Critical\n1. Heat the oven\n2. Buy salt\n\n## P1\n1. Sweep\n",
        ["1 Heat the oven P0", "2 Buy salt P0", "1 Sweep P1"]),
    "codes below a priority": (
        "## CRITICAL\n\n### C1: Mould in the cellar\n- **Fix**: clean it\n\n## HIGH\n\n- H1: No salt left\n- H2: Oven leaks\n",
        ["C1 Mould in the cellar P0 1", "H1 No salt left P1", "H2 Oven leaks P1"],
    ),
    "steps behind settings": (
        ("### Task 1: Bake\n**Steps:**\n\n1. Set the oven:\n   - **Heat:** 220\n   - **Fan:** off\n\n2. Shut it\n3. **Wait:** until brown\n\n"
        "### Task 2: Sell\n**Effort:** 2 h | **Impact:** fame\n\n- Wrap it\n- Weigh it\n"),
        ["Bake P3 3", "Sell P3 2"]),
    "work and what accepts it": (
        "### Task 1: Bake\nWhy:\n- people eat\n\nMain work:\n- knead\n- heat\n\nAcceptance:\n- it is brown\n\n### Task 2: Sell\n**Acceptance:**\n- it is sold\n",
        ["Bake P3 3", "Sell P3 1"]),
    "codes that could be days": (
        "| ID | Task | Blocked by |\n|---|---|---|\n| 1C | Mix | - |\n| 1D | Bake | 1C |\n| 1E | Sell | 1D |\n",
        ["1C Mix P3", "1D Bake P3 <- Mix", "1E Sell P3 <- Bake"]),
    "ranges of long codes": (
        "| ID | Task | Needs |\n|---|---|---|\n| `A-BC01` | Mix | - |\n| `A-BC02` | Bake | - |\n| `A-BC03` | Sell | `A-BC01`-`A-BC02` |\n",
        ["A-BC01 Mix P3", "A-BC02 Bake P3", "A-BC03 Sell P3 <- Mix, Bake"]),
    "several phases": (
        "## Phase 1\n- [ ] Mix\n\n## Phase 2\n- [ ] Bake\n\n## Phase 3\n- [ ] Sell (depends on Phase 1, 2)\n",
        ["Mix P3", "Bake P3", "Sell P3 <- Mix, Bake"]),
    "boxes in boxes": (
        "- [ ] 1. Dough\n  - [ ] 1.1 Weigh\n    - to the gram\n  - [x] 1.2 Knead\n    - by hand\n    - for an hour\n- [ ] 2. Taste\n",
        ["1.1 Weigh P3 1", "Taste P3", "1.2 Knead P3 done 2"],
    ),
    "stories in bold": (
        ("### Epic 1: Bread\n\n- **Goal:** to have some\n\n- **Story 1.1: Mix**\n  - **User Story:** As a baker I mix.\n"
        "  - **Acceptance Criteria:**\n    1. It is wet.\n    2. It rises.\n\n- **Story 1.2: Bake**\n  - **Acceptance Criteria:**\n    1. It is brown.\n"),
        ["1.1 Mix P3 2", "1.2 Bake P3 1"],
    ),
    "lists below labels that are not known": (
        "### BR-1 - Mix\n- **Priority:** P0\n- **Mixtures:**\n  - rye\n  - wheat\n- **Files:**\n  - mix.md\n",
        ["BR-1 Mix P0 2"],
    ),
    "work without priorities": (
        "| Runbook | Trigger | Status |\n|---|---|---|\n| Oven fire | Smoke | TODO |\n| Flood | Water | Done |\n",
        ["Oven fire P3", "Flood P3 done"],
    ),
    "ranks in words": ("### Sprint 2: Oven\n- 🔴 **HIGH**: Clean it\n- 🟡 **LOW**: Paint it\n- [ ] Warm it (Medium, S)\n",
        ["Clean it P1", "Paint it P3", "Warm it P2"]),
    "a priority behind the title": ("## Quick wins\n\n- [ ] **F36** — `oil()` the hinges (High, S)\n- [ ] **F35** — sweep (Low)\n",
        ["F36 oil() the hinges P1", "F35 sweep P3"]),
    "codes of letters and digits": (
        "### BR_V3_P4_001 : Pétrir\n**Priorité** : Haute\n\n- [ ] farine\n\n### BR_V3_P4_002 : Cuire\n**Priorité** : Basse\n",
        ["BR_V3_P4_001 Pétrir P1 1", "BR_V3_P4_002 Cuire P3"],
    ),
    "numbered paragraphs in bold": (
        "**1. Mix** (score: 9.5)\n- [ ] weigh\n- **Effort**: 2 hours\n\n**2. Bake** (score: 8)\n- [ ] heat\n- **Effort**: 1 hour\n",
        ["Mix P3 1", "Bake P3 1"],
    ),
    "a list under a heading over work": ("## Context\n\n- a fact\n\n## Migration Plan\n\n1. Move the oven\n2. Heat it\n",
        ["Move the oven P3", "Heat it P3"]),
    "owners and dates": (
        "## Procedures to write\n\n| Procedure | Owner | Target date |\n|---|---|---|\n| Badge return | Ida | May |\n| Key return | Ben | June |\n",
        ["Badge return P3", "Key return P3"],
    ),
    "codes in bold, and needs and hours behind them": (
        "## Phase 1: Dough\n- **1.1 Mix rye** – Ida, 2h\n- **1.2 Knead it** – depends on 1.1, 4h\n",
        ["1.1 Mix rye P3", "1.2 Knead it P3 <- Mix rye"],
    ),
    "states before titles": ("## Tasks\n\n* TODO Write the guide\n* DONE Taste the bread\n* TODO Publish it\n",
        ["Write the guide P3", "Taste the bread P3 done", "Publish it P3"]),
    "milestones that wait for each other": (
        ("# Milestones\n\n| # | Milestone | Depends on | Acceptance criteria |\n|---|---|---|---|\n| M1 | Dough | a baker | it rises; it is warm |\n"
        "| M2 | Bread | M1; flour 405 | it is brown |\n"),
        ["M1 Dough P3 2 <- a baker", "M2 Bread P3 1 <- Dough, flour 405"],
    ),
    "ranks of two words": ("### SHORT TERM (1-2 weeks)\n- [ ] Sweep\n\n### LONG TERM\n- [ ] Rebuild\n", ["Sweep P1", "Rebuild P3"]),
    "codes with remarks in bold": ("### IMMEDIATE\n1. **S2.1 (rye)** - Verify the price\n2. **S4.2 (all)** - Write the rules\n",
        ["S2.1 Verify the price P0", "S4.2 Write the rules P0"]),
    "milestones with codes": ("### Milestone M1: Dough\n\n- [x] M1.1 Weigh\n- [ ] M1.2 Knead\n\n### Milestone M2: Oven\n\n- [ ] M2.1 Heat (needs M1.2)\n",
        ["M1.1 Weigh P3 done", "M1.2 Knead P3", "M2.1 Heat P3 <- Knead"]),
    "now, next and later": ("## Now\n- Fix the door\n\n## Next\n- Paint it\n\n## Later\n- Sell it\n", ["Fix the door P3", "Paint it P3", "Sell it P3"]),
    "a column of boxes": ("| | Task | Owner |\n|---|---|---|\n| ☐ | Sweep | Ida |\n| ☑ | Wash | Ben |\n", ["Sweep P3", "Wash P3 done"]),
    "after what is no name": ("## P1\n\n- [ ] 1. Clean up after the feast\n- [ ] 2. Eat (after #1)\n", ["Clean up after the feast P1", "Eat P1 <- Clean up after the feast"]),
    "hours before weeks": ("### PRIORITY 1: OVEN\n**Timeline:** 2 weeks\n**Effort:** 3 hours\n\n**Tasks:**\n1. Clean it\n   - inside\n2. Heat it\n",
        ["OVEN P1 2"]),
    "scores are no priorities": (
        "### High Priority\n\n#### Task 1: Mix [D:2 → Priority:3.5]\n**Acceptance criteria:**\n- [ ] wet\n\n#### Task 2: Sing and bake\n**Goal:** bread\n",
        ["Mix [D:2 → Priority:3.5] P1 1", "Sing and bake P1"],
    ),
    "stories with coded criteria": (
        ("### BR-1 : Mix\n\n**Criteria:**\n\n- [ ] CA-1 : wet\n- [ ] CA-2 : warm\n\n**Priority:** High\n**Effort:** 2h\n\n"
        "### BR-2 : Bake\n\n**Criteria:**\n\n- [ ] CA-1 : brown\n\n**Priority:** Low\n**Effort:** 1h\n"),
        ["BR-1 Mix P1 2", "BR-2 Bake P3 1"],
    ),
    "headings that begin with a priority": (
        "### P0 - Oven stays cold (gas)\n- **Cause:** no gas\n\n### P1 - No salt\n- **Cause:** eaten\n\n### P1 - Old yeast\n- **Cause:** age\n",
        ["Oven stays cold (gas) P0", "No salt P1", "Old yeast P1"],
    ),
    "phases that wait for several phases": (
        ("### Phase 1.5 - Buy\n**Depends on:** nothing.\n\n### Phase 2 - Mix\n**Depends on:** Phase 1.5 (flour).\n\n"
        "### Phase 3 - Bake\n**Depends on:** Phases 1.5 + 2 (dough).\n\n### Phase 4 - Eat\n**Depends on:** Phases 2-3. Phase 1.5 ideally (butter).\n"),
        ["Buy P3", "Mix P3 <- Buy", "Bake P3 <- Buy, Mix", "Eat P3 <- Mix, Bake, Buy"],
    ),
    "a number and a code": (
        ("### 1. BR-1 - Mix the rye\n- **Effort:** 2h\n\n### 2. RO-1 - Bake. Depends on BR-1.\n- **Effort:** 1h\n\n"
        "## More\n\n- **BR-7 - Salt it.** P1. Soon.\n- **BR-8 - Eat it.** P0 (today). Or else.\n"),
        ["BR-1 Mix the rye P3", "RO-1 Bake P3 <- Mix the rye", "BR-7 Salt it P1", "BR-8 Eat it P0"],
    ),
    "siblings known by a label": (
        ("## Short-term\n\n### Mix\n**Status:** Planned\n**Spec:** mix.md\n\n### Bake\n**Status:** Planned\n**Spec:** bake.md\n\n"
        "## Paper\n\n### Print\n**Spec:** print.md\n\n## How to use this roadmap\n\n- Read it\n"),
        ["Mix P1", "Bake P1", "Print P3"],
    ),
    "names joined by a sign": (
        "| # | Task | Depends on | Effort |\n|---|---|---|---|\n| 1 | Mix the dough (rye) | - | 1h |\n| 2 | Bake | Mix dough + gas | 2h |\n",
        ["Mix the dough (rye) P3", "Bake P3 <- Mix the dough (rye), gas"],
    ),
    "parts of any name over boxes": (
        "## Chunk 1: Dough\n- [ ] Mix `rye`\n- [ ] Rest\n\nChecks:\n- `weigh it`\n\n## Chunk 2: Oven\n- [x] Heat\n",
        ["Mix rye P3", "Rest P3", "Heat P3 done"],
    ),
    "tables by state": (
        ("## Listo para empezar\n\n| ID | Tarea | Prioridad | Depende de |\n|---|---|---|---|\n| T-2 | Amasar | P1 | T-1 |\n\n"
        "## Hecho\n\n| ID | Tarea | Cerrada |\n|---|---|---|\n| T-1 | Pesar | ayer |\n"),
        ["T-2 Amasar P1 <- Pesar", "T-1 Pesar P3 done"],
    ),
    "a list of files": (
        "| Task | Title | Depends on |\n|---|---|---|\n| 001 | Mix | — |\n| 002 | Bake | 001 |\n\n## Tasks created\n\n- [ ] 001.md - Mix\n- [ ] 002.md - Bake\n",
        ["001 Mix P3", "002 Bake P3 <- Mix"],
    ),
    "a cell with a title and more": (
        "| Phase | Scope | Depends on | Effort | DoD |\n|---|---|---|---|---|\n| 1 | **Author Pages**<br> all of them | none | 1h | done; well |\n| 2 | **Print** | 1 | 2h | read |\n",
        ["Author Pages P3 2", "Print P3 1 <- Author Pages"],
    ),
    "boxes beside a table": (
        ("| # | Task | Priority |\n|---|---|---|\n| 1 | Mix | P1 |\n\n## Doors\n\n- [ ] **Phase 1** - Paint it\n- [x] Oil it\n\n"
        "## Definition of done\n\n- [ ] All is well\n"),
        ["Mix P1", "Paint it P3", "Oil it P3 done"],
    ),
    "numbers that go on below phases that rank": (
        "## Issues\n\n### 1. Fire\n- **Status:** it burns\n\n### Phase 1 (Week 1) - CRITICAL\n1. Heat\n2. Mix\n\n### Phase 2 (Week 2) - HIGH\n3. Bake\n",
        ["Heat P0", "Mix P0", "Bake P1"],
    ),
    "numbered headings below siblings": (
        "# Backlog\n\n## Later\n\n### 1. Write the oven guide\n\n## Taste backlog\n\n### 1. Raise the bar\n\n## Paper backlog\n\n### 1. Add a guide\n",
        ["oven guide P3", "Raise the bar P3", "Add a guide P3"],
    ),
    "a status with a remark": (
        "| Item | Status |\n|---|---|\n| Mix it well | Waiting - guide complete |\n| Bake it well | Complete - guide open |\n",
        ["Mix it well P3", "Bake it well P3 done"],
    ),
    "priorities in brackets": (
        "## A [P0] Oven (gas)\n\n- valve: new\n- pipe: old\n\n## B [P1] Salt\n\n- jar: one\n\n## Priority\n\nP0: the oven.\n",
        ["Oven (gas) P0 2", "Salt P1 1"],
    ),
    "coded headings with a rank, over boxes, beside boxes of other sections": (
        ("## Oven\n\n### S1 — New door (High)\n\n- [ ] Buy it\n- [ ] Fit it\n\n### S2 — Old door (Medium, do after S1)\n\n- [ ] Melt it\n\n"
        "## Later\n\n### Garden\n\n- [ ] Cut the hedge\n- [ ] Mow the lawn\n"),
        ["S1 New door P1 2", "S2 Old door P2 1 <- New door", "Cut the hedge P3", "Mow the lawn P3"],
    ),
    "words of another language behind a box": (
        "## Fas 1\n\n- [ ] Ugn: lista, detalj\n- [ ] Deg: mjöl\n\n## Fas 2\n\n- [x] Logg: filer\n",
        ["Ugn: lista, detalj P3", "Deg: mjöl P3", "Logg: filer P3 done"],
    ),
    "ranges in other languages": (
        "| Código | Tarefa | Prioridade | Dependência |\n|---|---|---|---|\n| T-1 | Pesar | P0 | Nenhuma |\n| T-2 | Amassar | P0 | T-1 |\n| T-3 | Assar | P1 | T-1 a T-2 |\n",
        ["T-1 Pesar P0", "T-2 Amassar P0 <- Pesar", "T-3 Assar P1 <- Pesar, Amassar"],
    ),
    "codes without digits, and signs that are no boxes": (
        ("| ID | Task | Priority | Depends on |\n|---|---|---|---|\n| S0-MIX | Mix | High | oven |\n| S1-BAKE | Bake | Low | S0-MIX; gas |\n\n"
        "## Seen\n\n- ✅ All is well\n\n## Left alone\n\n- salt\n"),
        ["S0-MIX Mix P1 <- oven", "S1-BAKE Bake P3 <- Mix, gas"],
    ),
    "codes in front of titles in a table, and in Italian": (
        ("## Fase A\n\n| Attività | Priorità | Dipendenze |\n|---|---|---|\n| A1 Pesare | critica | — |\n| A2 Impastare | alta | A1 |\n\n"
        "## Fase B\n\n| Attività | Priorità | Dipendenze |\n|---|---|---|\n| B1 Cuocere | bassa | A2 |\n| B2 Pulire | media | B1 |\n"),
        ["A1 Pesare P0", "A2 Impastare P1 <- Pesare", "B1 Cuocere P3 <- Impastare", "B2 Pulire P2 <- Cuocere"],
    ),
    "a priority in front of the fields of a line": (
        "## Phase 4\n\n- [x] **4.1 Knead well**\n  - **P1** | **Files:** dough.md | **Effort:** 2h\n- [ ] **4.2 Bake**\n  - **P2** | **Effort:** 1h\n",
        ["4.1 Knead well P1 done", "4.2 Bake P2"],
    ),
    "labels within running text, and numbers that begin again": (
        ("**Phase 1 — Dough.** (small)\n\n1. Weigh the flour. File: flour.md. Effort: 1 h.\n   Depends on: none. Verify: taste it.\n"
        "2. Knead well. Effort: 2 h. Depends on: task 1. Verify: by hand.\n\n"
        "**Phase 2 — Oven.**\n\n1. Heat up. Effort: 1 h. Depends on: Phase 1.\n2. Bake. Effort: 1 h. Depends on: task 1.\n"),
        ["1 Weigh the flour P3", "2 Knead well P3 <- Weigh the flour", "1 Heat up P3 <- Weigh the flour, Knead well", "2 Bake P3 <- Heat up"],
    ),
    "phases of which some have no fields": (
        ("### Phase 0 — Safety\n- Gloves first\n- Done when: nobody burns\n\n### Phase 1a — Dough\n- Depends on: Phase 0\n- Weigh\n\n"
        "### Phase 1b — Oven\n- Depends on: Phase 1a\n- Heat\n"),
        ["Safety P3 2", "Dough P3 1 <- Safety", "Oven P3 1 <- Dough"],
    ),
    "headings with codes and signs": (
        "## Open — ovens\n\n### B-28 — Warm plates ✅ DONE\n\nIt is warm.\n\n### B-29 — Clean plates\n\nSoap.\n",
        ["B-28 Warm plates P3 done", "B-29 Clean plates P3"],
    ),
    "numbers below a heading over tasks": (
        "## Phase 1 — dough\n\n### Tasks\n#### 1.1 Weigh\n- Flour\n- Salt\n\n#### 1.2 Knead\n- By hand\n\n### Acceptance criteria\n- It rises\n",
        ["1.1 Weigh P3 2", "1.2 Knead P3 1"],
    ),
    "boxes within boxes, each with a number": (
        ("- [ ] **1. Intake Procedure** (P0, 2 h)\n  - [ ] **1.1 Badge Procedure** — depends on 1\n  - [x] **1.2 Key Procedure** — depends on 1.1\n"
        "- [ ] **2. Exit Procedure** (P1, 1 day) after 1.2\n"),
        ["Intake Procedure P0", "Exit Procedure P1 <- Key Procedure", "1.1 Badge Procedure P3 <- Intake Procedure",
         "1.2 Key Procedure P3 done <- Badge Procedure"],
    ),
    "what a line says behind a colon": (
        "### P0\n\n1. Intake Procedure: depends on nothing, 2-3 hours, done\n2. Badge Procedure: needs 1; 30 min\n3. Key Procedure: 3 hours, done\n",
        ["Intake Procedure P0 done", "Badge Procedure P0 <- Intake Procedure", "Key Procedure P0 done"],
    ),
    "codes with noughts at both ends": (
        "## P1\n\n| # | Task | Depends on |\n|---|---|---|\n| 001 | Weigh | - |\n| 010 | Knead | - |\n| 020 | Bake | PRP-010 |\n",
        ["001 Weigh P1", "010 Knead P1", "020 Bake P1 <- Knead"],
    ),
    "boxes below a heading over work and checks": (
        "## Dough & verification\n\n- [ ] Weigh\n\n## Verification\n\n- [ ] It rises\n\n## Oven\n\n- [x] Heat up\n",
        ["Weigh P3", "Heat up P3 done"],
    ),
    "a heading about the item of a table": (
        ("| ID | Runbook | Priority | Status |\n|---|---|---|---|\n| RB-01 | Oven Fire | High | To Create |\n| RB-02 | Flood | Low | Exists |\n\n"
        "### 8.2 Runbook: RB-01 Oven Fire (Template)\n\n**Severity:** P0\n"),
        ["RB-01 Oven Fire P1", "RB-02 Flood P3 done"],
    ),
    "what notes say to be needed, and signs of two kinds in one cell": (
        ("## Fase 1\n\n| # | Attività | Stato | Note |\n|---|---|---|---|\n| 1.1 | Pesare | ✅ | - |\n| 1.2 | Impastare | Mano ✅ / Forno ☐ | Dipende da 1.1: prima |\n\n"
        "## Fase 2\n\n| # | Attività | Stato | Note |\n|---|---|---|---|\n| 2.1 | Cuocere | ☐ | Dipende da Fase 1 completata |\n"),
        ["1.1 Pesare P3 done", "1.2 Impastare P3 <- Pesare", "2.1 Cuocere P3 <- Pesare, Impastare"],
    ),
    "titles that begin with amounts, and files beside them": (
        ("| Scenario | Assigned Runbook | Priority |\n|---|---|---|\n| 10-15 loaves burn | burn.md | High |\n| Flood | flood.md | Low |\n"),
        ["10-15 loaves burn P1", "Flood P3"],
    ),
    "remarks behind codes and priorities": (
        ("| ID | Task | Priority |\n|---|---|---|\n| `OV-01` (plan #21) | Heat | High |\n| `OV-02` (plan #22) | Cool | Low |\n"),
        ["OV-01 Heat P1", "OV-02 Cool P3"],
    ),
    "steps with bold labels that have no colon": (
        "## Frame\n\n- It is cold.\n\n## Krok 1 – Mix\n\n**Inside**\n- flour\n- salt\n\n**Seen**\n- It is wet.\n\n## Krok 2 – Bake\n\n**Inside**\n- heat\n",
        ["Mix P3 3", "Bake P3 1"],
    ),
    "a table in a language of no pack": (
        "## 1. Hazır\n\n| Paket ID | Tanım | Süre |\n|---|---|---|\n| WP-01 | Un | 2 gün |\n| WP-02 | Su | 4 gün |\n\n## 2. Sonra\n\n| Paket ID | Tanım | Süre |\n|---|---|---|\n| WP-03 | Tuz | 3 gün |\n",
        ["WP-01 Un P3", "WP-02 Su P3", "WP-03 Tuz P3"],
    ),
    "codes behind the numbers of sections, and a table of what waits for what": (
        ("## 1. Purpose\n\nBread.\n\n## 2. WP1 — Mix\n\n### Tasks\n\n- weigh\n- stir\n\n### Results\n\n- dough\n\n## 3. WP2 — Bake\n\n### Tasks\n\n- heat\n\n### Results\n\n- bread\n\n"
        "## 4. Dependencies\n\n| Package | Depends on |\n|---|---|\n| WP1 | none |\n| WP2 | WP1 |\n"),
        ["WP1 Mix P3 2", "WP2 Bake P3 1 <- Mix"],
    ),
    "steps with the same headings below each": (
        "## Workstream 1：Mix\n\n### Why\n\nBread.\n\n### Results\n\n- dough\n\n## Workstream 2：Bake\n\n### Why\n\nHunger.\n\n### Results\n\n- bread\n",
        ["Mix P3 1", "Bake P3 1"],
    ),
    "rows that are over others": (
        "| Task | Priority | Effort | Needs |\n|---|---|---|---|\n| **Dough** | | | |\n| Mix | High | 1 d | |\n| **Oven** | | | |\n| Heat | Low | 2 h | Mix |\n",
        ["Mix P1", "Heat P3 <- Mix"],
    ),
    "numbers that are in titles, and times that are none": (
        "# Work\n\n- [ ] **Salt**: throw it away after 12 months of rest.\n- [ ] **2027 rules**: read them.\n- [ ] **Keys**: a new one (needs a quiet room).\n",
        ["Salt P3", "2027 rules P3", "Keys P3"],
    ),
    "phases that last, over numbered headings": (
        "## FASE 1 — PAN\n**Duración:** 1 semana\n\n### 1.1 Amasar\n\n- harina\n\n### 1.2 Hornear\n\n- calor\n\n## FASE 2 — MESA\n**Duración:** 2 días\n\n### 2.1 Poner\n\n- platos\n",
        ["1.1 Amasar P3 1", "1.2 Hornear P3 1", "2.1 Poner P3 1"],
    ),
    "what comes before what, in a diagram and in arrows": (
        ("# Work\n\n## Tasks\n\n- [ ] T001 Mix\n- [ ] T002 Knead\n- [ ] T003 Bake\n- [ ] T004 Eat\n\n## Dependencies & order\n\n- T001 → T002 (wet), T004 last\n\n"
        "## Picture\n\n```mermaid\ngraph TD\n  T002[Knead] --> T003 & T004\n```\n\n## Notes\n\nT004 → T001 tastes best.\n"),
        ["T001 Mix P3", "T002 Knead P3 <- Mix", "T003 Bake P3 <- Knead", "T004 Eat P3 <- Knead"],
    ),
    "boxes below a heading that says checklist, in a file that is one": (
        "# Feast checklist\n\n## Hall checklist\n- [ ] Ask for the plan\n- [ ] Count the chairs\n\n## Later\n- [ ] Sweep\n",
        ["Ask for the plan P3", "Count the chairs P3", "Sweep P3"],
    ),
    "middle dots, and ranges with two dots": (
        "### M2-0 · Mix\n\n### M2-1 · Knead\n- **deps:** M2-0\n\n### M2-2 · Bake\n- **deps:** M2-0..M2-1\n",
        ["M2-0 Mix P3", "M2-1 Knead P3 <- Mix", "M2-2 Bake P3 <- Mix, Knead"],
    ),
    "fields below headings of their own": (
        "## 1. Mix the dough\n\n### Story\n\nWet.\n\n### Criteria\n\n- [x] It is wet.\n\n### Priority\n\nHigh\n\n## 2. Bake it\n\n### Story\n\nHot.\n\n### Priority\n\nLow\n",
        ["Mix the dough P1 done 1", "Bake it P3"],
    ),
    "a lone step below a table of items": (
        "| # | Procedure | Priority |\n|---|---|---|\n| 1 | Dough | P0 |\n| 2 | Oven | P0 |\n\n## How\n\n### Step 2: Create tickets\n\nSoon.\n",
        ["Dough P0", "Oven P0"],
    ),
    "phases with their hours behind them": (
        "## Plan\n\n#### Priority 1: Taste all (1-2 days)\n**Tasks:**\n1. Cut it\n2. Eat it\n\n#### Priority 2: Write the guide (3 hours)\n**Tasks:**\n1. Oven guide\n",
        ["Taste all P1 2", "Write the guide P2 1"],
    ),
    "ranks of one's own below another": ("### Priority 1: Bread\n\n- [ ] **Rye** (High Priority)\n- [ ] **Oats** (Low Priority)\n",
        ["Rye P1", "Oats P3"]),
    "a phase that all later ones need, by its heading": (
        "## Phase 0 — Kitchen (prérequis)\n\n1. Laver le four\n2. Peser\n\n## Phase 1 — Pain\n\n1. Petrir\n2. Cuire\n",
        ["1 Laver le four P3", "2 Peser P3", "1 Petrir P3 <- Laver le four, Peser", "2 Cuire P3 <- Laver le four, Peser"],
    ),
    "what a line below a heading says of all items below it": (
        ("## Phase R1: Mix\n\n### Steps\n\n- [ ] Weigh\n- [ ] Knead\n\n## Phase R2: Bake\n\n> Goal: bread.\n> Depends on R1 (the dough).\n\n"
        "### Steps\n\n- [ ] Heat\n- [ ] Bake\n\n## Phase R3: Sell (after R1/R2)\n\n- [ ] Open\n"),
        ["Weigh P3", "Knead P3", "Heat P3 <- Weigh, Knead", "Bake P3 <- Weigh, Knead", "Open P3 <- Weigh, Knead, Heat, Bake"],
    ),
    "one item of a phase that another phase needs": (
        ("## Phase 3: Mix\n\n- [ ] Weigh\n- [ ] Knead\n\n## Phase 4: Bake\n\nDepends on Phase 3 (Weigh). All of it.\n\n- [ ] Heat\n"),
        ["Weigh P3", "Knead P3", "Heat P3 <- Weigh"],
    ),
    "codes of headings, in fields and in rows of arrows": (
        ("### M1 — Mix\n**Effort:** 2 h\n**Depends on:** good flour\n\n### M2 — Knead\n**Effort:** 2 h\n**Depends on:** the result of M1\n\n"
        "### M3 — Heat\n**Effort:** 2 h\n\n### M4 — Bake\n**Effort:** 2 h\n**Depends on:** all of M2–M3\n\n## Afterwards\n\n1. M1 (mix) → M3 (heat) → M4.\n"),
        ["M1 Mix P3 <- good flour", "M2 Knead P3 <- Mix", "M3 Heat P3 <- Mix", "M4 Bake P3 <- Knead, Heat"],
    ),
    "sentences below an item that name codes": (
        "- [ ] T-1 Mix\n- [ ] T-2 Knead\n  - After T-1, because it is of dough\n- [ ] T-3 Bake\n  - It no longer requires T-2\n",
        ["T-1 Mix P3", "T-2 Knead P3 1 <- Mix", "T-3 Bake P3 1"],
    ),
    "a table of phases and what they need": (
        ("## Phase 1\n\n- [ ] Sweep\n\n## Phase 2\n\n- [ ] Weigh\n\n## Phase 3\n\n- [ ] Heat\n\n"
        "## Summary\n\n| Phase | Dependencies |\n|---|---|\n| Phase 1 | None |\n| Phase 2 | Phase 1 first |\n| Phase 3 | All above |\n"),
        ["Sweep P3", "Weigh P3 <- Sweep", "Heat P3 <- Sweep, Weigh"],
    ),
    "colours that rank as a legend says": (
        ("## Legend\n\n- **Priority**: 🔴 High | 🟡 Medium | 🟢 Low\n\n## Work\n\n| ID | Task | Priority |\n|---|---|---|\n"
        "| B-1 | Knead | 🔴 |\n| B-2 | Bake | 🟡 |\n"),
        ["B-1 Knead P1", "B-2 Bake P2"],
    ),
    "priorities on lines of their own, and all in bold": (
        "## Backlog\n\nPriority 0:\n\n- [ ] Knead\n\nPriority 2:\n\n- [ ] Bake\n- [ ] Sell\n  - **Priority: High**\n",
        ["Knead P0", "Bake P2", "Sell P1"],
    ),
    "phases by their names, and what they block, in a list": (
        ("## Phase 1: Setup (Kitchen)\n\n- [ ] T001 Sweep\n\n## Phase 2: Foundational\n\n- [ ] T002 Weigh\n- [ ] T003 Mix (depends on T002)\n\n"
        "## Phase 3: Bread\n\n- [ ] T004 Bake\n\n## Dependencies & Execution Order\n\n- **Setup (Phase 1)**: No dependencies - can start immediately\n"
        "- **Foundational (Phase 2)**: Depends on Setup completion - BLOCKS all else\n- **Bread (Phase 3)**: All depend on Foundational phase completion\n"),
        ["T001 Sweep P3", "T002 Weigh P3 <- Sweep", "T003 Mix P3 <- Sweep, Weigh", "T004 Bake P3 <- Weigh, Mix"],
    ),
    "a table that sums up phases with names": (
        ("## Quick wins\n\n- [ ] Sweep\n\n## Phase 1: Mix\n\n- [ ] Weigh\n\n## Phase 2: Bake\n\n- [ ] Heat\n\n"
        "## Effort\n\n| Phase | Time | Dependencies |\n|---|---|---|\n| Quick wins | 1 h | None |\n| Phase 1 — Dough | 2 h | Quick wins first |\n| Phase 2 — Oven | 2 h | Phase 1 |\n"),
        ["Sweep P3", "Weigh P3 <- Sweep", "Heat P3 <- Weigh"],
    ),
    "a list whose heading says that its order counts": (
        "## Opening (in this order)\n\n1. [ ] Sweep\n2. [ ] Weigh\n3. [ ] Bake\n\n## In order of need\n\n1. [ ] Sell\n2. [ ] Count\n",
        ["1 Sweep P3", "2 Weigh P3 <- Sweep", "3 Bake P3 <- Weigh", "1 Sell P3", "2 Count P3"],
    ),
    "a drawing with an arrow down, and a part of a phase": (
        ("## Wave 1\n\n- [ ] T001 Sweep\n\n## Wave 2\n\n- [ ] T002 Weigh\n- [ ] T003 Mix\n\n## Wave 3\n\n- [ ] T004 Bake\n\n## Order\n\n"
        "```text\nWave 1 (clean)\n      ↓\nWave 2 Group A\n      ↓\nWave 2 Group B (T003) → Wave 3\n```\n"),
        ["T001 Sweep P3", "T002 Weigh P3 <- Sweep", "T003 Mix P3 <- Sweep, Weigh", "T004 Bake P3 <- Mix"],
    ),
    "a line of dependencies that is about one of the rows": (
        ("## Phase 1\n\n| ID | Task |\n|---|---|\n| B-1 | Sweep |\n| B-2 | Weigh |\n| B-3 | Bake |\n\n"
        "**Dependencies:** B-3 depends on B-1 (a clean room). B-2 is like B-1.\n"),
        ["B-1 Sweep P3", "B-2 Weigh P3", "B-3 Bake P3 <- Sweep"],
    ),
    "a state in front of the title, and a wish that comes after all must": (
        ("## Must have\n\n| # | Task | Effort |\n|---|---|---|\n| 1 | **DONE** 2026-05-19 — Sweep | 1 h |\n| 2 | Weigh | 2 h |\n\n"
        "## Nice to have\n\n| # | Task | Effort |\n|---|---|---|\n| 3 | Bake | 1 h |\n"),
        ["DONE 2026-05-19 — Sweep P0 done", "Weigh P0", "Bake P2"],
    ),
    "a file whose number is no item": (
        "## Opening\n\n1. [ ] Sweep\n2. [ ] Run `002` and `003`\n3. [ ] After `002`: open the door\n",
        ["Sweep P3", "Run 002 and 003 P3", "After 002: open the door P3 <- 002"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), KINDS.values(), ids=KINDS)
def test_items_are_told_by_the_shape_of_a_plan(text: str, expected: list[str]):
    assert told(read(text)) == expected


@pytest.mark.parametrize("head", ["Procedure", "Runbook", "SOP", "Work Item", "Backlog Item", "Description", "Recipe"])
def test_a_table_may_call_its_titles_as_it_likes(head: str):
    assert told(read(TABLE.format(head=head))) == ["Knead well P0", "Bake P1 <- Knead well"]


@pytest.mark.parametrize(
    "aside",
    [
        "## Status Legend\n- ✅ Done\n- ⏳ Planned\n",
        "## Risk Assessment\n\n| Risk | Probability | Impact | Mitigation |\n|---|---|---|---|\n| Fire | Low | High | Water |\n",
        "## Success Criteria\n\n- [ ] Bread is eaten\n",
        "## Critical Dependencies\n\n- **Flour mill** - for flour\n",
        "## Functional Requirements\n\n1. **FR-1**: Bread must rise\n",
        "## Week 1\n\n### Deliverables\n\n- [ ] Warm bread\n",
        "## Meetings\n\n| Meeting | Frequency | Duration | Who |\n|---|---|---|---|\n| Standup | Daily | 15 min | all |\n",
        "## Checks\n\n| Control | Status | File |\n|---|---|---|\n| Doors | PASS | doors.md |\n",
        "## Routes\n\n| Path | Before | After | Status |\n|---|---|---|---|\n| a | 0 | 0 | ✅ |\n| b | 3 | 0 | ✅ |\n",
        "## Current\n\n| # | Task | Priority |\n|---|---|---|\n| - | _(None at the moment)_ | - |\n",
        "## Rules\n\n1. **Nobody** eats before noon\n2. **All** wash\n",
    ],
)
def test_what_stands_around_the_items_is_none(aside: str):
    week = "" if "Week 1" in aside else "## Week 1\n\n"
    text = f"{week}{aside}" if week else aside
    plan = read(text.replace("## Week 1\n\n", f"## Week 1\n\n{TABLE.format(head='Task')}\n", 1))
    assert told(plan) == ["Knead well P0", "Bake P1 <- Knead well"]


def test_what_was_not_read_is_listed():
    plan = read(
        f"## Work\n\n{TABLE.format(head='Task')}\n## More\n\n- [ ] Sweep\n\n### 3. Define Salt Procedure\n**Priority:** P1\n**Owner:** Ida\n"
    )
    assert [(each.line, each.text) for each in plan.unread] == [(12, "Sweep"), (16, "Owner: Ida")]


def test_lines_below_items_are_listed_once_where_no_label_says_what_they_are():
    item = "### {}. Define {} Procedure\n**Priority:** P1\n\n"
    plan = read(f"{item.format(1, 'Salt')}- [ ] Weigh\n- [ ] Dry\n\n{item.format(2, 'Oven')}- [ ] Heat\n")
    assert [(each.line, each.text) for each in plan.unread] == [(6, "Weigh (and 2 more below items)")]
    plan = read(f"{item.format(1, 'Salt')}**Action items:**\n\n- [ ] Weigh\n- [ ] Dry\n")
    assert not plan.unread


def test_a_table_of_work_within_an_item_is_listed():
    plan = read(f"### 1. Define Salt Procedure\n**Priority:** P1\n\n{TABLE.format(head='Task')}")
    assert told(plan) == ["Salt Procedure P1"]
    assert [each.line for each in plan.unread] == [6]
    assert plan.unread[0].text.startswith("a table with the columns ")


def test_a_heading_over_groups_is_read():
    groups = "## Later\n\n### Other Procedures\n**Status:** Not yet created\n\n**Lifecycles:**\n- Release Lifecycle (10 procedures)\n"
    plan = read(
        f"## P1\n\n### 1. Define Salt Procedure\n**Effort:** 2 h\n\n### 2. Define Oven Procedure\n**Effort:** 2 h\n\n{groups}"
    )
    assert [group.name for group in plan.groups] == ["Release Lifecycle"]
    assert not plan.unread


def test_a_heading_with_a_code_that_is_no_item_is_listed():
    plan = read(f"## Work\n\n{TABLE.format(head='Task')}\n## Floors\n\n### K-T004: Sweep\n\nIt was dusty.\n")
    assert [(each.line, each.text) for each in plan.unread] == [(12, "K-T004: Sweep")]


def test_a_priority_that_is_not_known_is_said():
    plan = read("### 1. Define Salt Procedure\n**Priority:** Blue\n**Effort:** 1 h\n")
    assert [p.message for p in plan.problems] == ["'Define Salt Procedure' states a priority that is not known: 'Blue'; it counts as P3"]  # fmt: skip


def test_efforts_in_sizes_are_said_once():
    rows = "".join(f"| Loaf {n} | P1 | M |\n" for n in range(5))
    plan = read(f"| Task | Priority | Effort |\n|---|---|---|\n{rows}")
    assert [p.kind for p in plan.problems] == ["effort"]


def test_a_shortened_title_names_the_only_item_that_holds_its_words():
    table = "| Task | Priority | Dependencies |\n|---|---|---|\n| Refactor oven settings | P0 | None |\n| Bake | P1 | Oven refactor |\n"
    assert told(read(table)) == ["Refactor oven settings P0", "Bake P1 <- Refactor oven settings"]


def test_a_remark_says_done_only_where_it_says_nothing_else():
    plan = read("## P1\n\n- [ ] 1. Checkpoint - Oven Complete\n\n| # | Task | Priority | Status |\n|-|-|-|-|\n"
                "| 3 | Logs | P1 | Basis vorhanden |\n| 4 | Doors | P1 | vorhanden |\n")  # fmt: skip
    assert [(item.title, item.done) for item in plan.items if item.done] == [("Doors", True)]


def test_a_table_with_priorities_and_hours_is_read_whatever_its_heading_is_called():
    plan = read("## Module: Risk\n\n| Task | Priority | Effort |\n|---|---|---|\n| Weigh | High | 1h |\n")
    assert told(plan) == ["Weigh P1"]


def test_what_a_status_says_of_others_is_a_dependency():
    table = "| # | Task | Priority | Status |\n|---|---|---|---|\n| 1 | Knead well | P0 | Open |\n| 2 | Bake | P1 | Blocked by #1 |\n"
    assert told(read(table)) == ["Knead well P0", "Bake P1 <- Knead well"]


def test_a_schedule_that_names_items_again_contradicts_none():
    items = "### 1. Define Salt Procedure\n**Priority:** P1\n**Effort:** 2 hours\n"
    plan = read(
        f"{items}\n## Sessions\n\n### Session A\n\n**Tasks:**\n1. Salt Procedure\n\n**Time:** 3 hours\n**Priority:** P0\n"
    )
    assert plan.problems == ()


def test_a_numbered_list_over_work_beside_other_items_is_listed():
    plan = read(f"## Week 1\n\n{TABLE.format(head='Task')}\n### Open tasks (by priority)\n\n1. **Salt**: Buy it\n")
    assert [(each.line, each.text) for each in plan.unread] == [(12, "**Salt**: Buy it")]


def test_headings_below_a_title_such_as_todo_are_items_where_there_are_no_others():
    assert told(read_plan(b"# TODO\n\n## Oven scale\n\nIt is too small.\n\n## Salt library\n\nMany kinds.\n")) == ["Oven scale P3", "Salt library P3"]  # fmt: skip
    with pytest.raises(PlanError):
        read("## Oven scale\n\nIt is too small.\n")


def test_what_is_dropped_is_not_next_and_a_question_is_no_status():
    rows = "| 1 | Weigh | Won't do | |\n| 2 | Knead | Open | 1 |\n| 3 | Bake | Completed? | both |\n"
    plan = read(f"| ID | Task | State | Depends |\n|---|---|---|---|\n{rows}")
    assert (plan.next, [item.done for item in plan.items]) == ((2,), [False] * 3)
    said = [p.message for p in plan.problems]
    assert "'Bake' has the status 'Completed?', which is a question; it counts as open" in said
    assert "'both' names no procedure; read as items 1 and 2" in said


def test_lines_below_a_heading_over_work_are_listed_where_they_are_not_read():
    plan = read(
        "### P0\n\n1. Oven Procedure (2 h)\n2. Salt Procedure (1 h)\n\n## Later\n\n- Define Exit Procedure [P2]\n- Train the team\n- **Goal:** rest\n"
    )
    assert [(each.line, each.text) for each in plan.unread] == [(10, "Define Exit Procedure [P2] (and 1 more)")]


@pytest.mark.parametrize(
    "text",
    [
        "## P0\n\n### 1. Define Dough{0}Salt Procedure\n**Effort:** 2{0}-{0}3{0}h\n",
        "## P0\n\n- [ ] Dough{0}-{0}salt{0}(2 h){0}:{0}oil\n- [ ] **Oven**{0}—{0}after{0}Dough\n",
        "| # | Procedure | Effort |\n|---|---|---|\n| 1 | Dough{0}Salt{0}- done | 2{0}h |\n\nTotal{0}effort{0}:{0}3 h\n",
    ],
)
def test_long_rows_of_blanks_take_no_time(text: str):
    """Patterns that try each blank again would take minutes here."""
    assert read(text.format(" " * 4000)).items


def test_a_kind_of_document_in_front_of_a_title_is_no_title():
    plan = read(
        "**Priority: High**\n\n- [ ] **Playbook: Power Cut** - 3 h\n  - Reviewer: Ana\n"
        "- [ ] **Playbook: Water Leak** - 2 h, depends on Power Cut\n- [ ] SOP: Key Handover\n"
    )
    assert [item.title for item in plan.items] == ["Playbook: Power Cut", "Playbook: Water Leak", "SOP: Key Handover"]
    assert [item.effort_hours and item.effort_hours.max for item in plan.items] == [3, 2, None]
    assert [d.title for d in plan.items[1].depends_on] == ["Playbook: Power Cut"]
    assert plan.items[0].actions == ()
    assert [(each.line, each.text) for each in plan.unread] == [(6, "Reviewer: Ana")]


def test_what_is_said_below_a_label_in_bold_holds_for_the_group():
    plan = read(
        "**Group A: Kitchen**\n\n- [ ] Oven\n- [ ] Salt\n\n**Group B: Bar**\nDepends on: Group A\n\n- [ ] Tap\n\n"
        "**Group C: Street**\n\n- [ ] Closing — after group B\n"
    )
    needs = {item.title: [d.title for d in item.depends_on] for item in plan.items}
    assert needs == {"Oven": [], "Salt": [], "Tap": ["Oven", "Salt"], "Closing": ["Tap"]}


@pytest.mark.parametrize(("said", "hours"), [("2 ч", 2), ("3 дня", 24), ("2時間", 2), ("1 天", 8), ("30 분", 0.5), ("1 settimana", 40)])  # fmt: skip
def test_hours_are_read_in_all_languages(said: str, hours: float):
    item = read(f"## P0\n\n- [ ] Oven ({said})\n- [ ] Salt\n").items[0]
    assert (item.title, item.effort_hours and item.effort_hours.max) == ("Oven", hours)


def test_an_empty_box_before_what_is_struck_through_is_said():
    plan = read("## P0\n\n- [ ] ~~Oven~~\n- [ ] Salt (30 m) [after Oven]\n")
    assert told(plan) == ["Oven P0", "Salt P0 <- Oven"]
    assert [p.line for p in plan.problems if p.kind == "skipped"] == [5]


def test_a_phase_waits_for_a_document_of_the_library():
    text = b"# Bakery\n\n## Phase 1: Bar\n\n**Depends on:** Dough Procedure\n\n- [ ] Tap\n- [ ] Closing\n"
    plan = read_plan(text, known={"dough": "placeholder"})
    assert [[(d.title, d.state) for d in item.depends_on] for item in plan.items] == [[("Dough Procedure", "placeholder")]] * 2  # fmt: skip


def test_codes_that_a_sentence_below_a_title_names_are_needed_first():
    plan = read(
        "- **T1: Oven.** Big.\n- **T2: Salt.** Fine.\n- **T3: Dough.** Soft.\n- **T4: Bread.**\n  Depends on T1-T2 (both are hot).\n"
        "- **T5: Cake.**\n  Depends on T1 (the oven) and T3.\n- **T6: Pie.**\n  Depends on T2/T3.\n"
    )
    needs = {item.title: [d.title for d in item.depends_on] for item in plan.items if item.depends_on}
    assert needs == {"Bread": ["Oven", "Salt"], "Cake": ["Oven", "Dough"], "Pie": ["Salt", "Dough"]}


def test_items_are_named_with_their_word_in_chinese():
    plan = read("## 任务 1.1: 烤箱\n\n**前置依赖**: 无\n\n## 任务 1.2: 面团\n\n**前置依赖**: 任务 1.1\n")
    assert [[d.title for d in item.depends_on] for item in plan.items] == [[], ["烤箱"]]
