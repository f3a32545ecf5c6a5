"use strict";
// Everything here adds to the page; without it all tables are there.
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
