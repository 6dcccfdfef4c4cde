// A tab that is hidden rings, and the browser shows who calls (AGD-12); a press on that brings the tab to the front.
import { t } from "./i18n.js";

export function startNotify(phone, dock) {
  let shown = null;
  const hide = () => { shown?.close(); shown = null; };
  phone.on("state", () => {
    const { call } = phone.state;
    if (!call || call.direction !== "in" || call.stage !== "ringing") return hide();
    if (shown || !phone.leading || !document.hidden || globalThis.Notification?.permission !== "granted") return undefined;
    const who = dock.call?.who;
    shown = new Notification(t("Incoming call"), { body: [who?.name, who?.number].filter(Boolean).join(" · ") || call.number, tag: "call", requireInteraction: true });
    shown.onclick = () => { globalThis.focus(); hide(); };
    return undefined;
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) hide(); });
}

// Asked at the gesture by which a person goes on line: only then is it clear why.
export function askToNotify() {
  if (globalThis.Notification?.permission === "default") Notification.requestPermission().catch(() => {});
}
