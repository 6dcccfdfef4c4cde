// The letter of a script: sent with one press, to one of the client's addresses; and the way to write another.
// What became of a letter is asked for until it is known.
import { $, announce, h, icon } from "../js/dom.js";
import { t } from "../js/i18n.js";
import { question } from "../js/overlays.js";

const STATES = {
  waiting: ["ring", "clock", () => t("On its way")],
  sending: ["ring", "clock", () => t("On its way")],
  sent: ["ready", "check", () => t("Sent")],
  failed: ["missed", "alert", () => t("Not sent")],
  cancelled: ["pause", "ban", () => t("Cancelled")],
};
const AGAIN = 2_000;
const MOST = 15;

export function drawLetter(shell, view) {
  const box = h("div.script-letter", { "data-script-letter": true });
  if (view.letter) fill(shell, view, box, view.letter);
  // Outside of the page nothing is boosted; a talk goes on only when the page is not loaded anew.
  box.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='/']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    shell.visit(link.getAttribute("href"));
  });
  const call = encodeURIComponent(view.call_id);
  const may = shell.me.permissions.includes("contacts.edit");
  box.append(h(
    "div.row.wrap.tight.script-ways", may && h("a.btn.bare.sm", { href: `/letters/new?call=${call}` }, icon("mail", "s"), t("Write a letter")),
    may && h("a.btn.bare.sm", { href: `/reminders/new?call=${call}` }, icon("bell", "s"), t("Remind me")),
    h("a.btn.bare.sm", { href: `/calls/${call}` }, icon("note", "s"), t("Call card")),
  ));
  return box;
}

function fill(shell, view, box, letter) {
  $("[data-letter-send]", box)?.remove();
  const sent = letter.sent.map((one) => {
    const [tone, glyph, word] = STATES[one.state];
    return h("li.row.tight", h("a.link.cut.grow", { href: `/letters/${one.id}`, title: one.to }, one.subject), h("span.state", { "data-state": tone, "data-letter-state": one.state }, icon(glyph, "s"), word()));
  });
  const part = h("div.col", { "data-letter-send": true });
  if (letter.subject) part.append(offer(shell, view, box, letter));
  if (sent.length) part.append(h("ul.small", { "aria-label": t("Letters of this call") }, sent));
  if (part.children.length) box.prepend(part);
  if (letter.sent.some((one) => ["waiting", "sending"].includes(one.state))) look(shell, view, box);
}

function offer(shell, view, box, letter) {
  if (!letter.ready) return h("p.small.t3", t("The letter of this script cannot be sent: the company has no mail server yet."));
  if (!letter.addresses.length) return h("p.small.t3", t("The client has no e-mail address. Write a letter to type one in."));
  const [first] = letter.addresses;
  const choice = letter.addresses.length > 1 && h("select.in", letter.addresses.map((one) => h("option", { value: one.address }, `${one.name}, ${one.address}`)));
  const press = h("button.btn.sm", { type: "button", title: letter.subject, "data-letter-press": true }, icon("mail", "s"), t("Send the letter"));
  press.addEventListener("click", () => send(shell, view, box, press, choice ? choice.value : first.address));
  return h("div.row.tight", press, choice ? h("label.grow", h("span.vh", t("To")), choice) : h("span.grow.cut.small.t2", { title: first.name }, first.address));
}

async function send(shell, view, box, press, to, again = false) {
  press.disabled = true;
  try {
    const letter = await shell.api("POST", `${path(view)}/letter`, { script_id: view.script.id, to, again });
    fill(shell, view, box, letter);
    announce(t("The letter is on its way"));
  } catch (error) {
    press.disabled = false;
    if (error.code !== "twice") return void shell.complain(error.message);
    if (await question(t("Send the letter again?"), error.message, t("Send it again"))) return send(shell, view, box, press, to, true);
  }
  return undefined;
}

// Until the mail server has answered; nobody looks when the panel is gone.
function look(shell, view, box, tries = MOST) {
  clearTimeout(box.timer);
  box.timer = setTimeout(async () => {
    if (!box.isConnected) return;
    try {
      const now = await shell.api("GET", `${path(view)}/script`);
      if (now.letter && !now.letter.sent.some((one) => ["waiting", "sending"].includes(one.state))) return void (box.isConnected && fill(shell, view, box, now.letter));
    } catch {
      // Asked again.
    }
    if (tries) look(shell, view, box, tries - 1);
  }, AGAIN);
}

const path = (view) => `/api/v1/calls/${encodeURIComponent(view.call_id)}`;
