/* The page that shows a link once: a reload follows the link instead of making another, and the page can be printed. */
(() => {
  "use strict";
  const handout = document.querySelector("#handout");
  if (!handout) return;
  history.replaceState(null, "", handout.dataset.home);
  const print = handout.querySelector("[data-print]");
  print.hidden = false;
  print.addEventListener("click", () => window.print());
})();
