/* Choosing rows of a list, over as many pages as one likes. What is chosen stands in the tab's own store as numbers of
   rows, under one filter of one person; another filter or signing out forgets it. */
(() => {
  "use strict";
  const PREFIX = "select:";
  const MOST = 5001; // one more than the server takes at once, so that it says so
  const EVERYTHING = "all";
  const bar = () => document.getElementById("selection");
  const boxes = () => [...document.querySelectorAll("input[form=selection][name=pk]")];
  const all = () => bar()?.elements.namedItem("all");
  const say = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));
  let last = null;

  /* --- The store ------------------------------------------------------------------------------------------------- */
  const kept = () => Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
  const forget = (wanted = () => true) => { for (const key of kept()) if (wanted(key)) sessionStorage.removeItem(key); };
  const key = () => PREFIX + bar().dataset.key;
  const list = () => bar().dataset.key.split(":")[0];
  const everything = () => sessionStorage.getItem(key()) === EVERYTHING;
  const read = () => {
    try {
      return new Set(JSON.parse(sessionStorage.getItem(key()) || "[]").filter(Number.isSafeInteger));
    } catch {
      return new Set();
    }
  };
  const write = (ids) => {
    if (ids.size) sessionStorage.setItem(key(), JSON.stringify([...ids].slice(0, MOST)));
    else sessionStorage.removeItem(key());
  };

  /* --- What is seen ---------------------------------------------------------------------------------------------- */
  const words = (ids) => {
    const { none, one, many } = bar().dataset;
    if (everything()) return bar().dataset.everything;
    if (!ids.size) return none;
    const shape = new Intl.PluralRules(document.documentElement.lang).select(ids.size) === "one" ? one : many;
    return shape.replace("{n}", ids.size.toLocaleString(document.documentElement.lang));
  };

  const draw = (spoken) => {
    const form = bar();
    if (!form) return;
    const ids = read();
    const whole = everything();
    const on = whole || ids.size > 0;
    all().checked = whole;
    for (const box of boxes()) {
      box.checked = whole || ids.has(Number(box.value));
      box.disabled = whole;
      box.closest("tr").toggleAttribute("data-selected", box.checked);
    }
    const page = document.querySelector("[data-select-page]");
    if (page) {
      const ticked = boxes().filter((box) => box.checked).length;
      page.checked = ticked > 0 && ticked === boxes().length;
      page.indeterminate = ticked > 0 && ticked < boxes().length;
      page.disabled = whole;
    }
    form.toggleAttribute("data-on", on);
    form.querySelector(".count").textContent = words(ids);
    if (spoken) say(words(ids));
  };

  /* --- What is done ---------------------------------------------------------------------------------------------- */
  const set = (some, chosen) => {
    const ids = read();
    for (const box of some) if (chosen) ids.add(Number(box.value)); else ids.delete(Number(box.value));
    write(ids);
    draw(true);
  };

  const clear = () => {
    const inside = bar().contains(document.activeElement);
    write(new Set());
    last = null;
    draw(true);
    if (inside) document.querySelector("[data-select-page]")?.focus();
  };

  const toggle = (box, event) => {
    const some = boxes();
    const from = some.indexOf(last);
    const to = some.indexOf(box);
    const range = event.shiftKey && from >= 0 ? some.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
    last = box;
    set(range, box.checked);
  };

  const currentRow = () => {
    const marked = document.querySelector("#list tr[aria-current=true]");
    return marked || document.activeElement?.closest?.("#list tbody tr");
  };

  document.addEventListener("click", (event) => {
    if (!bar()) return;
    const box = event.target.closest?.("input[form=selection][name=pk]");
    if (box) toggle(box, event);
    else if (event.target.closest?.("[data-select-clear]")) clear();
  });

  document.addEventListener("change", (event) => {
    if (!bar()) return;
    if (event.target.matches("[data-select-page]")) set(boxes(), event.target.checked);
    else if (event.target === all()) {
      if (event.target.checked) sessionStorage.setItem(key(), EVERYTHING); else sessionStorage.removeItem(key());
      draw(true);
    }
  });

  /* Escape closes what lies on top first: the preview, as it was before anybody heard the key. */
  let previewed = false;
  addEventListener("keydown", () => { previewed = Boolean(document.querySelector("#peek:not([hidden])")); }, true);

  const typing = (element) => element.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    const off = document.body.dataset.keys === "off";
    if (!bar() || event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
    if (document.querySelector("dialog[open]") || typing(event.target)) return;
    if (event.key === "Escape" && bar().hasAttribute("data-on") && !previewed && !document.querySelector("details:is(.menu, .drop)[open]")) {
      clear();
    } else if (event.key.toLowerCase() === "x" && !off) {
      const box = currentRow()?.querySelector("input[form=selection][name=pk]");
      if (!box || box.disabled) return;
      event.preventDefault();
      box.checked = !box.checked;
      toggle(box, event);
    } else if (event.key === "a" && !off && bar().hasAttribute("data-on")) {
      event.preventDefault();
      bar().querySelector(".acts button").focus();
    }
  });

  document.addEventListener("submit", (event) => {
    if (event.target === bar()) event.target.elements.namedItem("ids").value = [...read()].join(",");
    else if (event.target.matches("form[action*='/logout/']")) forget();
  });

  /* --- The page as it came, and after each swap -------------------------------------------------------------------- */
  const settle = () => {
    const ended = document.querySelector("[data-select-done]");
    if (ended) forget((name) => name.startsWith(`${PREFIX}${ended.dataset.selectDone}:`));
    if (!bar()) {
      if (!document.querySelector("nav, .bar")) forget();
      return;
    }
    forget((name) => name.startsWith(`${PREFIX}${list()}:`) && name !== key());
    last = null;
    draw(false);
  };
  document.addEventListener("DOMContentLoaded", settle);
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id === "list" || event.detail.target.querySelector?.("#selection")) settle();
  });
  addEventListener("pageshow", (event) => { if (event.persisted) settle(); });
})();
