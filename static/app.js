/* What the browser itself must do: the sheet and menus, copying, dialogs, focus and announcements after a swap,
   saying when the network or the server fails. Everything else is HTML, htmx attributes and the server. */
(() => {
  "use strict";
  const $ = (selector, within = document) => within.querySelector(selector);
  const words = (name) => document.body.dataset[name] || "";
  const dialog = () => $("#dialog");
  const OPEN_MENU = "details:is(.menu, .drop)[open]";

  const announce = (text) => {
    const region = $("#announce");
    if (!region || !text) return;
    region.textContent = "";
    setTimeout(() => { region.textContent = text; }, 60);
  };
  document.addEventListener("announce", (event) => announce(event.detail)); // what other scripts have to say

  const complain = (text) => {
    const shape = $("#toast-template");
    const region = dialog()?.open ? $("#dialog-toasts") : $("#toasts");
    if (!shape || !region) return;
    const toast = shape.content.firstElementChild.cloneNode(true);
    $("p", toast).textContent = text;
    region.replaceChildren(toast);
  };

  /* --- Clicks ---------------------------------------------------------------------------------------------------- */
  const copy = async (button) => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      const text = button.previousElementSibling;
      if (text) getSelection().selectAllChildren(text);
      return;
    }
    button.dataset.copied = "";
    announce(button.dataset.done);
    setTimeout(() => { delete button.dataset.copied; }, 1500);
  };

  const plainClick = (event) => event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  let openers = []; // what had the keyboard when a dialog was asked for, and the link that asked

  const openDialog = (link, from = link) => {
    openers = [document.activeElement, from];
    link.setAttribute("aria-busy", "true");
    htmx.ajax("GET", link.href, { target: "#dialog-body", swap: "innerHTML" })
      .catch(() => {})
      .finally(() => link.removeAttribute("aria-busy"));
  };

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-copy], [data-dismiss], [data-close], a[data-dialog]");
    for (const menu of document.querySelectorAll(OPEN_MENU)) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    if (!target) return;
    if (target.matches("[data-copy]")) copy(target);
    else if (target.matches("[data-dismiss]")) target.closest(".notice").remove();
    else if (target.matches("[data-close]")) {
      const open = target.closest("dialog");
      if (open) { event.preventDefault(); open.close(); }
    } else if (window.htmx && dialog() && plainClick(event)) {
      event.preventDefault();
      openDialog(target);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = $(OPEN_MENU);
    if (menu) { menu.open = false; $("summary", menu).focus(); }
  });

  /* Single keys of every page, unless they are letters of a text, a dialog is open, or a person turned them off. */
  const KEYS = {
    "?": () => {
      const link = $("#keyboard-help");
      if (link && window.htmx && dialog()) openDialog(link, null);
    },
    z: () => $("[data-undo] button")?.focus(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.repeat || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.body.dataset.keys === "off" || !Object.hasOwn(KEYS, event.key) || $("dialog:modal")) return;
    if (event.target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")) return;
    event.preventDefault();
    KEYS[event.key]();
  });

  /* Where the keyboard goes on once a dialog is gone: where it was, the link, the menu that stood in, or the page. */
  const back = () => {
    const menu = openers[1]?.closest("details");
    const places = [...openers, menu && $("summary", menu), $("#main")];
    return places.find((place) => place && place !== document.body && place.isConnected && place.checkVisibility());
  };

  /* One box that ticks all boxes of a name in its form. */
  document.addEventListener("change", (event) => {
    const name = event.target.dataset.all;
    if (!name) return;
    for (const box of event.target.form.elements) if (box.name === name) box.checked = event.target.checked;
  });

  /* A form that was sent once is not sent again by an impatient second click. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    for (const busy of document.querySelectorAll("[aria-busy]")) busy.removeAttribute("aria-busy");
  });

  /* --- htmx ------------------------------------------------------------------------------------------------------ */
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get") return;
    const given = event.detail.parameters;
    for (const name of new Set(Object.keys(given))) if (given[name] === "") delete given[name];
  });

  /* Polls: none in a tab nobody looks at, and all at once when somebody is back; fewer and fewer while the console does
     not answer, with a note from the second failure on, until it does. */
  const isPoll = (element) => element.hasAttribute("data-poll");
  const polls = { failures: 0, quietUntil: 0, usedAt: Date.now() };
  const IDLE = 180_000; // milliseconds after which a page that nobody touches asks a quarter as often
  const isSkipped = (element) => {
    if (Date.now() - polls.usedAt < IDLE) return false;
    const turn = (Number(element.dataset.turn) || 0) + 1;
    element.dataset.turn = turn % 4;
    return turn % 4 !== 0;
  };
  for (const used of ["pointerdown", "pointermove", "keydown", "wheel"]) {
    addEventListener(used, () => {
      const idle = Date.now() - polls.usedAt > IDLE;
      polls.usedAt = Date.now();
      if (idle) pollAll();
    }, { passive: true });
  }
  const unreachable = (shown) => {
    const note = $("#unreachable");
    if (!note || note.hidden === !shown) return;
    note.hidden = !shown;
    if (shown) announce(note.textContent.trim());
  };
  const pollAll = () => {
    if (document.hidden || !window.htmx) return;
    polls.quietUntil = 0;
    polls.usedAt = Date.now();
    for (const element of document.querySelectorAll("[data-poll][hx-get]")) {
      htmx.ajax("GET", element.getAttribute("hx-get"), { source: element }).catch(() => {});
    }
  };
  const pollFailed = () => {
    if (Date.now() < polls.quietUntil) return;
    polls.failures += 1;
    polls.quietUntil = Date.now() + Math.min(300, 10 * 2 ** polls.failures) * 1000 * (.75 + Math.random() / 2);
    unreachable(polls.failures > 1);
  };
  const pollWorked = () => {
    polls.failures = polls.quietUntil = 0;
    unreachable(false);
  };
  document.addEventListener("htmx:beforeRequest", (event) => {
    const asker = event.detail.elt;
    if (isPoll(asker) && (document.hidden || Date.now() < polls.quietUntil || isSkipped(asker))) event.preventDefault();
    if (asker.matches("summary") && asker.parentElement.open) event.preventDefault(); // it is being closed
  });
  document.addEventListener("visibilitychange", pollAll);
  addEventListener("online", pollAll);

  document.addEventListener("htmx:afterRequest", (event) => {
    if (isPoll(event.detail.elt) && event.detail.successful) pollWorked();
    const filters = event.detail.elt.closest(".filters");
    const panel = filters && $(".drop", filters);
    if (panel && event.detail.successful) panel.open = false;
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "dialog-body" || dialog().open) return;
    dialog().showModal();
    ($("[autofocus]", dialog()) || $(".field :is(input, textarea, select)", dialog()))?.focus();
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    const given = event.detail.target;
    const target = given && given.isConnected ? given : event.target; // an outerHTML swap leaves the old one behind
    if (!(target instanceof Element)) return;
    const said = target.matches("[data-announce]") ? target : $("[data-announce]", target);
    if (said) announce(said.dataset.announce);
    const wrong = $("[role=alert], [aria-invalid=true]", target);
    const lost = (document.activeElement || document.body) === document.body;
    if (wrong) wrong.focus();
    else if (lost && target.hasAttribute("tabindex")) target.focus({ preventScroll: true });
  });

  /* A part that is put in its place from afar keeps the keyboard where it was. */
  let held = "";
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    held = event.detail.target.contains(document.activeElement) ? event.detail.target.id : "";
  });
  document.addEventListener("htmx:oobAfterSwap", () => {
    const place = held && document.getElementById(held);
    if (place && !place.contains(document.activeElement)) (place.hasAttribute("tabindex") ? place : $("#main")).focus({ preventScroll: true });
    held = "";
  });

  document.addEventListener("htmx:responseError", (event) => {
    if (isPoll(event.detail.elt)) { pollFailed(); return; }
    const status = event.detail.xhr.status;
    complain(words({ 403: "forbidden", 404: "missing", 429: "busy" }[status] || "failed"));
  });
  for (const lost of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(lost, (event) => {
      if (isPoll(event.detail.elt)) pollFailed();
      else complain(words("lost"));
    });
  }

  /* What can be undone for a while: the seconds stand still while the pointer or the keyboard is on it. */
  const countDown = (offer) => {
    const shown = $("[data-left]", offer);
    let left = Number(offer.dataset.undo);
    const timer = setInterval(() => {
      if (offer.matches(":hover, :focus-within")) return;
      left -= 1;
      shown.textContent = left;
      if (left > 0) return;
      clearInterval(timer);
      $("form", offer).hidden = true; // the words stay: nothing below them jumps
    }, 1000);
  };
  const saidBefore = (offer) => {
    const before = sessionStorage.getItem("undo") === offer.id;
    sessionStorage.setItem("undo", offer.id);
    return before;
  };

  /* --- The page as it came ----------------------------------------------------------------------------------------- */
  const online = () => {
    const banner = $("#offline");
    if (banner) banner.hidden = navigator.onLine;
  };
  addEventListener("online", online);
  addEventListener("offline", online);

  /* Paper says when and from where it was printed, not when the page was opened. */
  addEventListener("beforeprint", () => {
    const at = $("[data-printed-at]");
    if (!at) return;
    const how = { dateStyle: "medium", timeStyle: "long", timeZone: at.dataset.printedAt };
    at.textContent = new Intl.DateTimeFormat(document.documentElement.lang, how).format();
    $("[data-printed-from]").textContent = location.href;
  });

  /* A page that is there for one thing starts at it: in the form's first field, or the one that is wrong. */
  const start = () => {
    const place = $("main [data-start]");
    if (!place || location.hash || document.activeElement !== document.body) return;
    const field = ".field :is(input, select, textarea):not([type=hidden])";
    ($(`${field}[aria-invalid=true]`, place) || $(field, place) || place).focus();
  };

  document.addEventListener("DOMContentLoaded", () => {
    online();
    start();
    const offer = $("[data-undo]");
    if (offer) countDown(offer);
    const said = [...document.querySelectorAll("#toasts .notice p")].map((p) => p.textContent.trim());
    if (offer && !saidBefore(offer)) said.push(offer.dataset.words);
    announce(said.join(" "));
    const open = dialog();
    if (!open) return;
    open.addEventListener("close", () => {
      $("#dialog-body").replaceChildren();
      $("#dialog-toasts").replaceChildren();
      back().focus({ preventScroll: true });
      openers = [];
    });
    open.addEventListener("click", (event) => { if (event.target === open) open.close(); });
  });
})();
