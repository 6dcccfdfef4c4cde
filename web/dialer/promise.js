// When a client of a dial list is to be called again: by whose clock, by me or by anybody (OBD-08). One form for the bar,
// the script's panel, the page of a call and the list; not modal, so a call can be answered behind it.
import { $, h, icon } from "../js/dom.js";
import { t } from "../js/i18n.js";

let shell;

export function startPromise(given) {
  shell = given;
  document.addEventListener("click", ({ target }) => {
    const opener = target.closest?.("[data-promise]");
    const off = target.closest?.("[data-call-off]");
    if (opener) open(opener.dataset.promise, opener);
    if (off) callOff(off.dataset.callOff);
  });
  // Whoever says «call back» is asked when, in a call that a list made.
  document.addEventListener("change", ({ target }) => {
    const label = target.closest?.("#script-panel [data-kind=call_back]");
    const call = label?.closest("#script-panel").dataset.call;
    if (call && target.checked) open(`/api/v1/calls/${encodeURIComponent(call)}/call-back`, target, true);
  });
}

async function open(address, opener, quiet = false) {
  let found;
  try {
    found = await shell.api("GET", address);
  } catch (error) {
    // Most calls were made by no list.
    if (!quiet || error.status !== 404) shell.complain(error.message);
    return;
  }
  if (!found.may) return;
  $("#promise")?.remove();
  const dialog = draw(address, found);
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (opener.isConnected) opener.focus();
  });
  dialog.show();
  $("input", dialog).focus();
}

function draw(address, found) {
  const me = shell.me.agent_id;
  const kept = found.callback;
  const mine = kept ? (kept.agent ? kept.agent.id : "") : me ?? "";
  const whom = [me && [me, t("I myself")], ["", t("Anybody who performs the list")]];
  if (kept?.agent && kept.agent.id !== me) whom.push([kept.agent.id, kept.agent.name]);
  const radio = (value, words, checked) => h("label.choice", h("input", { type: "radio", name: "clock", value, checked }), words);
  const now = new Date(shell.clock.now()).toLocaleTimeString("ru-RU", { timeZone: shell.config.timezone, hour: "2-digit", minute: "2-digit" });
  const theirs = Boolean(found.client_now);
  const form = h(
    "form.body.col", { novalidate: true },
    h("p.small.t2", found.name ? `${found.name} · ${found.title}` : found.title),
    h("label.field", t("Call back at"), h("input.in", { type: "datetime-local", name: "at", required: true, value: kept ? local(kept.at) : "" })),
    h("fieldset.clocks", h("legend.small.mid", t("By which clock")),
      theirs && radio("client", t("the client's, where it is %(time)s", { time: found.client_now }), !kept),
      radio("mine", t("mine, where it is %(time)s", { time: now }), Boolean(kept) || !theirs)),
    h("label.field", t("Who calls"), h("select.in", { name: "agent_id" }, whom.filter(Boolean).map(([id, name]) => h("option", { value: id, selected: id === mine }, name)))),
    h("p.error-text", { role: "alert", hidden: true }),
    h("div.actions",
      kept && h("button.btn.warn", { type: "button", "data-call-off": address }, t("Call off")),
      h("button.btn.bare", { type: "button", "data-close": true }, t("Cancel")),
      h("button.btn.main", { type: "submit" }, icon("clock", "s"), t("Promise the call"))),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    send(address, form);
  });
  return h("dialog.sheet.promise", { id: "promise", "aria-labelledby": "promise-title", "hx-ignore": true }, h("header", h("h2", { id: "promise-title" }, t("Call back later"))), form);
}

// A moment as the field shows it, by my clock.
function local(iso) {
  const parts = Object.fromEntries(new Intl.DateTimeFormat("en-GB", {
    timeZone: shell.config.timezone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  }).formatToParts(new Date(iso)).map((one) => [one.type, one.value]));
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}

async function send(address, form) {
  const { at, agent_id: agent } = form.elements;
  const line = $("[role=alert]", form);
  const complain = (text) => { line.textContent = text; line.hidden = !text; };
  complain("");
  if (!at.value) {
    complain(t("Choose a day and a time."));
    return at.focus();
  }
  try {
    const body = { at: at.value, clock: new FormData(form).get("clock") ?? "mine", agent_id: agent.value ? Number(agent.value) : null };
    const found = await shell.api("PUT", address, body);
    form.closest("dialog").close();
    return done(t("Call back: %(when)s", { when: shell.format.moment(found.callback.at) }));
  } catch (error) {
    return complain(Object.values(error.fields ?? {})[0] || error.message);
  }
}

async function callOff(address) {
  try {
    await shell.api("DELETE", address);
    $("#promise")?.close();
    done(t("The promised call is called off."));
  } catch (error) {
    shell.complain(error.message);
  }
}

function done(words) {
  shell.toast(words);
  if ($("#dial-list, [data-call-promise]")) shell.refresh();
}
