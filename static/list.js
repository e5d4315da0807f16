/* Lists: walking the rows by keyboard, the preview beside them, and choosing columns. Everything here is a shorter way to
   what links and forms do without it. */
(() => {
  "use strict";
  const $ = (selector, within = document) => within.querySelector(selector);
  const list = () => $("#list");
  const say = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));

  /* --- The row one is at: known by its record's address, so that it survives a swap --------------------------------- */
  let here = null; // href of the current row's record
  let jump = ""; // where a page that was asked for by key is to be entered: its first row

  const rows = () => [...(list()?.querySelectorAll("table.rows > tbody > tr") || [])];
  const nameOf = (row) => $("th[scope=row] a:not(.peek)", row) || $("td a:not(.peek)", row);
  const keyOf = (row) => nameOf(row)?.href || row.rowIndex;
  const current = () => rows().find((row) => row.getAttribute("aria-current") === "true");

  const mark = (row) => {
    const was = current();
    if (was && was !== row) was.removeAttribute("aria-current");
    row.setAttribute("aria-current", "true");
    here = keyOf(row);
  };

  const enter = (row) => {
    mark(row);
    const name = nameOf(row);
    if (!name) row.tabIndex = -1;
    (name || row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    if (shown()) follow(row);
  };

  const step = (by) => {
    const all = rows();
    const at = all.indexOf(current());
    const next = at < 0 ? all[0] : all[at + by];
    if (next) enter(next);
  };

  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("#list table.rows > tbody > tr");
    if (row) mark(row);
  });

  /* --- The preview: not modal, so the list goes on beside it --------------------------------------------------------- */
  const panel = () => $("#peek");
  const shown = () => panel() && !panel().hidden;
  const eyeOf = (row) => $("a.peek", row);
  let wanted = ""; // the preview that is to be shown; answers to earlier ones come too late
  let soon = 0;

  const preview = (row) => {
    const eye = eyeOf(row);
    if (!eye) return;
    wanted = new URL(eye.href).pathname;
    panel().hidden = false;
    panel().setAttribute("aria-busy", "true");
    for (const other of list().querySelectorAll("a.peek[aria-expanded=true]")) other.removeAttribute("aria-expanded");
    eye.setAttribute("aria-expanded", "true");
    htmx.ajax("GET", eye.href, { target: "#peek", swap: "innerHTML", source: panel() }).catch(() => {});
  };

  const follow = (row) => {
    clearTimeout(soon);
    soon = setTimeout(() => preview(row), 120);
  };

  const close = () => {
    if (!shown()) return;
    clearTimeout(soon);
    wanted = "";
    panel().hidden = true;
    panel().replaceChildren();
    for (const eye of list().querySelectorAll("a.peek[aria-expanded]")) eye.removeAttribute("aria-expanded");
    const row = current();
    if (row) (nameOf(row) || row).focus({ preventScroll: true });
  };

  const toggle = (row) => {
    const eye = eyeOf(row);
    if (!eye) return;
    if (shown() && wanted === new URL(eye.href).pathname) close();
    else preview(row);
  };

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "peek") return;
    const path = new URL(event.detail.xhr.responseURL || location.href).pathname;
    if (path !== wanted) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.target?.id === "peek") panel().removeAttribute("aria-busy");
  });

  document.addEventListener("click", (event) => {
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (event.target.closest("[data-peek-close]")) close();
    const eye = event.target.closest("a[data-peek]");
    if (!eye || !plain || !window.htmx || !panel()) return;
    event.preventDefault();
    const row = eye.closest("tr");
    mark(row);
    toggle(row);
  });

  /* --- After a swap: the same record is current again, and has the focus where the old one had it -------------------- */
  let held = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "list") held = list().contains(document.activeElement);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "list") return;
    const all = rows();
    const same = all.find((row) => keyOf(row) === here);
    const row = jump ? all[0] : same;
    if (row && (held || jump)) enter(row);
    else if (row) mark(row);
    else if (shown()) close();
    jump = "";
    held = false;
  });

  /* --- Keys ------------------------------------------------------------------------------------------------------------ */
  const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable=''], [contenteditable=true]");
  const busyElsewhere = () => $("dialog[open]:not(.side)") !== null;
  const turn = (rel) => {
    const link = $(`.pager a[rel=${rel}]`, list() || document);
    if (!link) return;
    jump = rel;
    link.click();
  };
  const filters = () => {
    const drop = $(".filters > details");
    if (drop) drop.open = true;
    $(drop ? ".panel :is(input:not([type=hidden]), select)" : ".filters input[type=search]", drop || document)?.focus();
  };
  const exports = () => {
    const drop = $("#list-export > details");
    if (!drop) return;
    drop.open = true;
    $("a", drop).focus();
  };
  const atRow = (what) => () => { const row = current(); if (row) what(row); };
  const LETTERS = {
    j: () => step(1),
    k: () => step(-1),
    o: atRow((row) => nameOf(row)?.click()),
    p: atRow(toggle),
    f: filters,
    e: exports,
    "[": () => turn("prev"),
    "]": () => turn("next"),
  };

  const within = (event, row) => { // keys that belong to the row that has the focus
    if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp") step(-1);
    else if (event.key === "ArrowRight" && shown()) $("#preview-title a")?.focus();
    else if (event.key === " " && !event.target.matches("button, input, summary")) toggle(row);
    else if (event.key === "Enter" && event.target === row) nameOf(row)?.click();
    else return false;
    return true;
  };

  const escape = () => {
    if (!shown() || busyElsewhere() || $("details:is(.menu, .drop)[open]")) return;
    close();
  };

  // in the capture phase: a menu that Escape closes is still open here, and keeps the preview
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") escape();
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!(event.target instanceof Element) || typing(event.target) || busyElsewhere() || !list()) return;
    const row = event.target.closest("#list table.rows > tbody > tr");
    let done = row ? within(event, row) : false;
    if (!done && event.key === "ArrowLeft" && event.target.closest("#peek")) {
      const back = current();
      if (back) (nameOf(back) || back).focus();
      done = true;
    }
    if (!done && document.body.dataset.keys !== "off" && Object.hasOwn(LETTERS, event.key)) {
      LETTERS[event.key]();
      done = true;
    }
    if (done) event.preventDefault();
  });

  /* --- Columns: ticked or moved, the table follows at once ------------------------------------------------------------- */
  const order = (form) => {
    const items = [...form.querySelectorAll("li")];
    const chosen = items.filter((item) => $("input", item).checked);
    for (const item of items) {
      const [up, down] = item.querySelectorAll("button");
      const place = chosen.indexOf(item);
      up.disabled = place < 1;
      down.disabled = place < 0 || place === chosen.length - 1;
    }
    return chosen;
  };

  let moved = ""; // said once the table has followed: its own words would drown it
  document.addEventListener("htmx:afterSettle", () => {
    if (moved) say(moved);
    queueMicrotask(() => { moved = ""; }); // after the last of the events, one for each part that was swapped
  });

  const move = (button) => {
    const form = button.form;
    const item = button.closest("li");
    const chosen = order(form);
    const up = button.value.endsWith(":up");
    const other = chosen[chosen.indexOf(item) + (up ? -1 : 1)];
    if (!other) return;
    if (up) other.before(item); else other.after(item);
    const place = order(form).indexOf(item) + 1;
    const twin = [...item.querySelectorAll("button")].find((each) => !each.disabled);
    (button.disabled ? twin : button)?.focus();
    const label = $("label", item).textContent.trim();
    moved = form.dataset.moved.replace("%(label)s", label).replace("%(place)s", place);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-columns] button[name=move]");
    if (!button || !window.htmx) return;
    event.preventDefault();
    move(button);
    button.form.requestSubmit();
  });

  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-columns]");
    if (!form) return;
    order(form);
    form.requestSubmit();
  });

  document.addEventListener("htmx:configRequest", (event) => {
    const form = event.target;
    if (!(form instanceof Element) || !form.matches("[data-columns]")) return;
    const name = $("input[type=hidden][name=columns]", form);
    const chosen = order(form).map((item) => $("input", item).value);
    delete event.detail.parameters.move; // the order says it already
    event.detail.parameters.columns = [...(name ? [name.value] : []), ...chosen].join(",");
  });

  /* The address as people read it: commas between columns stay commas. */
  document.addEventListener("htmx:pushedIntoHistory", () => {
    const address = location.href.replaceAll("%2C", ",");
    if (address !== location.href) history.replaceState(history.state, "", address);
  });
})();
