// The missed calls of this session, each with one press to call back (TEL-57). They are kept for the tab, not for ever.
import { $, h, icon, setText, show } from "./dom.js";
import { moment, phone as pretty } from "./format.js";
import { t } from "./i18n.js";

const MOST = 50;
const KEY = "missed-calls";

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  } catch {
    return [];
  }
}

export function startMissed(phone) {
  const list = $("#missed-list");
  if (!list) return;
  const button = $('[data-part="missed"]');
  let missed = read();

  function keep(now) {
    missed = now.slice(0, MOST);
    try {
      sessionStorage.setItem(KEY, JSON.stringify(missed));
    } catch {
      // They are listed until the page is loaded anew.
    }
    draw();
  }

  function draw() {
    show(button, missed.length > 0);
    setText($(".count", button), String(missed.length));
    button.setAttribute("aria-label", t("Missed calls: %(count)s", { count: missed.length }));
    list.replaceChildren(...missed.map((one) => h("li", icon("missed"), h("span.grow.num", one.name || pretty(one.number) || t("Unknown number"), " ", h("time.t3.small", moment(new Date(one.at).toISOString()))), one.number ? h("button.btn.sm.yes", { type: "button", "data-dial": one.number, "data-dial-name": one.name }, t("Call back")) : null)));
  }

  phone.on("ended", (how) => {
    if (how.direction !== "in" || how.answered || how.elsewhere || how.originator !== "remote") return;
    keep([{ number: how.number, name: how.name, at: Date.now() }, ...missed.filter((one) => one.number !== how.number)]);
  });
  list.addEventListener("click", (event) => {
    const number = event.target.closest("[data-dial]")?.dataset.dial;
    if (!number) return;
    $("#missed-menu").hidePopover();
    // Called back, whatever comes of it; the call log keeps the rest.
    setTimeout(() => keep(missed.filter((one) => one.number !== number)));
  });
  draw();
}
