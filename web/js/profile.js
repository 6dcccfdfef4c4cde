// Language and sign-out: both need the shell anew, which would end a call, so they wait for it.
import { api } from "./api.js";
import { t } from "./i18n.js";
import { question } from "./overlays.js";
import { complain } from "./toast.js";

export function startProfile(phone) {
  document.addEventListener("click", (event) => {
    const language = event.target.closest("[data-language]")?.dataset.language;
    if (language) speak(phone, language);
    if (event.target.closest("[data-sign-out]")) leave(phone);
  });
}

async function speak(phone, language) {
  try {
    await api("PATCH", "/api/v1/me", { language });
  } catch (error) {
    return complain(error.message);
  }
  if (phone?.state.call) return complain(t("The language changes when the call is over."), { state: "ready", glyph: "globe" });
  return location.reload();
}

async function leave(phone) {
  if (phone?.state.call && !(await question(t("You are in a call"), t("Signing out ends the call. Better finish it first."), t("Sign out and end the call")))) return;
  try {
    if (phone?.state.on) phone.do("off");
    await api("DELETE", "/api/v1/session", undefined, { again: false });
  } catch (error) {
    if (error.status !== 401) return complain(error.message);
  }
  location.assign("/sign-in");
}
