// Language and sign-out: both need the shell anew, which would end a call, so they wait for it.
import { api } from "./api.js";
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { pages } from "./nav.js";
import { question } from "./overlays.js";
import { complain } from "./toast.js";

export function startProfile(phone) {
  document.querySelector(".firm")?.addEventListener("click", () => listBusinesses(phone), { once: true });
  document.addEventListener("click", (event) => {
    const language = event.target.closest("[data-language]")?.dataset.language;
    if (language) speak(phone, language);
    if (event.target.closest("[data-sign-out]")) leave(phone);
  });
  pages.on("language", () => reload(phone));
}

async function speak(phone, language) {
  try {
    await api("PATCH", "/api/v1/me", { language });
  } catch (error) {
    return complain(error.message);
  }
  return reload(phone);
}

function reload(phone) {
  if (!phone?.state.call) return location.reload();
  const stop = phone.on("ended", () => { stop(); setTimeout(() => location.reload(), 3_000); });
  return complain(t("The language changes when the call is over."), { state: "ready", glyph: "globe" });
}

// A person may work for several companies; everything in the shell belongs to one of them, so it is loaded anew.
async function listBusinesses(phone) {
  const { businesses, business } = await api("GET", "/api/v1/me");
  const line = (one) => h("button.item", { type: "button", role: "menuitemradio", "aria-checked": String(one.id === business.id), onclick: () => enter(phone, one, business) }, icon("firm"), one.name);
  document.getElementById("businesses").replaceChildren(...businesses.map(line));
}

async function enter(phone, wanted, here) {
  if (wanted.id === here.id) return undefined;
  if (phone?.state.call && !(await question(t("You are in a call"), t("Switching ends the call. Better finish it first."), t("Switch and end the call")))) return undefined;
  try {
    if (phone?.state.on) phone.do("off");
    await api("PUT", "/api/v1/session/business", { business_id: wanted.id });
  } catch (error) {
    return complain(error.message);
  }
  return location.assign("/");
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
