/* The pages that show a card's number or PIN and set a new PIN. Digits stand on the screen for half a minute and are
   wiped when the time is up, when the tab is hidden, on Escape, and when the page or the dialog goes away. */
const started = new WeakSet();

/** A sentence for the person, from the page or from the server. */
class Told extends Error {}

const region = async (root) => {
  const $ = (selector) => root.querySelector(selector);
  const all = (selector) => [...root.querySelectorAll(selector)];
  const word = (name) => $("[data-words]").content.querySelector(`[data-word="${name}"]`).textContent;
  const parts = ["asking", "waiting", "shown", "leave"].map((part) => $(`[data-${part}]`));
  const [asking, waiting, shown] = parts;
  const [problem, news] = [$("[data-problem]"), $("[data-news]")];
  const reason = $("[data-reason]");
  const period = () => Number(root.dataset.seconds) * 1000;
  let secrets, request, ticker, until, warned;

  /* --- What is on screen ------------------------------------------------------------------------------------------ */
  const only = (part) => { for (const each of parts) each.hidden = each !== part; };
  const quiet = () => { problem.hidden = news.hidden = true; reason.removeAttribute("aria-invalid"); };
  const speak = (text) => { $("[data-said]").textContent = text; };
  const say = (place, text, level) => {
    if (level) place.dataset.level = level;
    place.querySelector("p").textContent = text;
    place.hidden = false;
    place.focus();
  };
  const wipe = () => {
    for (const place of all("[data-secret]")) place.replaceChildren();
    for (const input of all("[data-pin]")) input.value = "";
  };
  const hide = (why) => {
    request?.abort(word(why));
    clearInterval(ticker);
    const typed = !asking.hidden && all("[data-pin]").some((input) => input.value);
    wipe();
    if (typed && why === "hidden") say(news, word("cleared"), "info");
    if (shown.hidden) return;
    speak("");
    only(asking);
    say(news, word(why), "info");
  };
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    if (left <= 0) return hide("over");
    $("[data-left]").textContent = left;
    $("[data-shown] progress").value = left;
    if (left === 10 && !warned) speak(word("ten"));
    warned = left <= 10;
  };
  const show = (digits) => {
    for (const [name, text] of digits) $(`[data-secret="${name}"]`).textContent = text;
    until = Date.now() + period();
    warned = false;
    only(shown);
    tick();
    ticker = setInterval(tick, 200);
    shown.focus();
    speak(word("begun"));
  };

  /* --- Asking the console ----------------------------------------------------------------------------------------- */
  const post = async (url, fields, signal) => {
    const body = new URLSearchParams({ csrfmiddlewaretoken: root.dataset.csrf, reason: reason.value.trim(), ...fields });
    const options = { method: "POST", body, redirect: "manual", cache: "no-store", signal };
    const response = await fetch(url, options).catch(() => { throw new Told(word("lost")); });
    if (response.type === "opaqueredirect") throw new Told(word("signed-out"));
    const answer = await response.json().catch(() => { throw new Told(word("reload")); });
    if (!response.ok) throw new Told(answer.error || word("reload"));
    return answer;
  };
  const busy = async (work) => {
    quiet();
    if (!reason.value.trim()) {
      reason.setAttribute("aria-invalid", "true");
      say(problem, word("reason"));
      reason.focus();
      return;
    }
    only(waiting);
    speak(waiting.textContent.trim());
    try {
      await work();
    } catch (error) {
      if (!root.isConnected) return;
      only(asking);
      if (request?.signal.aborted) say(news, request.signal.reason, "info");
      else say(problem, error instanceof Told ? error.message : word("unreadable"));
    } finally {
      if (shown.hidden) wipe();
    }
  };

  const opened = async (secret, name, value) => {
    const text = await secrets.open(secret, value);
    if (name === "pan") return text.replace(/(.{4})(?=.)/g, "$1 ");
    return name === "pin" ? secrets.readPinBlock(text) : text;
  };
  const view = (url) => busy(async () => {
    request = new AbortController();
    const { secret, session } = await secrets.makeSession(root.dataset.key);
    try {
      const answer = await post(url, { session }, request.signal);
      if (answer.pin === null) {
        only(asking);
        say(news, word("no-pin"), "info");
        return;
      }
      const entries = Object.entries(answer);
      const digits = await Promise.all(entries.map(async ([name, value]) => [name, await opened(secret, name, value)]));
      request.signal.throwIfAborted(); // the tab or the page went away while this was opened
      show(digits);
    } finally {
      secret.fill(0);
    }
  });
  const set = (url) => {
    const [pin, again] = all("[data-pin]").map((input) => input.value);
    const weak = secrets.weakness(pin, root.dataset.last4) || (pin === again ? "" : "differ");
    for (const input of all("[data-pin]")) input.toggleAttribute("aria-invalid", Boolean(weak));
    if (weak) {
      quiet();
      wipe();
      say(problem, word(weak));
      $("[data-pin]").focus();
      return;
    }
    busy(async () => {
      request = null; // nobody can call a PIN back that is on its way
      const { secret, session } = await secrets.makeSession(root.dataset.key);
      try {
        const { iv, data } = await secrets.seal(secret, secrets.pinBlock(pin));
        const answer = await post(url, { session, iv, data, once: crypto.randomUUID() });
        only(asking);
        say(news, answer.said, "good");
      } finally {
        secret.fill(0);
        document.body.dispatchEvent(new Event("settled")); // the card's page behind shows what became of it
      }
    });
  };

  /* --- When it goes away ------------------------------------------------------------------------------------------ */
  const life = new AbortController();
  const during = { signal: life.signal };
  new MutationObserver((_changes, watcher) => {
    if (root.isConnected) return;
    hide("over");
    life.abort();
    watcher.disconnect();
  }).observe(document, { childList: true, subtree: true });
  document.addEventListener("visibilitychange", () => { if (document.hidden) hide("hidden"); }, during);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide("over"); }, during);
  addEventListener("pagehide", () => hide("over"), during);

  root.addEventListener("click", (event) => {
    if (event.target.closest("[data-longer]")) {
      until += period();
      tick();
      speak(word("longer"));
    }
    if (event.target.closest("[data-hide]")) hide("over");
  });
  root.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    if (event.target.dataset.view) view(event.target.dataset.view);
    else set(event.target.dataset.set);
  });

  /* --- May it begin? ---------------------------------------------------------------------------------------------- */
  if (!isSecureContext) return say(problem, word("insecure"));
  try {
    secrets = await import(root.dataset.module);
  } catch {
    return say(problem, word("reload"));
  }
  if (!(await secrets.selfTest())) return say(problem, word("unable"));
  try {
    await secrets.makeSession(root.dataset.key);
  } catch {
    return say(problem, word("key"));
  }
  only(asking);
  if (root.closest("dialog")) reason.focus();
};

const find = () => {
  for (const root of document.querySelectorAll("[data-reveal]:not([data-off])")) {
    if (started.has(root)) continue;
    started.add(root);
    region(root);
  }
};
document.addEventListener("htmx:afterSettle", find);
find();
