// Single events: purchases, what becomes of them, decisions, and the clock.

import {attempt, button, by, call, cents, dollars, facts, onChange, options, table} from "./tools.js";
import {showStars} from "./scenes.js";

let cards = new Map(), people = new Map();

function result(found) {
  const inner = found[found.type] || found;
  const state = inner.declinedReason ? "declined: " + inner.declinedReason : inner.status || inner.applicationStatus;
  return state ? "Done. It is now " + state + "." : "Done.";
}
const tell = (name, body) => attempt(() => call("POST", "story/" + name, {...body, lose: by("lose").checked}), result);

function account() {
  const card = cards.get(by("card").value) || {}; // none in an empty world: the sandbox will say so
  return card.companyId ? {companyId: card.companyId} : {userId: card.userId};
}
const purchase = () => ({cardId: by("card").value, amount: cents(by("amount").value), merchantName: by("merchant").value});
const moved = () => ({...account(), amount: cents(by("amount").value)});
const units = () => ({...moved(), ...(by("units").value ? {units: by("units").value} : {})});
const told = {
  authorise: purchase,
  force_post: purchase,
  decline: () => ({...purchase(), reason: by("reason").value}),
  ship_card: () => ({cardId: by("card").value}),
  fund: units,
  silent_deposit: units,
  withdraw_collateral: units,
  add_token: units,
  move_rate: () => ({...account(), exchangeRate: Number(by("exchange-rate").value), advanceRate: Number(by("advance-rate").value)}),
  move_contract: account,
  drop_contract: account,
  payment: moved,
  fee: moved,
  transfer: moved,
  decide_applicant: () => ({id: by("applicant").value, status: by("status").value, reason: by("why").value || null}),
  decide_dispute: () => ({disputeId: by("dispute").value, status: by("verdict").value}),
};
for (const made of document.querySelectorAll("[data-story]"))
  made.addEventListener("click", () => tell(made.dataset.story, {...told[made.dataset.story](), ...("silent" in made.dataset ? {silent: true} : {})}));

function deeds(found) {
  const fresh = by("new-amount").value, whole = found.merchantName ? " " + found.merchantName.trim() : "";
  const wanted = (name) => fresh ? {[name]: cents(fresh)} : {};
  const act = (text, story, body = {}) => {
    const made = button(text, () => tell(story, {transactionId: found.id, ...body}));
    made.setAttribute("aria-label", text + whole + " " + dollars(found.amount));
    return made;
  };
  const hold = found.status === "pending" || found.status === "reversed" ? [act("Forget the hold", "release_hold")] : [];
  const double = act("Double", "double_post");
  if (found.type !== "spend") return [];
  if (found.status === "pending" && found.amount < 0) return [act("Settle", "settle")];
  if (found.status === "pending") {
    const change = cents(fresh) > found.amount ? act("Grow", "increment", wanted("amount")) : act("Shrink", "reverse", wanted("newAmount"));
    return [act("Settle", "settle", wanted("amount")), ...(fresh ? [change] : []), act("Reverse", "reverse"), act("Close", "close_authorisation"), ...hold, double];
  }
  if (found.status === "completed" && found.amount > 0) return [act("Refund", "refund", wanted("amount")), act("Dispute", "open_dispute"), double];
  if (found.status === "reversed") return [act("Force a settlement", "force_post", {amount: cents(fresh) || found.authorizedAmount}), act("Close", "close_authorisation"), ...hold];
  return [];
}

async function showTransactions() {
  const chosen = by("this-card").checked ? "&cardId=" + by("card").value : "";
  const rows = await call("GET", "list/transactions?plain=1&limit=12" + chosen);
  table(by("transactions"), ["When", "What", "Amount", "Status", "Merchant", "Who", "Then"], rows.map((found) => [
    (found.authorizedAt || found.postedAt || found.createdAt || "").slice(5, 16).replace("T", " "),
    found.type,
    found.amount === undefined ? found.source.amount : dollars(found.amount),
    (found.status || "") + (found.declinedReason ? ": " + found.declinedReason : ""),
    (found.merchantName || found.description || found.type).trim(),
    found.userFirstName ? found.userFirstName + " " + found.userLastName : "",
    deeds(found)]));
}
for (const [id, kind] of [["new-amount", "input"], ["this-card", "change"], ["card", "change"]])
  by(id).addEventListener(kind, showTransactions);

async function showChoices() {
  const [users, companies, held, disputes] = await Promise.all(
    ["users", "companies", "cards", "disputes"].map((one) => call("GET", "list/" + one + "?plain=1&limit=400")));
  people = new Map(users.map((user) => [user.id, user.firstName + " " + user.lastName]));
  held.sort((one, other) => (one.status !== "active") - (other.status !== "active"));
  cards = new Map(held.map((card) => [card.id, card]));
  const name = (card) => card.last4 + " " + (people.get(card.userId) || "") + " (" + card.status + ")";
  options(by("card"), held.map((card) => [card.id, name(card)]));
  showStars(held.filter((card) => card.status === "active"), name);
  options(by("applicant"), [
    ...companies.map((one) => [one.id, one.name + " (company, " + one.applicationStatus + ")"]),
    ...users.map((one) => [one.id, people.get(one.id) + " (" + one.applicationStatus + ")"])]);
  options(by("dispute"), disputes.map((one) => [one.id, one.status + ": " + (one.textEvidence || "no text")]));
  await showTransactions();
}

export async function showState() {
  const state = await call("GET", "state"), ahead = state.clock.ahead_s;
  const count = (noun) => state[noun].toLocaleString("en") + " " + noun;
  by("counts").textContent = ["users", "companies", "cards", "transactions", "disputes"].map(count).join(" · ");
  const now = state.now.slice(0, 16).replace("T", " ") + " UTC";
  by("time").textContent = ahead ? "· sandbox time " + now : "";
  by("now").textContent = "It is " + now + ".";
  by("ahead").textContent = ahead ? (ahead / 86400).toFixed(1) + " days ahead of the real time." : "The real time.";
}
const moment = (found) => "It is now " + found.now.slice(0, 16).replace("T", " ") + " UTC."
  + (found.closed ? " Holds closed: " + found.closed + "." : "") + (found.resolved ? " Reviews ended: " + found.resolved + "." : "");
for (const made of document.querySelectorAll("[data-hours]"))
  made.addEventListener("click", () => attempt(() => call("POST", "clock", {advance_s: made.dataset.hours * 3600}), moment));
by("clock-reset").addEventListener("click", () => attempt(() => call("POST", "clock", {reset: true}), moment));

options(by("reason"), facts.reasons.map((one) => [one, one]));
options(by("status"), facts.statuses.map((one) => [one, one]));
options(by("verdict"), ["inReview", "accepted", "rejected", "canceled", "pending"].map((one) => [one, one]));
onChange(showState);
onChange(showChoices);
