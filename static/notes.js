/* Completes @name in a note: asks for people as it is typed, arrows choose, Enter or Tab takes, Escape leaves. */
(() => {
  "use strict";
  const CALL = /(?:^|[\s(])@([\p{L}\p{N}_.+-]{1,40})$/u;
  const list = () => document.getElementById("note-people");
  const options = () => [...(list()?.children || [])];
  const isOpen = () => Boolean(list() && !list().hidden && options().length);
  let waiting = 0;

  const called = (box) => CALL.exec(box.value.slice(0, box.selectionStart));

  const close = (box) => {
    clearTimeout(waiting);
    if (list()) list().hidden = true;
    box.removeAttribute("aria-activedescendant");
  };

  const choose = (box, option) => {
    for (const each of options()) each.setAttribute("aria-selected", String(each === option));
    box.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  };

  const take = (box, option) => {
    const call = called(box);
    if (!call) return;
    const end = box.selectionStart;
    box.setRangeText(`@${option.dataset.insert} `, end - call[1].length - 1, end, "end");
    close(box);
    box.focus();
  };

  document.addEventListener("input", (event) => {
    const box = event.target;
    if (!box.matches?.("[data-mentions]")) return;
    clearTimeout(waiting);
    const call = called(box);
    if (!call) { close(box); return; }
    waiting = setTimeout(() => {
      htmx.ajax("GET", `${box.dataset.mentions}?q=${encodeURIComponent(call[1])}`, { source: box, target: "#note-people", swap: "outerHTML" })
        .then(() => { if (!called(box)) close(box); else if (isOpen()) choose(box, options()[0]); })
        .catch(() => {});
    }, 150);
  });

  document.addEventListener("keydown", (event) => {
    const box = event.target;
    if (!box.matches?.("[data-mentions]") || !isOpen()) return;
    const all = options();
    const at = all.findIndex((each) => each.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown") choose(box, all[(at + 1) % all.length]);
    else if (event.key === "ArrowUp") choose(box, all[(at - 1 + all.length) % all.length]);
    else if (event.key === "Enter" || event.key === "Tab") take(box, all[Math.max(at, 0)]);
    else if (event.key === "Escape") close(box);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest?.("#note-people > li");
    const box = document.querySelector("[data-mentions]");
    if (!option || !box) return;
    event.preventDefault(); // the caret stays where it is
    take(box, option);
  });

  document.addEventListener("focusout", (event) => {
    if (event.target.matches?.("[data-mentions]")) close(event.target);
  });
})();
