import { $, announce, h, icon } from "./dom.js";
import { t } from "./i18n.js";

const LIFE = 6000;
const MOST = 4;

// One line; six seconds, which wait while the mouse or the focus is on it. `action` is {text, run}.
export function toast(text, { state = "ready", glyph, action, life = LIFE } = {}) {
  const box = $("#toasts");
  if (!box) return () => {};
  const close = () => {
    clearTimeout(timer);
    line.remove();
  };
  const line = h(
    "div.toast", { "data-state": state },
    icon(glyph ?? (state === "ready" ? "check" : "alert")), h("span.grow", text),
    action && h("button.btn.bare.sm", { type: "button", onclick: () => { close(); action.run(); } }, action.text),
    h("button.btn.bare.icon.sm", { type: "button", "aria-label": t("Close"), onclick: close }, icon("x", "s")),
  );
  let timer = setTimeout(close, life);
  const hold = () => clearTimeout(timer);
  const letGo = () => { clearTimeout(timer); timer = setTimeout(close, life); };
  for (const [name, run] of [["pointerenter", hold], ["focusin", hold], ["pointerleave", letGo], ["focusout", letGo]]) {
    line.addEventListener(name, run);
  }
  const same = [...box.children].find((other) => other.textContent === line.textContent);
  same?.remove();
  box.append(line);
  while (box.children.length > MOST) box.firstElementChild.remove();
  announce(text, state !== "ready");
  return close;
}

export const complain = (text, options = {}) => toast(text, { state: "over", ...options });
