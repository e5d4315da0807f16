// What every part of the control page uses: calls, words, tables.

export const facts = JSON.parse(document.getElementById("facts").textContent);
export const by = (id) => document.getElementById(id);
export const cents = (text) => Math.round(Number(text) * 100);
export const dollars = (amount) => (amount / 100).toLocaleString("en", {style: "currency", currency: "USD"});
export const words = (name) => name.replaceAll("_", " ");

const listeners = [];
export const onChange = (work) => listeners.push(work);
export const refresh = () => Promise.all(listeners.map((work) => work()));

export async function call(method, path, body) {
  const answer = await fetch("/control/api/" + path, {method, body: body === undefined ? undefined : JSON.stringify(body)});
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.message || found.error);
  return found;
}

export function say(text, tone = "") {
  by("said").textContent = text;
  by("said").className = tone;
}

export async function attempt(work, done) {
  try {
    const found = await work();
    say(typeof done === "function" ? done(found) : done, "good");
  } catch (problem) {
    say("Refused: " + problem.message, "bad");
  }
  await refresh();
}

export function element(tag, text = "", more = {}, ...inside) {
  const made = Object.assign(document.createElement(tag), {textContent: text}, more);
  made.append(...inside);
  return made;
}

export function button(text, work, more = {}) {
  const made = element("button", text, {type: "button", ...more});
  made.addEventListener("click", work);
  return made;
}

export function options(select, pairs) {
  const before = select.value;
  select.replaceChildren(...pairs.map(([value, text]) => element("option", text, {value})));
  if (pairs.some(([value]) => value === before)) select.value = before;
}

// The roles are said aloud because a narrow screen lays rows out as blocks.
export function table(target, heads, rows) {
  const head = element("thead", "", {role: "rowgroup"}, element("tr", "", {role: "row"},
    ...heads.map((text) => element("th", text, {scope: "col", role: "columnheader"}))));
  const body = element("tbody", "", {role: "rowgroup"}, ...rows.map((cells) => element("tr", "", {role: "row"}, ...cells.map((cell) => {
    const number = typeof cell === "string" && /^-?\$[\d,]+\.\d\d$/.test(cell);
    return element("td", "", {role: "cell", className: number ? "number" : ""}, ...[cell].flat());
  }))));
  target.replaceChildren(head, body);
}
