// The bell: alerts that are on now, from the stream; and notices, which pass as toasts.
import { $, h, icon, setText, show } from "./dom.js";
import { t } from "./i18n.js";
import { visit } from "./nav.js";
import { store } from "./store.js";
import { stream } from "./stream.js";
import { complain, toast } from "./toast.js";

export function startAlerts() {
  store.subscribe((s) => s.alerts, (alerts, before) => {
    draw(alerts);
    const known = new Set((before ?? []).map((alert) => alert.key));
    for (const alert of alerts) if (before && !known.has(alert.key)) complain(alert.message);
  });
  // A notice is already in my language: a call that did not come about, a file that is ready.
  stream.on("notice", (notice) => {
    if (!notice.text) return;
    const open = notice.link ? { text: t("Open"), run: () => visit(notice.link) } : undefined;
    const caller = notice.kind === "missed" && /[?]q=(\d+)$/.exec(notice.link)?.[1];
    if (caller) return void toast(notice.text, { state: "missed", glyph: "missed", life: 30000, action: { text: t("Call back"), run: () => callBack(`+${caller}`) } });
    if (["call_failed", "error"].includes(notice.kind) || notice.kind.startsWith("agent.")) complain(notice.text, { action: open });
    else if (notice.kind === "reminder") toast(notice.text, { glyph: "bell", life: 60_000, action: open });
    else toast(notice.text, { glyph: "info", action: open });
  });
}

// The shell dials whatever carries data-dial.
function callBack(number) {
  const button = h("button", { type: "button", hidden: true, "data-dial": number });
  document.body.append(button);
  button.click();
  button.remove();
}

function draw(alerts) {
  const count = $("#bell .count");
  show(count, alerts.length > 0);
  setText(count, String(alerts.length));
  $("#bell").setAttribute("aria-label", alerts.length ? t("Alerts: %(count)s", { count: alerts.length }) : t("Alerts: none"));
  const lines = alerts.map((alert) => h("li", icon("alert"), h("span.grow", alert.message, " ", h("time.num.t3.small", { "data-since": alert.since }))));
  $("#alerts").replaceChildren(...(lines.length ? lines : [h("li.t3", t("Everything is in order."))]));
}
