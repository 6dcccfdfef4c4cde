// My status: the switch in the top bar, its menu, and every button with data-wanted anywhere (the desk has large ones).
import { $, $$, setIcon, setText, show } from "./dom.js";
import { api } from "./api.js";
import { me } from "./config.js";
import { duration } from "./format.js";
import { secondsSince } from "./clock.js";
import { t } from "./i18n.js";
import { myAgent } from "./mycall.js";
import { store } from "./store.js";
import { complain } from "./toast.js";
import { agentIcon, agentWord } from "./words.js";

export function startStatus(phone, goOnline) {
  if (!me?.agent_id) return;
  store.subscribe((s) => myAgent(s), draw);
  setInterval(() => draw(myAgent(store.state)), 1000);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-wanted]");
    if (button) choose(phone, goOnline, button.dataset.wanted, button.dataset.reason ?? "");
  });
}

// Ready needs a phone: one that is on already (a SIP phone counts), else this browser's goes on line first.
async function choose(phone, goOnline, wanted, reason) {
  if (wanted === "offline" && phone.state.call) return complain(t("You are in a call. Go off line when it is over."));
  const reachable = phone.online || myAgent(store.state)?.online?.length;
  if (wanted === "ready" && !reachable) return goOnline({ ready: true });
  if (await setWanted(wanted, reason)) {
    if (wanted === "offline" && phone.state.on) phone.do("off");
  }
  return undefined;
}

// One key for both: who is ready takes a break, anybody else becomes ready. False without a phone of one's own.
export function toggleReady(phone, goOnline) {
  const agent = me?.agent_id && myAgent(store.state);
  if (!agent) return false;
  const ready = agent.wanted === "ready";
  choose(phone, goOnline, ready ? "paused" : "ready", ready ? "break" : "");
  return true;
}

export async function setWanted(wanted, reason = "") {
  try {
    await api("PUT", "/api/v1/me/state", { state: wanted, reason });
    return true;
  } catch (error) {
    complain(error.message, { action: { text: t("Try again"), run: () => setWanted(wanted, reason) } });
    return false;
  }
}

function draw(agent) {
  const button = $("#status");
  if (!button) return;
  const state = agent?.state ?? "offline";
  button.dataset.state = state;
  button.classList.toggle("pulse", state === "ringing");
  setIcon($("[data-icon]", button), agentIcon(state), "s");
  const word = agentWord(state, agent?.reason);
  setText($("[data-word]", button), word);
  const time = $("[data-time]", button);
  show(time, Boolean(agent));
  const shown = agent ? duration(secondsSince(agent.since)) : "";
  setText(time, shown);
  const label = t("My status: %(state)s", { state: word });
  if (button.getAttribute("aria-label") !== label) button.setAttribute("aria-label", label);
  for (const item of $$("#status-menu [data-wanted]")) {
    const chosen = item.dataset.wanted === agent?.wanted && (item.dataset.wanted !== "paused" || item.dataset.reason === agent?.reason);
    item.setAttribute("aria-checked", String(chosen));
  }
}

