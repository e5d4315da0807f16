/* Lists: choosing columns. */
(() => {
  "use strict";
  const say = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));

  /* --- Columns: ticked or moved, the table follows at once -------------------------------------------------------- */
  const order = (form) => {
    const rows = [...form.querySelectorAll("li")];
    const shown = rows.filter((row) => row.querySelector("input").checked);
    for (const row of rows) {
      const [up, down] = row.querySelectorAll("button");
      const place = shown.indexOf(row);
      up.disabled = place < 1;
      down.disabled = place < 0 || place === shown.length - 1;
    }
    return shown;
  };

  const move = (button) => {
    const form = button.form;
    const row = button.closest("li");
    const shown = order(form);
    const up = button.value.endsWith(":up");
    const other = shown[shown.indexOf(row) + (up ? -1 : 1)];
    if (!other) return;
    if (up) other.before(row); else other.after(row);
    const place = order(form).indexOf(row) + 1;
    const twin = [...row.querySelectorAll("button")].find((each) => !each.disabled);
    (button.disabled ? twin : button)?.focus();
    const label = row.querySelector("label").textContent.trim();
    say(form.dataset.moved.replace("%(label)s", label).replace("%(place)s", place));
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-columns] button[name=move]");
    if (!button) return;
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
    if (!event.target.matches("[data-columns]")) return;
    const name = event.target.querySelector("input[type=hidden][name=columns]");
    const chosen = order(event.target).map((row) => row.querySelector("input").value);
    event.detail.parameters.columns = [...(name ? [name.value] : []), ...chosen].join(",");
  });

  /* The address as people read it: commas between columns stay commas. */
  document.addEventListener("htmx:pushedIntoHistory", () => {
    const address = location.href.replaceAll("%2C", ",");
    if (address !== location.href) history.replaceState(history.state, "", address);
  });
})();
