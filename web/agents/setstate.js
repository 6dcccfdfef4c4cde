// A supervisor's menu at an agent's row or tile: ready, a break with its reason, off line. Markup: data-agent-state="ID"
// and data-menu="agent-state-menu" on a button.
import { $, h, icon, setText } from "../js/dom.js";
import { reasonItems, refreshReasons, watchReasons } from "../js/reasons.js";

let shell;
let agentId = 0;

export function start(given) {
  shell = given;
  if (!shell.me.permissions.includes("calls.supervise")) return;
  const { t } = shell;
  const menu = h(
    "div.menu", { id: "agent-state-menu", popover: "", role: "menu", "aria-label": t("Set the state"), "hx-ignore": "" },
    h("div.title", { "data-part": "whose" }),
    h("button.item", { type: "button", role: "menuitemradio", "data-set-state": "ready" }, h("span.tone.ic", { "data-state": "ready" }, icon("check")), t("Ready for calls")),
    h("div.title", t("On a break")),
    h("div", { "data-pauses": "", role: "group", "aria-label": t("On a break") }),
    h("hr"),
    h("button.item", { type: "button", role: "menuitemradio", "data-set-state": "offline" }, h("span.tone.ic", { "data-state": "off" }, icon("exit")), t("Take off line")),
    h("button.item", { type: "button", role: "menuitem", "data-part": "call" }, h("span.tone.ic", { "data-state": "talk" }, icon("phone")), h("span.cut", { "data-part": "whom" })),
  );
  document.body.append(menu);
  watchReasons((list) => $("[data-pauses]", menu).replaceChildren(...reasonItems(list, { "data-set-state": "paused" })));
  // Before the shell opens the menu: it must know whose it is.
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-agent-state]");
    if (!button) return;
    agentId = Number(button.dataset.agentState);
    draw(menu);
    refreshReasons();
  }, { capture: true });
  menu.addEventListener("click", ({ target }) => {
    const item = target.closest("[data-set-state]");
    if (item) set(item.dataset.setState, Number(item.dataset.reasonId) || null);
  });
}

function draw(menu) {
  const agent = shell.store.state.agents[agentId];
  setText($('[data-part="whose"]', menu), agent?.name ?? "");
  const call = $('[data-part="call"]', menu);
  call.hidden = !agent || !shell.me.agent_id || agent.id === shell.me.agent_id || !shell.me.permissions.includes("calls.dial");
  call.dataset.dial = agent?.short_number ?? "";
  call.dataset.dialName = agent?.name ?? "";
  setText($('[data-part="whom"]', call), shell.t("Call %(name)s", { name: agent?.name ?? "" }));
  for (const item of menu.querySelectorAll("[data-set-state]")) {
    const chosen = item.dataset.setState === agent?.wanted && (agent.wanted !== "paused" || (Number(item.dataset.reasonId) || null) === agent.reason_id);
    item.setAttribute("aria-checked", String(chosen));
  }
}

async function set(state, reasonId) {
  const agent = shell.store.state.agents[agentId];
  try {
    await shell.api("PUT", `/api/v1/agents/${agentId}/state`, { state, reason_id: reasonId });
    const later = agent?.state === "talking";
    shell.toast(later ? shell.t("%(name)s is told; it begins after the call", { name: agent.name }) : shell.t("%(name)s is told", { name: agent?.name ?? "" }));
  } catch (error) {
    shell.complain(error.message);
  }
}
