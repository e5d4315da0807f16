/* The brand's settings: the colour's two fields in step, and the preview's sheet changed without a flash in between. */
(() => {
  "use strict";
  const picker = document.querySelector("[data-colour-of]");
  const text = picker && document.getElementById(picker.dataset.colourOf);
  if (!text) return;

  const whole = (typed) => {
    const found = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(typed.trim());
    return found && "#" + (found[1].length === 6 ? found[1] : found[1].replace(/./g, "$&$&")).toLowerCase();
  };
  picker.addEventListener("input", () => { text.value = picker.value; });
  text.addEventListener("input", () => { picker.value = whole(text.value || text.placeholder) || picker.value; });

  document.addEventListener("htmx:afterSwap", (event) => {
    const shown = event.detail.target.querySelector("[data-preview-css]");
    const before = document.getElementById("preview-css");
    if (!shown || before.getAttribute("href") === shown.dataset.previewCss) return;
    const after = before.cloneNode();
    after.href = shown.dataset.previewCss;
    after.addEventListener("load", () => before.remove());
    before.removeAttribute("id");
    before.after(after);
  });
})();
