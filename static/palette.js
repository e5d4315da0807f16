/* The palette: one box over the page that finds records and does things. Opened by Ctrl-K, Cmd-K, "/" and the box in the
   bar, which without script is a form that leads to the page of results. What is typed is posted and kept nowhere. */
(() => {
  "use strict";
  const PAUSE = 120; // ms after the last key
  const palette = document.getElementById("palette");
  if (!palette) return;
  const form = palette.querySelector("form");
  const box = form.elements.q;
  const results = palette.querySelector("#palette-results");
  const wrong = palette.querySelector("[role=alert]");
  const said = palette.querySelector("#palette-said");
  const token = JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"];
  const options = () => [...results.querySelectorAll("[role=option]")];
  const chosen = () => results.querySelector("[aria-selected=true]");

  let timer = 0;
  let asking = null; // what ends the request under way
  let shown = null; // the text whose results are shown
  let waiting = null; // Enter was pressed before the results were there

  const choose = (option) => {
    const before = chosen();
    if (before) before.setAttribute("aria-selected", "false");
    if (option) {
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      box.setAttribute("aria-activedescendant", option.id);
    } else box.removeAttribute("aria-activedescendant");
  };

  const complain = (text) => {
    wrong.textContent = text;
    wrong.hidden = !text;
  };

  const empty = () => {
    results.replaceChildren();
    shown = null;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };

  const act = (option, newTab) => {
    if (!option) return;
    if (option.dataset.fill) {
      box.value = option.dataset.fill;
      box.focus();
      ask();
    } else if (newTab) window.open(option.href, "_blank", "noopener");
    else option.click();
  };

  const show = (html, text) => {
    results.innerHTML = html;
    shown = text;
    complain("");
    const first = options()[0];
    box.setAttribute("aria-expanded", String(Boolean(first)));
    choose(first);
    results.querySelector("#palette-list").scrollTop = 0;
    said.textContent = results.firstElementChild.dataset.counted;
    if (waiting && first) act(first, waiting.newTab);
    waiting = null;
  };

  const ask = async () => {
    clearTimeout(timer);
    asking?.abort();
    const mine = asking = new AbortController();
    const text = box.value;
    const slow = setTimeout(() => palette.setAttribute("aria-busy", "true"), 250);
    try {
      const answer = await fetch(form.action, {
        method: "POST", signal: mine.signal, body: new URLSearchParams({ q: text }),
        headers: { "HX-Request": "true", "X-CSRFToken": token },
      });
      if (answer.status === 401) { location.assign(answer.headers.get("HX-Redirect") || "/"); return; }
      if (!answer.ok) throw new Error(answer.status);
      const html = await answer.text();
      if (asking === mine) show(html, text);
    } catch (error) {
      if (error.name === "AbortError") return;
      waiting = null;
      empty();
      complain(navigator.onLine ? palette.dataset.failed : palette.dataset.offline);
    } finally {
      clearTimeout(slow);
      if (asking === mine) { asking = null; palette.removeAttribute("aria-busy"); }
    }
  };

  const open = (text = "") => {
    if (palette.open || document.querySelector("dialog:modal")) return;
    box.value = text;
    palette.showModal();
    box.focus();
    box.setSelectionRange(text.length, text.length);
    ask();
  };

  const move = (step) => {
    const all = options();
    if (!all.length) return;
    const at = all.indexOf(chosen());
    choose(all[(at + step + all.length) % all.length]);
  };

  const KEYS = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Home: () => choose(options()[0]),
    End: () => choose(options().at(-1)),
    Enter: (event) => {
      if (event.repeat) return;
      const newTab = event.ctrlKey || event.metaKey;
      if (shown === box.value && !asking) act(chosen(), newTab);
      else { waiting = { newTab }; ask(); }
    },
  };
  box.addEventListener("keydown", (event) => {
    const does = !event.isComposing && !event.shiftKey && KEYS[event.key];
    if (!does) return;
    event.preventDefault();
    does(event);
  });
  box.addEventListener("input", () => {
    clearTimeout(timer);
    waiting = null;
    timer = setTimeout(ask, PAUSE);
  });
  form.addEventListener("submit", (event) => event.preventDefault());

  results.addEventListener("pointermove", (event) => {
    const option = event.target.closest("[role=option]");
    if (option && option !== chosen()) choose(option);
  });
  /* Before the page hears of the click, so that a dialog it opens stands over the page and not over the palette. */
  palette.addEventListener("click", (event) => {
    if (event.target === palette) { palette.close(); return; }
    const option = event.target.closest("[role=option]");
    if (!option || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (option.dataset.fill) act(option);
    else palette.close();
  });
  palette.addEventListener("close", () => {
    clearTimeout(timer);
    asking?.abort();
    waiting = null;
    box.value = "";
    empty();
    complain("");
  });
  addEventListener("online", () => { if (palette.open) ask(); });
  addEventListener("pagehide", () => { if (palette.open) palette.close(); });

  /* A key that is still held when a dialog opens presses nothing in it. */
  document.addEventListener("keydown", (event) => {
    if (event.repeat && event.key === "Enter" && event.target.closest?.("dialog button")) event.preventDefault();
  }, true);

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const letter = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    const keys = document.body.dataset.keys !== "off"; // a person can turn single keys off
    const slash = keys && event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!(letter || slash) || event.isComposing) return;
    event.preventDefault();
    if (palette.open) palette.close();
    else open();
  });

  /* The box in the bar is a way in: a press, or the first letter. Merely passing it with Tab opens nothing. */
  const way = document.getElementById("search");
  if (way) {
    way.addEventListener("click", () => open(way.value));
    way.addEventListener("input", () => { open(way.value); way.value = ""; });
  }
})();
