// The context menu of a client's row: call any of the numbers, open the card (TEL-59). Shift and a right click give the
// browser's own menu; the menu key and Shift+F10 open it at the row that has the focus.
import { h, icon } from "../js/dom.js";
import { closeMenus } from "../js/overlays.js";
import { phone } from "../js/format.js";
import { t } from "../js/i18n.js";

const GAP = 6;
let menu = null;

export function start(shell) {
  shell.onPage("#client-list", (root) => root.addEventListener("contextmenu", open));
  shell.pages.on("page", close);
}

function open(event) {
  const row = event.target.closest("tr[data-client]");
  if (!row || event.shiftKey || event.target.closest("input, textarea") || String(getSelection())) return;
  event.preventDefault();
  close();
  closeMenus();
  const numbers = (row.dataset.phones ?? "").split(" ").filter(Boolean);
  const { name, client } = row.dataset;
  menu = h(
    "div.menu", { popover: "auto", role: "menu", "aria-label": name || t("Client"), "data-context": client },
    numbers.map((number) => h("button.item", { type: "button", role: "menuitem", "data-dial": number, "data-dial-name": name }, icon("phone", "s"), t("Call %(number)s", { number: phone(number) }))),
    h("a.item", { role: "menuitem", href: `/contacts/${client}` }, icon("user", "s"), t("Open the card")),
  );
  menu.addEventListener("toggle", ({ newState }) => { if (newState === "closed") close(); });
  document.body.append(menu);
  window.htmx?.process(menu);
  menu.showPopover();
  const size = menu.getBoundingClientRect();
  const at = row.getBoundingClientRect();
  // The keyboard gives no place of its own.
  const [x, y] = event.clientX || event.clientY ? [event.clientX, event.clientY] : [at.left + GAP, at.bottom];
  menu.style.left = `${Math.max(GAP, Math.min(x, innerWidth - size.width - GAP))}px`;
  menu.style.top = `${Math.max(GAP, Math.min(y, innerHeight - size.height - GAP))}px`;
  menu.firstElementChild.focus();
}

function close() {
  const old = menu;
  menu = null;
  old?.remove();
}
