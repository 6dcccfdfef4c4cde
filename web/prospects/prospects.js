// The calling page: the script is chosen, a card is saved and the next one opened (OUT-22), dialled by itself where the
// script says so (OUT-29). Saving waits for what is entered in the script's panel.
import { $, announce, show } from "../js/dom.js";
import { t } from "../js/i18n.js";

const COUNTDOWN = 4_000;
let shell;
// The card that is to be dialled by itself once it is open.
let coming = null;

export function start(given) {
  shell = given;
  document.addEventListener("change", ({ target }) => { if (target.matches?.("[data-calling-script]")) choose(target); });
  shell.onPage("#prospect", (root) => {
    root.addEventListener("click", ({ target }) => {
      if (target.closest("[data-dial]")) show($("[data-calling-problem]", root), false);
      const button = target.closest("[data-save]");
      if (button) save(root, button);
    });
    // The page of a call is never left.
    for (const link of root.querySelectorAll("[data-script-text] a[href]")) if (!link.getAttribute("href").startsWith("#")) link.target = "_blank";
    const auto = coming;
    coming = null;
    if (auto === Number(root.dataset.contact)) countDown(root);
  });
}

async function choose(box) {
  try {
    await shell.api("PUT", "/api/v1/prospects/script", { script_id: Number(box.value) });
    shell.refresh();
  } catch (error) {
    shell.complain(error.message);
  }
}

async function save(root, button) {
  const problem = $("[data-calling-problem]", root);
  const stay = button.dataset.save === "stay";
  const buttons = root.querySelectorAll("[data-save]");
  show(problem, false);
  for (const one of buttons) one.disabled = true;
  try {
    // The panel says when the server has what was entered.
    const waits = [];
    document.dispatchEvent(new CustomEvent("script-save", { detail: waits }));
    await Promise.all(waits);
    const body = { stay, filter: JSON.parse(root.dataset.filter) };
    const { next, autodial } = await shell.api("POST", `/api/v1/prospects/${root.dataset.contact}/save`, body);
    if (stay) return saved(root);
    document.dispatchEvent(new CustomEvent("script-close"));
    if (!next) {
      shell.toast(t("That was the last client of the list."));
      return shell.visit(root.querySelector(".crumbs a").getAttribute("href"));
    }
    coming = autodial ? next.id : null;
    shell.visit(next.address);
    return announce(t("Next: %(name)s", { name: next.name }));
  } catch (error) {
    problem.textContent = error.message;
    show(problem, true);
    // There the outcome is chosen.
    if (error.code === "no_result") $("#script-panel input[name=outcome]:not(:disabled)")?.focus();
    return undefined;
  } finally {
    for (const one of buttons) one.disabled = false;
  }
}

function saved(root) {
  shell.toast(t("Saved"));
  if (root.isConnected) shell.refresh();
}

function countDown(root) {
  const dial = $("[data-dial]", root);
  const box = $("[data-auto]", root);
  const words = $("[data-auto-words]", root);
  if (!dial || !box) return;
  let until = Date.now() + COUNTDOWN;
  const tick = () => {
    if (!root.isConnected) return stop();
    if (busy()) {
      until = Date.now() + COUNTDOWN;
      words.textContent = t("Is dialled by itself when this call is over.");
      return undefined;
    }
    const left = Math.ceil((until - Date.now()) / 1000);
    words.textContent = t("Is dialled by itself in %(seconds)s s.", { seconds: Math.max(0, left) });
    if (left > 0) return undefined;
    stop();
    return dial.click();
  };
  const timer = setInterval(tick, 250);
  const stop = () => {
    clearInterval(timer);
    show(box, false);
  };
  box.addEventListener("click", ({ target }) => { if (target.closest("[data-auto-stop]")) stop(); });
  // Who dials by hand needs no countdown.
  root.addEventListener("click", ({ target }) => { if (target.closest("[data-dial]")) stop(); });
  show(box, true);
  tick();
}

const busy = () => Boolean(shell.phone.state.call) || Boolean(shell.store.state.agents[shell.me.agent_id]?.call_id);
