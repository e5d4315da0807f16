// Whole stories: one card each, its steps ticked off while it plays.

import {button, by, call, element, facts, options, refresh, say} from "./tools.js";

const READING_MS = 5000; // between two steps, so that the console can be watched
const pause = () => new Promise((wake) => setTimeout(wake, READING_MS));
let playing = false;

function draw(scene) {
  const steps = scene.steps.map((step) => element("li", "", {}, element("div", "", {},
    element("p", step.happens), element("p", "Look for: " + step.look), element("p", "", {className: "outcome", hidden: true}))));
  const list = element("ol", "", {hidden: true}, ...steps);
  const state = {scene, steps, list, at: 0, ids: {}};
  const title = "scene-" + scene.name;
  state.play = button("Play", () => play(state), {className: "main"});
  state.next = button("Next step", () => advance(state));
  state.show = button("Steps", () => open(state, list.hidden));
  for (const one of [state.play, state.next, state.show]) one.setAttribute("aria-describedby", title);
  state.show.setAttribute("aria-expanded", "false");
  state.card = element("article", "", {className: "scene"}, element("h3", scene.title, {id: title}), element("p", scene.about),
    element("div", "", {className: "row"}, state.play, state.next, state.show), list);
  return state.card;
}

function open(state, shown) {
  state.list.hidden = !shown;
  state.card.classList.toggle("open", shown);
  state.show.setAttribute("aria-expanded", String(shown));
}

function begin(state) {
  state.at = 0;
  state.ids = by("star").value ? {cardId: by("star").value} : {};
  for (const step of state.steps) {
    step.className = "";
    step.querySelector(".outcome").hidden = true;
  }
}

async function step(state) {
  const line = state.steps[state.at], outcome = line.querySelector(".outcome");
  outcome.hidden = false;
  (state.at ? line : state.card).scrollIntoView({block: state.at ? "nearest" : "start"});
  try {
    const told = await call("POST", "scene/" + state.scene.name, {...state.ids, step: state.at + 1});
    const [done] = told.steps;
    state.ids = told.ids;
    state.at += 1;
    line.className = "done";
    outcome.textContent = "Now: " + done.label + (done.events.length ? ". Sent: " + done.events.join(", ") : "");
    const last = state.at === state.steps.length;
    say(last ? state.scene.title + ": that was all." : done.happens + " Look for: " + done.look, "good");
    return true;
  } catch (problem) {
    line.className = "bad";
    outcome.textContent = "Refused: " + problem.message;
    say("Refused: " + problem.message, "bad");
    state.at = state.steps.length;
    return false;
  }
}

function busy(is) {
  playing = is;
  for (const one of document.querySelectorAll(".scene .row button:not([aria-expanded])")) one.disabled = is;
}

async function play(state) {
  if (playing) return;
  begin(state);
  open(state, true);
  busy(true);
  while (state.at < state.steps.length && await step(state)) if (state.at < state.steps.length) await pause();
  busy(false);
  state.play.focus({preventScroll: true});
  await refresh();
}

async function advance(state) {
  if (playing) return;
  if (state.at === 0 || state.at >= state.steps.length) begin(state);
  open(state, true);
  busy(true);
  await step(state);
  busy(false);
  state.next.focus({preventScroll: true});
  await refresh();
}

export function showStars(cards, name) {
  options(by("star"), [["", "Whoever fits"], ...cards.map((card) => [card.id, name(card)])]);
}

by("scene-list").append(...facts.scenes.map(draw));
