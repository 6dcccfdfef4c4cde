// Why people pause, as the company arranged it: read once, and anew whenever a menu that offers it is opened.
import { api } from "./api.js";
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";

let list = [];
const watchers = new Set();

export async function refreshReasons() {
  try {
    const { reasons } = await api("GET", "/api/v1/pause-reasons", undefined, { again: false });
    if (JSON.stringify(reasons) === JSON.stringify(list)) return;
    list = reasons;
    for (const watcher of watchers) watcher(list);
  } catch {
    // The last list stays; the next opening asks again.
  }
}

// The reason of a break that is taken without looking at the list.
export const firstReason = () => (list.find((one) => one.key === "break") ?? list[0])?.id ?? null;

// Calls draw(list) at once and whenever it changed.
export function watchReasons(draw) {
  watchers.add(draw);
  draw(list);
}

// The items of a menu; a company without reasons still has its break.
export const reasonItems = (list, data) => (list.length ? list.map((one) => reasonItem(one, data)) : [h("button.item", { type: "button", role: "menuitemradio", ...data }, icon("cup"), h("span.grow", t("Break")))]);

const reasonItem = (reason, data) => h("button.item", { type: "button", role: "menuitemradio", "data-reason-id": String(reason.id), ...data }, icon(reason.glyph), h("span.grow", reason.name), reason.limit_minutes && h("span.small.t3.num", t("%(count)s min", { count: reason.limit_minutes })));
