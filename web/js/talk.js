// The panel of a talk of more than two: whom I ask while the client waits, or all three; big buttons for what comes next.
import { api } from "./api.js";
import { me } from "./config.js";
import { h, icon } from "./dom.js";
import { phone as pretty } from "./format.js";
import { t } from "./i18n.js";
import { complain, toast } from "./toast.js";

const WORDS = { talking: () => t("Talking"), ringing: () => t("Is being called"), aside: () => t("Hears music") };
const STATES = { talking: "talk", ringing: "ring", aside: "pause" };
const TITLES = { consult: () => t("You ask first"), conference: () => t("Three-way talk"), internal: () => t("The client has hung up") };

export const talks = (call) => Boolean(TITLES[call?.seen?.form]);
export const talkKey = (call) => `talk ${call.seen.id} ${JSON.stringify([call.seen.form, call.seen.form_text, call.seen.form_by, call.seen.parties, call.who.name])}`;

export function drawTalk(call) {
  const { seen } = call;
  const path = `/api/v1/calls/${encodeURIComponent(seen.id)}`;
  const mine = seen.form_by === me.agent_id;
  const others = seen.parties.filter((one) => one.agent_id !== me.agent_id);
  const asked = others.some((one) => one.state === "talking");
  const order = async (method, end, said = "") => {
    try {
      await api(method, `${path}${end}`);
      if (said) toast(said, { glyph: "transfer" });
    } catch (error) {
      complain(error.message);
    }
  };
  const key = (name, glyph, word, end, more = {}) => h(`button.btn.lg${name === "complete" ? ".main" : ""}`, { type: "button", "data-talk": name, onclick: () => order("POST", end), ...more }, icon(glyph, "s"), h("span", word));
  const name = (one) => one.client ? call.who.name : one.name || pretty(one.number) || t("Unknown number");
  const line = (one) => h("li", { "data-party": one.client ? "client" : "other", "data-state": STATES[one.state] },
    icon(one.client ? "user" : "phone", "s"), h("span.grow.cut", h("span.mid", name(one)), " ", h("span.small.t3", WORDS[one.state]())),
    mine && seen.form === "conference" && h("button.btn.sm", { type: "button", "data-drop": one.leg, "aria-label": t("Let %(name)s go", { name: name(one) }), onclick: () => order("DELETE", `/parties/${encodeURIComponent(one.leg)}`) }, t("Let go")));
  // Before anybody has come (a queue, a menu) there is nobody to list but the client.
  const waiting = seen.form === "consult" && others.every((one) => one.client) && h("li.t3", t("Nobody has answered yet."));
  const other = others.find((one) => !one.client);
  const given = other ? t("Call transferred: %(name)s", { name: name(other) }) : "";
  const keys = mine && seen.form === "consult" && h("div.talkkeys",
    key("complete", "transfer", t("Connect"), "/consult/complete", { onclick: () => order("POST", "/consult/complete", given) }),
    key("conference", "users", t("All three"), "/consult/conference", { disabled: !asked }),
    key("return", "redo", t("Go back"), "/consult/return"));
  return h("div.callcard", { role: "dialog", "aria-label": TITLES[seen.form](), "data-talkpanel": seen.form, "data-state": "talk" },
    h("div.bar", icon(seen.form === "conference" ? "users" : "transfer", "s"), h("span", TITLES[seen.form]())),
    h("div.padpanel", h("ul.parties", others.map(line), waiting || null), keys || null));
}

// Hold of a call on my SIP phone: only the server can do it.
export async function holdThere(call) {
  try {
    await api("POST", `/api/v1/calls/${encodeURIComponent(call.seen.id)}/hold`, { on: call.seen.form !== "waiting" });
  } catch (error) {
    complain(error.message);
  }
}

export async function park(call) {
  try {
    const { slot } = await api("POST", `/api/v1/calls/${encodeURIComponent(call.seen.id)}/park`);
    toast(t("Parked in place %(slot)s", { slot }), { glyph: "cup" });
  } catch (error) {
    complain(error.message);
  }
}
