// Keeps the desk alive: which way on line, my queues, and the day's figures after each of my calls.
const AFTER_CALL = 1_500;
const EVERY = 60_000;

// What is drawn anew by itself does not take the place away from who has gone there by keys in the meantime.
export function keepUnderHand(id) {
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    if (ctx.target?.id === id && ctx.target.contains(document.activeElement)) event.preventDefault();
  });
}

export function start(shell) {
  const { store, stream, phone, me, onPage } = shell;
  if (!me) return;
  const mine = (s) => s.agents[me.agent_id] ?? null;
  const draw = () => { drawState(shell, mine(store.state)); drawQueues(shell, mine(store.state)); };
  onPage("#desk-day", draw);
  store.subscribe((s) => [mine(s), s.live, ...(mine(s)?.queues ?? []).map((id) => s.queues[id])], draw);
  phone.on("state", draw);
  store.subscribe((s) => mine(s)?.call_id ?? null, (call, before) => { if (before && !call) setTimeout(() => again(), AFTER_CALL); });
  setInterval(() => { if (!document.hidden) again(); }, EVERY);
  stream.on("back", () => again());
  shell.dom.$("body").addEventListener("click", (event) => clicked(shell, event));
  keepUnderHand("desk-day");
  function again() {
    const day = document.getElementById("desk-day");
    // A button that somebody is about to press must not vanish under the hand.
    if (!day || day.contains(document.activeElement) || document.querySelector("dialog[open]")) return;
    window.htmx.ajax("GET", "/", { target: "#desk-day", select: "#desk-day", swap: "outerHTML" }).then(draw);
  }
}

function drawState({ dom, phone, t }, agent) {
  const { $, show, setText } = dom;
  if (!document.getElementById("desk-day")) return;
  const sip = agent?.online?.includes("sip") ?? false;
  const off = !agent || agent.state === "offline";
  const connected = phone.online || agent?.online?.length > 0;
  show($("#desk-start"), off);
  show($("[data-desk-ready]"), Boolean(agent) && !off && agent.wanted !== "ready");
  show($("[data-desk-pause]"), Boolean(agent) && !off && agent.wanted === "ready");
  const way = $("[data-sip]");
  if (!way) return;
  way.dataset.online = sip ? "yes" : "no";
  way.querySelector(".glyph").dataset.state = sip ? "ready" : "pause";
  setText($("[data-sip-words]"), sip ? t("Your phone is on line. Calls will ring there.") : t("Your phone is not on line. Sign in on it with your own login."));
  show($("[data-sip-ready]"), sip);
  show($("[data-sip-setup]"), !sip);
  setText($("#h-start"), connected && agent?.wanted === "offline" ? t("Your phone is on, but you take no calls") : t("You are not on line"));
}

function drawQueues({ dom, store, t, clock }, agent) {
  const list = dom.$("[data-my-queues]");
  if (!list || !store.state.rev) return;
  const { h, icon } = dom;
  const all = Object.values(store.state.queues);
  const shown = agent ? all.filter((queue) => agent.queues.includes(queue.id)) : all;
  const lines = shown.map((queue) => {
    const waiting = queue.waiting.length;
    const state = waiting
      ? h("span.state", { "data-state": "ring" }, icon("clock", "s"), t("waiting: %(count)s", { count: waiting }), h("span.num", { "data-since": queue.waiting[0].since }))
      : h("span.state", { "data-state": "ready" }, icon("check", "s"), t("nobody waits"));
    return h("li", h("span.mid.grow.cut", queue.name), state);
  });
  list.replaceChildren(...(lines.length ? lines : [h("li.t3", t("You are in no queue yet."))]));
  clock.tick(list);
}

async function clicked(shell, event) {
  const { t, toast, complain, api } = shell;
  const on = (selector) => event.target.closest(selector);
  if (on("[data-go-online]")) return shell.goOnline({ ready: true });
  if (on("[data-sip-setup]")) return showLogin(shell);
  const callMe = on("[data-call-me]");
  if (!callMe) return undefined;
  callMe.disabled = true;
  try {
    if (!shell.phone.online && !shell.store.state.agents[shell.me.agent_id]?.online?.length && !(await shell.goOnline({ ready: true }))) return undefined;
    await api("POST", "/api/v1/demo/call-me");
    toast(t("A robot is calling your number."), { glyph: "robot" });
  } catch (error) {
    complain(error.message);
  } finally {
    setTimeout(() => { callMe.disabled = false; }, 5_000);
  }
  return undefined;
}

async function showLogin({ api, dom, t, complain }) {
  try {
    const { devices } = await api("GET", "/api/v1/me/devices");
    const device = devices.find((one) => one.kind === "sip");
    if (!device) return complain(t("You have no SIP phone. An administrator can give you one."));
    const facts = [[t("Server"), device.server], [t("Login"), device.login], [t("Password"), device.password], [t("Transport"), (device.transport ?? "udp").toUpperCase()]];
    dom.$("[data-sip-facts]").replaceChildren(...facts.flatMap(([name, value]) => [dom.h("dt", name), dom.h("dd", dom.h("code", value))]));
    return dom.$("#sip-setup").show();
  } catch (error) {
    return complain(error.message);
  }
}
