"use strict";
// Everything here adds to the page; without it all pages and links are there.
const own = document.currentScript.dataset;

for (const tools of document.querySelectorAll(".tools")) {
  const rows = [...tools.nextElementSibling.querySelectorAll("tbody tr")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  tools.hidden = rows.length < 8;
  tools.querySelector("[data-filter]").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, place) => {
      row.hidden = !words.every((word) => texts[place].includes(word));
      count += !row.hidden;
    });
    tools.querySelector("output").textContent = `${count} of ${rows.length} shown`;
  });
}

const find = document.querySelector(".find");
const field = find.querySelector("[data-find]");
const hits = find.querySelector(".hits");
find.hidden = false;

// Letters without accents, so that "revisao" finds "revisão".
const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const most = 30;
let index = null;

// A page that is read from the disk may not ask for files, but it may load a script.
const load = () =>
  (index ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = own.search;
    script.onload = () => {
      const { pages, parts } = window.procauthorSearch;
      const titles = pages.map(([title]) => fold(title));
      resolve(parts.map(([page, heading, anchor, text]) => ({
        page: pages[page], title: titles[page], heading, anchor, text,
        folded: fold(`${heading} ${text}`), head: fold(heading),
      })));
    };
    script.onerror = reject;
    document.head.append(script);
  }));

const count = (text, word) => text.split(word).length - 1;
const score = (part, words) =>
  words.reduce((sum, word) => {
    const here = 20 * part.title.includes(word) + 8 * part.head.includes(word) + Math.min(5, count(part.folded, word));
    return sum === null || !here ? null : sum + here;
  }, 0);

const snippet = (part, words) => {
  const line = document.createElement("span");
  const text = part.text;
  const folded = fold(text);
  const at = Math.max(0, Math.min(...words.map((word) => folded.indexOf(word)).filter((place) => place >= 0), text.length) - 40);
  const shown = text.slice(at === text.length - 40 ? 0 : at, (at === text.length - 40 ? 0 : at) + 160);
  const pattern = new RegExp(`(${words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "i");
  shown.split(pattern).forEach((piece, place) => {
    const part = place % 2 ? document.createElement("mark") : document.createTextNode(piece);
    if (place % 2) part.textContent = piece;
    line.append(part);
  });
  return line;
};

const show = async () => {
  const words = fold(field.value).split(/\s+/).filter(Boolean);
  const list = hits.querySelector("ol");
  hits.hidden = !words.length;
  if (!words.length) return;
  const parts = await load();
  const rated = parts.map((part) => [score(part, words), part]).filter(([rate]) => rate !== null);
  rated.sort((a, b) => b[0] - a[0]);
  hits.querySelector("p").textContent = rated.length ? `${rated.length} places${rated.length > most ? `, the first ${most} of them` : ""}` : "Nothing has all of these words.";
  list.replaceChildren(...rated.slice(0, most).map(([, part]) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    const [title, address] = part.page;
    link.href = own.root + address.split("/").map(encodeURIComponent).join("/") + (part.anchor ? `#${encodeURIComponent(part.anchor)}` : "");
    link.textContent = part.heading && part.heading !== title ? `${title}: ${part.heading}` : title;
    item.append(link, snippet(part, words));
    return item;
  }));
};

field.addEventListener("focus", () => load().catch(() => {}));
field.addEventListener("input", show);
const links = () => [...hits.querySelectorAll("a")];
find.addEventListener("keydown", (event) => {
  const all = [field, ...links()];
  const place = all.indexOf(document.activeElement);
  if (event.key === "Escape") {
    hits.hidden = true;
    field.focus();
  } else if (event.key === "Enter" && document.activeElement === field && links().length) {
    links()[0].click();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    all[(place + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length].focus();
  }
});
document.addEventListener("click", (event) => {
  if (!find.contains(event.target)) hits.hidden = true;
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !/^(?:INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) {
    event.preventDefault();
    field.focus();
  }
});
