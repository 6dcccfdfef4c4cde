// The keypad panel: in a call its keys are sent as tones, else it is the dial pad.
import { drawDialpad } from "./dialpad.js";
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";

const KEYS = [["1", ""], ["2", "ABC"], ["3", "DEF"], ["4", "GHI"], ["5", "JKL"], ["6", "MNO"], ["7", "PQRS"], ["8", "TUV"], ["9", "WXYZ"], ["*", ""], ["0", "+"], ["#", ""]];

const digits = (hit) => h("div.digits", KEYS.map(([key, letters]) => h("button", { type: "button", "data-key": key, onclick: () => hit(key) }, key, letters && h("small", letters))));

export function drawKeypad({ press, close, inCall }) {
  const typed = h("div.typed.num", { "aria-live": "polite" });
  const hit = (key) => {
    typed.textContent += key;
    press(key);
  };
  return h(
    "div.callcard", { role: "dialog", tabindex: "-1", "aria-label": t("Keypad"), "data-keypad": true, "data-state": "talk" },
    h("div.bar", icon("keypad", "s"), h("span", t("Keypad")), h("button.btn.bare.icon.sm.ticks", { type: "button", "aria-label": t("Close"), onclick: close }, icon("x", "s"))),
    inCall ? h("div.padpanel", typed, digits(hit)) : drawDialpad({ keys: digits, close }),
  );
}
