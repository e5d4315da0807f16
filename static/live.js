/* An open list: rows that changed are put in place where they stand, cell by cell; new ones wait behind a button on top, so
   that nothing moves under the pointer or the keyboard. */
(() => {
  "use strict";
  const say = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));
  const live = () => document.getElementById("list-live");
  const numbers = (text) => (text || "").split(",").filter(Boolean);
  const meaning = (cell) => cell.innerHTML.replace(/<time [^>]*datetime="([^"]*)"[^>]*>[^<]*<\/time>/g, "$1").trim();
  const words = (cell) => cell.textContent.replace(/\s+/g, " ").trim();
  const inUse = (cell) => cell.contains(document.activeElement) || cell.querySelector("input, details[open]");

  /* What a row says anew; empty where it says the same. */
  const update = (row, fresh) => {
    const cells = [...row.children];
    const anew = [...fresh.children];
    const said = [];
    if (cells.length !== anew.length) return said;
    cells.forEach((cell, place) => {
      if (cell.outerHTML === anew[place].outerHTML || inUse(cell)) return;
      if (meaning(cell) !== meaning(anew[place])) said.push(words(anew[place]));
      cell.replaceWith(anew[place]);
      htmx.process(anew[place]);
    });
    return said;
  };

  const put = (answer) => {
    const found = new DOMParser().parseFromString(`<body><template>${answer}</template>`, "text/html").querySelector("template").content;
    const fresh = found.querySelector("#list-live");
    const rows = [...document.querySelectorAll("#list tbody > tr")];
    const keys = numbers(live().dataset.shown);
    if (!fresh || rows.length !== keys.length) return;
    const changed = [];
    [...found.querySelectorAll("tbody > tr")].forEach((row, place) => {
      const here = rows[keys.indexOf(numbers(fresh.dataset.rows)[place])];
      const said = here ? update(here, row) : [];
      if (!said.length) return;
      changed.push(`${words(here.querySelector("th") || here.children[0])}: ${said.join(", ")}`);
      here.dataset.changed = "";
      setTimeout(() => { delete here.dataset.changed; }, 2500);
    });
    const more = Number(fresh.dataset.new) > Number(live().dataset.new || 0);
    const held = live().contains(document.activeElement);
    fresh.removeAttribute("hx-swap-oob");
    live().replaceWith(fresh);
    htmx.process(fresh);
    if (held) fresh.querySelector("a")?.focus({ preventScroll: true });
    for (const toast of found.querySelectorAll("[hx-swap-oob='beforeend:#toasts'] > *")) document.getElementById("toasts").append(toast);
    const several = changed.length > 1 ? [fresh.dataset.several.replace("%(n)s", changed.length)] : changed;
    const spoken = [...several, ...(more ? [fresh.dataset.said] : [])];
    if (spoken.length) say(spoken.join(". "));
  };

  document.addEventListener("htmx:beforeSwap", (event) => {
    const asker = event.detail.requestConfig?.elt;
    if (!asker?.matches("#list-live [data-poll]")) return;
    event.detail.shouldSwap = false;
    if (event.detail.xhr.status === 200) put(event.detail.serverResponse);
  });
})();
