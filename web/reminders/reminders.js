// Reminders whose time has come: counted beside their place in the navigation and listed in the bell, also after a reload.
import { $, h, icon } from "../js/dom.js";
import { t } from "../js/i18n.js";

const PAUSE = 60_000;

export function start(shell) {
  if (!shell.me?.permissions.includes("contacts.edit")) return;
  const look = () => due(shell);
  shell.stream.on("notice", ({ kind }) => { if (["reminder", "given"].includes(kind)) look(); });
  shell.stream.on("back", look);
  shell.onPage("#reminders, #card-reminders, #call", look);
  // The bell stands outside of the page: its links are followed without loading the page anew.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("#reminders-due a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    $("#alerts-menu").hidePopover?.();
    shell.visit(link.getAttribute("href"));
  });
  setInterval(look, PAUSE);
  look();
}

let asked = 0;
async function due(shell) {
  asked += 1;
  const mine = asked;
  let found;
  try {
    found = await shell.api("GET", "/api/v1/reminders/due", undefined, { again: false });
  } catch {
    return;
  }
  if (mine === asked) draw(found);
}

function draw({ reminders, total }) {
  for (const link of document.querySelectorAll('#nav a[href="/reminders"]')) {
    $(".count", link)?.remove();
    if (total) link.append(h("b.count", { "data-state": "missed", title: t("Reminders: %(count)s", { count: total }) }, String(total)));
  }
  const menu = $("#alerts-menu");
  $("#reminders-due")?.remove();
  if (!menu || !total) return;
  const lines = reminders.map((one) => h("li", icon("bell"), h("a.grow.link", { href: one.contact_id ? `/contacts/${one.contact_id}?tab=reminders` : "/reminders" }, [one.text || t("Reminder"), one.client && ` (${one.client})`], " ", h("time.num.t3.small", { "data-since": one.at }))));
  menu.append(h("div", { id: "reminders-due" }, h("div.title", t("Reminders: %(count)s", { count: total })), h("ul.alerts", lines)));
}
