// How I call (TEL-39): by the phones here, or in two legs through a phone of my own.
import { api } from "./api.js";
import { $, show } from "./dom.js";
import { t } from "./i18n.js";
import { complain, toast } from "./toast.js";

let chosen = { mode: "web", number: "" };

export const ownPhone = () => chosen.mode === "phone";

export function startCalling() {
  const form = $("#calling-form");
  if (!form) return;
  const button = $("button", form);
  const draw = () => show($("[data-own]", form), form.mode.value === "phone");
  const fill = () => {
    form.mode.value = chosen.mode;
    form.number.value = chosen.number;
    show(button, false);
    draw();
  };
  form.addEventListener("input", () => { draw(); show(button, true); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      chosen = await api("PUT", "/api/v1/me/calling", { mode: form.mode.value, number: form.number.value });
      fill();
      toast(ownPhone() ? t("Your calls go through your own phone now. Both legs are billed.") : t("Your calls go through this page now."), { glyph: "phone" });
    } catch (error) {
      complain(error.message);
    }
  });
  api("GET", "/api/v1/me/calling").then((found) => { chosen = found; fill(); }, () => {});
}
