// Deliveries, failures, switches, and starting over.

import {attempt, button, by, call, element, facts, onChange, options, table, words} from "./tools.js";

const set = (id, value) => { if (document.activeElement !== by(id)) by(id).value = value; };

export async function showDeliveries() {
  if (document.querySelector("#delivery-list details[open]")) return; // somebody is reading
  const rows = await call("GET", "deliveries?limit=12");
  table(by("delivery-list"), ["Made", "Type", "State", "Tries", "Last answer", "Body", "Then"], rows.map((one) => [
    one.created_at.slice(11, 19), one.type, one.state, String(one.attempts), String(one.last_status || one.last_error || "none yet"),
    element("details", "", {}, element("summary", "Show"), element("pre", JSON.stringify(one.body, null, 1))),
    button("Send again", () => attempt(() => call("POST", "redeliver", {ids: [one.id]}), "Sent again."))]));
}

async function showHooks() {
  const hooks = await call("GET", "webhooks");
  set("hook-url", hooks.url);
  set("hook-delay", hooks.delay_s);
  set("hook-lose", hooks.lose_next);
  for (const name of Object.keys(facts.tricks)) by("trick-" + name).checked = hooks[name];
  by("secret-text").textContent = hooks.next_secret
    ? "Two secrets sign now. The coming one: " + hooks.next_secret
    : "Signed with " + hooks.secret.slice(0, 10) + "…";
  by("secret-make").hidden = Boolean(hooks.next_secret);
  by("secret-retire").hidden = !hooks.next_secret;
  by("secret-restore").hidden = !hooks.rotated;
}

function trick([name, meaning]) {
  const box = element("input", "", {type: "checkbox", id: "trick-" + name});
  box.addEventListener("change", () => attempt(() => call("POST", "webhooks", {[name]: box.checked}), box.checked ? meaning : "The line is good again in this respect."));
  return element("label", "", {className: "tick"}, box, element("span", "", {}, element("b", name[0].toUpperCase() + name.slice(1) + "."), " " + meaning));
}
by("tricks").append(...Object.entries(facts.tricks).map(trick));
by("hook-save").addEventListener("click", () => attempt(
  () => call("POST", "webhooks", {url: by("hook-url").value, delay_s: Number(by("hook-delay").value), lose_next: Number(by("hook-lose").value)}), "Saved."));
by("hook-again").addEventListener("click", () => attempt(() => call("POST", "redeliver", {}), (found) => found.count + " sent again."));
for (const [id, story, done] of [
  ["secret-make", "make_webhook_secret", "Both secrets sign now."],
  ["secret-retire", "retire_webhook_secret", "Only the new secret signs now."],
  ["secret-restore", "restore_webhook_secret", "The first secret signs again."],
]) by(id).addEventListener("click", () => attempt(() => call("POST", "story/" + story, {}), done));

const USUAL = [
  ["POST /users/*/cards", "Ordering a card"], ["PATCH /cards/*", "Changing a card"], ["GET /cards/*/secrets", "Revealing a card"],
  ["POST /transactions/*/disputes", "Opening a dispute"], ["POST /session/create", "Starting an identity check"], ["GET /*/*/contracts", "Reading contracts"],
  ["GET /*/*/balances", "Reading balances"], ["GET /transactions", "Listing transactions"], ["GET /**", "Reading anything"],
  ["*", "Everything"],
];
async function showFaults() {
  by("armed").replaceChildren(...(await call("GET", "faults")).map((one) =>
    element("li", one.match + ": " + facts.faults[one.fault].meaning + (one.times ? " " + one.times + " more." : " Until disarmed."))));
}
function explain() {
  const kind = facts.faults[by("fault").value];
  by("fault-meaning").textContent = kind.meaning;
  by("seconds").value = kind.seconds;
  by("seconds").parentElement.hidden = !kind.waits;
}
by("fault").addEventListener("change", explain);
by("usual").addEventListener("change", () => { by("match").value = by("usual").value; });
by("fault-add").addEventListener("click", () => attempt(() => call("POST", "faults", {match: by("match").value, fault: by("fault").value,
  times: Number(by("times").value) || null, seconds: Number(by("seconds").value)}), "Armed."));
by("fault-clear").addEventListener("click", () => attempt(() => call("DELETE", "faults"), "Nothing will fail."));

function toggle([name, {meaning, choices}]) {
  const box = element(choices.length ? "select" : "input", "", {id: "switch-" + name});
  if (choices.length) options(box, choices.map((one) => [one, words(one)])); else Object.assign(box, {type: "number", min: 0, step: "any"});
  box.addEventListener("change", () => attempt(
    () => call("POST", "switches", {[name]: choices.length ? box.value : Number(box.value)}), words(name) + " is now " + words(box.value) + "."));
  return element("label", "", {}, element("span", meaning), element("code", name), box);
}
async function showSwitches() {
  const values = await call("GET", "switches");
  for (const [name, value] of Object.entries(values)) {
    set("switch-" + name, value);
    by("switch-" + name).parentElement.classList.toggle("changed", value !== facts.defaults[name]);
  }
  for (const group of document.querySelectorAll("details.switches")) {
    const count = group.querySelectorAll(".changed").length;
    group.querySelector("summary .hint").textContent = count ? count + " changed" : "";
  }
  const changed = Object.keys(values).filter((name) => values[name] !== facts.defaults[name]);
  by("changed").textContent = changed.length ? "Changed: " + changed.map(words).join(", ") + "." : "Nothing is changed.";
}
for (const [heading, group] of Object.entries(facts.groups))
  by("switches").append(element("details", "", {className: "switches"}, element("summary", heading + " ", {}, element("span", "", {className: "hint"})),
    element("div", "", {className: "group"}, ...Object.entries(group).map(toggle))));
by("defaults").addEventListener("click", () => attempt(() => call("POST", "switches", facts.defaults), "Every switch is as at first."));

function explainSize() {
  const size = facts.sizes[by("size").value], count = (name) => size[name].toLocaleString("en") + " " + name;
  by("size-meaning").textContent = size.holders
    ? ["holders", "companies", "cards", "transactions", "disputes"].map(count).join(", ") + "." : "Nobody and nothing: start with a first identity check.";
}
by("size").addEventListener("change", explainSize);
by("reset").addEventListener("click", () => {
  if (confirm("Replace everybody and everything in the sandbox?"))
    attempt(() => call("POST", "reset", {seed: Number(by("seed").value), size: by("size").value}), "A new world.");
});

options(by("usual"), USUAL);
options(by("fault"), Object.keys(facts.faults).map((name) => [name, words(name)]));
options(by("size"), Object.keys(facts.sizes).map((one) => [one, one]));
explain();
explainSize();
for (const show of [showDeliveries, showHooks, showFaults, showSwitches]) onChange(show);
