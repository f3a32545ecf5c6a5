"use strict";
// Everything here adds to the page; without it all tables and figures are there.
for (const tools of document.querySelectorAll(".tools")) tools.hidden = false;

for (const tools of document.querySelectorAll(".tools[data-for]")) {
  const rows = [...document.querySelectorAll(`#${tools.dataset.for} tbody tr`)];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const shown = tools.querySelector("output");
  const filter = () => {
    const words = tools.querySelector("input").value.toLowerCase().split(/\s+/).filter(Boolean);
    const choice = tools.querySelector("select")?.value ?? "";
    let count = 0;
    rows.forEach((row, place) => {
      const fits = words.every((word) => texts[place].includes(word)) && (!choice || row.dataset.state === choice);
      row.hidden = !fits;
      count += fits;
    });
    shown.textContent = `${count} of ${rows.length} shown`;
  };
  tools.addEventListener("input", filter);
}

const nameOf = (id) => document.querySelector(`#${id} th`)?.firstChild.textContent ?? id;

for (const figure of document.querySelectorAll(".graph")) {
  const boxes = new Map([...figure.querySelectorAll("a[data-id]")].map((box) => [box.dataset.id, box]));
  const arrows = [...figure.querySelectorAll("path[data-from]")];
  const panel = figure.parentElement.querySelector(".picked");
  const clear = () => {
    figure.classList.remove("picking");
    for (const part of figure.querySelectorAll(".near, .chosen")) part.classList.remove("near", "chosen");
    panel.hidden = true;
  };
  const list = (name, ids) => {
    const line = document.createElement("p");
    line.append(`${name}: `);
    ids.forEach((id, place) => {
      const link = document.createElement("a");
      link.href = `#${id}`;
      link.textContent = nameOf(id);
      line.append(place ? ", " : "", link);
    });
    if (!ids.length) line.append("nothing");
    return line;
  };
  const pick = (box) => {
    clear();
    const needs = box.dataset.needs.split(" ").filter(Boolean);
    const users = box.dataset.users.split(" ").filter(Boolean);
    figure.classList.add("picking");
    box.classList.add("chosen", "near");
    for (const id of [...needs, ...users]) boxes.get(id)?.classList.add("near");
    for (const arrow of arrows)
      if (arrow.dataset.from === box.dataset.id || arrow.dataset.to === box.dataset.id) arrow.classList.add("near");
    const title = document.createElement("p");
    const link = document.createElement("a");
    link.href = `#${box.dataset.id}`;
    link.textContent = nameOf(box.dataset.id);
    title.append(link, ` (${box.dataset.state})`);
    panel.replaceChildren(title, list("Needs", needs), list("Needed by", users));
    panel.hidden = false;
  };
  for (const box of boxes.values())
    box.addEventListener("click", (event) => {
      event.preventDefault();
      if (box.classList.contains("chosen")) location.hash = box.dataset.id;
      else pick(box);
    });
  figure.addEventListener("keydown", (event) => {
    if (event.key === "Escape") clear();
  });
  const svg = figure.querySelector("svg");
  const size = [svg.width.baseVal.value, svg.height.baseVal.value];
  let scale = 1;
  figure.parentElement.querySelector(".tools")?.addEventListener("click", (event) => {
    const step = event.target.dataset.zoom;
    if (!step) return;
    scale = step === "fit" ? figure.clientWidth / size[0] : Math.min(2, Math.max(0.2, scale * Number(step)));
    svg.setAttribute("width", size[0] * scale);
    svg.setAttribute("height", size[1] * scale);
  });
}
