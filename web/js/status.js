// My status: the switch in the top bar, its menu, and every button with data-wanted anywhere (the desk has large ones).
import { $, $$, announce, setIcon, setText, show } from "./dom.js";
import { api } from "./api.js";
import { me } from "./config.js";
import { duration } from "./format.js";
import { now, secondsSince } from "./clock.js";
import { t } from "./i18n.js";
import { myAgent } from "./mycall.js";
import { firstReason, reasonItems, refreshReasons, watchReasons } from "./reasons.js";
import { store } from "./store.js";
import { complain } from "./toast.js";
import { agentIcon, agentWord, overLimit } from "./words.js";

export function startStatus(phone, goOnline) {
  if (!me?.agent_id) return;
  store.subscribe((s) => myAgent(s), draw);
  setInterval(() => draw(myAgent(store.state)), 1000);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-wanted]");
    if (button) choose(phone, goOnline, button.dataset.wanted, Number(button.dataset.reasonId) || null);
  });
  const menu = $("#status-menu");
  menu.addEventListener("toggle", (event) => { if (event.newState === "open") refreshReasons(); });
  watchReasons((list) => {
    $("[data-pauses]", menu).replaceChildren(...reasonItems(list, { "data-wanted": "paused" }));
    draw(myAgent(store.state));
  });
  refreshReasons();
}

// Ready needs a phone: one that is on already (a SIP phone counts), else this browser's goes on line first.
async function choose(phone, goOnline, wanted, reasonId) {
  if (wanted === "offline" && phone.state.call) return complain(t("You are in a call. Go off line when it is over."));
  const reachable = phone.online || myAgent(store.state)?.online?.length;
  if (wanted === "ready" && !reachable) return goOnline({ ready: true });
  if (await setWanted(wanted, reasonId)) {
    if (wanted === "offline" && phone.state.on) phone.do("off");
  }
  return undefined;
}

// One key for both: who is ready takes a break, anybody else becomes ready. False without a phone of one's own.
export function toggleReady(phone, goOnline) {
  const agent = me?.agent_id && myAgent(store.state);
  if (!agent) return false;
  const ready = agent.wanted === "ready";
  choose(phone, goOnline, ready ? "paused" : "ready", ready ? firstReason() : null);
  return true;
}

export async function setWanted(wanted, reasonId = null) {
  try {
    await api("PUT", "/api/v1/me/state", { state: wanted, reason_id: reasonId });
    return true;
  } catch (error) {
    complain(error.message, { action: { text: t("Try again"), run: () => setWanted(wanted, reasonId) } });
    return false;
  }
}

let said = "";

function draw(agent) {
  const button = $("#status");
  if (!button) return;
  const state = agent?.state ?? "offline";
  const over = overLimit(agent, now()) >= 0 && Boolean(agent?.limit_at);
  button.dataset.state = over ? "over" : state;
  button.classList.toggle("pulse", state === "ringing");
  setIcon($("[data-icon]", button), over ? "alert" : agentIcon(state), "s");
  const word = agentWord(state, agent?.reason);
  setText($("[data-word]", button), word);
  const time = $("[data-time]", button);
  show(time, Boolean(agent));
  const shown = agent ? duration(secondsSince(agent.since)) : "";
  setText(time, shown);
  const label = t("My status: %(state)s", { state: word });
  if (button.getAttribute("aria-label") !== label) button.setAttribute("aria-label", label);
  // A ring is said by the dock, with who it is; what was found when the page came is no news.
  if (agent && label !== said) {
    if (said && state !== "ringing") announce(label);
    said = label;
  }
  for (const item of $$("#status-menu [data-wanted]")) {
    const chosen = item.dataset.wanted === agent?.wanted && (item.dataset.wanted !== "paused" || (Number(item.dataset.reasonId) || null) === agent?.reason_id);
    item.setAttribute("aria-checked", String(chosen));
  }
  // «Do not disturb» is for those to whom calls come in.
  for (const part of $$("#status-menu [data-pause-part]")) show(part, Boolean(agent?.takes_calls));
}

