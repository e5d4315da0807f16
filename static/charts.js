/* Charts over time: one tab stop with arrows between the bars, and the value of the bar that is pointed at or focused
   read out above. Without it each bar is a link with a title, and all of them stand in the table. */
(() => {
  "use strict";
  const bars = (chart) => [...chart.querySelectorAll("svg a")];

  const read = (chart, bar) => {
    const line = chart.querySelector("[data-readout]");
    if (!line) return;
    line.dataset.said ??= line.textContent;
    line.textContent = bar ? bar.getAttribute("aria-label") || bar.querySelector("title").textContent : line.dataset.said;
  };

  const settle = () => {
    for (const chart of document.querySelectorAll("[data-chart]:not([data-ready])")) {
      chart.dataset.ready = "";
      bars(chart).forEach((bar, place, all) => bar.setAttribute("tabindex", place === all.length - 1 ? "0" : "-1"));
      for (const title of chart.querySelectorAll("svg a > title")) title.remove();
    }
  };

  const chartOf = (event) => event.target.closest?.("[data-chart]");
  for (const [name, on] of [["pointerover", true], ["focusin", true], ["pointerout", false], ["focusout", false]]) {
    document.addEventListener(name, (event) => {
      const chart = chartOf(event);
      if (chart) read(chart, on ? event.target.closest("svg a, svg g") : null);
    });
  }

  document.addEventListener("keydown", (event) => {
    const bar = event.target.closest?.("[data-chart] svg a");
    if (!bar) return;
    const all = bars(chartOf(event));
    const at = all.indexOf(bar);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || !all[to]) return;
    event.preventDefault();
    for (const each of all) each.setAttribute("tabindex", each === all[to] ? "0" : "-1");
    all[to].focus();
  });

  document.addEventListener("htmx:afterSettle", settle);
  settle();
})();
