// Menus, dialogs and questions of the shell, all by delegation: what is swapped in later works as well. No dialog is
// modal: behind a modal one a call could ring but not be answered.
import { $, $$ } from "./dom.js";

const GAP = 6;

export function startOverlays() {
  document.addEventListener("click", (event) => {
    const menuButton = event.target.closest("[data-menu]");
    if (menuButton) return toggleMenu(menuButton);
    const opener = event.target.closest("[data-open]");
    if (opener) {
      closeMenus();
      return openSheet(opener.dataset.open);
    }
    const closer = event.target.closest("dialog [data-close]");
    if (closer) return closer.closest("dialog").close();
    if (event.target.closest(".menu .item")) closeMenus();
  });
  document.addEventListener("keydown", menuKeys);
}

export const closeMenus = () => $$(".menu:popover-open").forEach((menu) => menu.hidePopover());
// Whether a dialog (but the one named) or a menu is open.
export const somethingOpen = (but = "") => $$("dialog[open], .menu:popover-open").some((one) => !but || one.id !== but);

export function openSheet(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  dialog.show();
  // A sheet that is only read takes the focus itself: Enter then belongs to a call that rings, not to its close button.
  if (dialog.tabIndex === -1 && dialog.hasAttribute("tabindex")) dialog.focus();
}

// A dialog that some page opened as modal lets the call through.
export function letCallThrough() {
  for (const dialog of $$("dialog:modal")) {
    dialog.close();
    dialog.show();
  }
}

function closeTop() {
  const dialog = $$("dialog[open]").at(-1);
  dialog?.close();
  return Boolean(dialog);
}

function toggleMenu(button) {
  const menu = document.getElementById(button.dataset.menu);
  if (menu.matches(":popover-open")) return menu.hidePopover();
  closeMenus();
  menu.showPopover();
  place(menu, button);
  button.setAttribute("aria-expanded", "true");
  menu.addEventListener("toggle", () => button.setAttribute("aria-expanded", "false"), { once: true });
  ($('[aria-checked="true"]', menu) ?? $(".item", menu))?.focus();
}

function place(menu, button) {
  const at = button.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const left = Math.min(Math.max(GAP, at.right - size.width), innerWidth - size.width - GAP);
  const below = at.bottom + GAP + size.height <= innerHeight;
  menu.style.left = `${at.left < innerWidth / 3 ? Math.max(GAP, at.left) : left}px`;
  menu.style.top = `${below ? at.bottom + GAP : Math.max(GAP, at.top - size.height - GAP)}px`;
}

function menuKeys(event) {
  if (event.key === "Escape" && !$(".menu:popover-open") && closeTop()) return event.preventDefault();
  const menu = $(".menu:popover-open");
  if (!menu || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return undefined;
  const items = $$(".item", menu);
  const here = items.indexOf(document.activeElement);
  const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: items.length - 1 }[event.key];
  items[(next + items.length) % items.length]?.focus();
  return event.preventDefault();
}

// A question with two answers; resolves to whether it was agreed to.
export function question(title, text, yes) {
  const dialog = $("#ask");
  $("#ask-title").textContent = title;
  $("[data-text]", dialog).textContent = text;
  $("[data-yes]", dialog).textContent = yes;
  dialog.returnValue = "";
  dialog.show();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
