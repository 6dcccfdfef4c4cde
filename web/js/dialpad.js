// The dial pad of a phone that has no call: a client by name, one of his numbers, or any number with a country's code.
import { api } from "./api.js";
import { clientField } from "./clientbook.js";
import { h, icon, show } from "./dom.js";
import { t } from "./i18n.js";

const KEPT = "dialpad-country";
// Nobody outside has a number so short: it is a colleague's, and no country's code belongs before it.
const SHORT = 6;
let countries = null;

async function codes() {
  countries ??= api("GET", "/api/v1/countries").catch(() => { countries = null; return []; });
  return countries;
}

// What is dialled: a number with + as it is, a short one as it is, anything else behind the country's code.
export function whole(typed, code) {
  const digits = typed.replace(/[^\d+]/g, "");
  if (!digits || digits.startsWith("+") || digits.length <= SHORT || /[*#]/.test(typed)) return typed.replace(/[^\d+*#]/g, "");
  if (code === "+7" && digits.length === 11 && /^[78]/.test(digits)) return `+7${digits.slice(1)}`;
  return `${code}${digits.replace(/^0+/, "")}`;
}

// keys: the digits' buttons, made by the keypad; close() shuts the panel.
export function drawDialpad({ keys, close }) {
  let name = "";
  const country = h("select.in", { "aria-label": t("Country code"), "data-country": true }, h("option", { value: "+7" }, "+7"));
  const number = h("input.in.num.grow", { type: "tel", inputmode: "tel", autocomplete: "off", maxlength: "40", "aria-label": t("Number to dial"), "data-dialpad-number": true });
  const which = h("select.in", { "aria-label": t("Which number"), "data-which": true, hidden: true });
  const who = h("div.small.mid.cut", { "data-who": true, hidden: true });
  const call = h("button.btn.yes", { type: "button", "data-dialpad-call": true, disabled: true }, icon("phone"), h("span", t("Dial")));
  const clear = h("button.btn.bare.icon", { type: "button", "aria-label": t("Clear the number"), hidden: true }, icon("x", "s"));

  const changed = () => {
    const to = whole(number.value, country.value);
    call.toggleAttribute("disabled", !to);
    call.dataset.dial = to;
    call.dataset.dialName = name;
    show(clear, Boolean(number.value));
  };
  const client = (entry) => {
    name = entry?.name ?? "";
    who.textContent = name;
    show(who, Boolean(name));
    const phones = entry?.phones ?? [];
    which.replaceChildren(...phones.map((one) => h("option", { value: one.number }, [one.title, one.number].filter(Boolean).join(": "))));
    show(which, phones.length > 1);
    number.value = phones[0]?.number ?? "";
    changed();
    (phones.length > 1 ? which : number).focus();
  };
  const press = (key) => {
    number.value += key;
    // A number that was changed by hand is nobody's any more.
    typed();
    number.focus();
  };
  const typed = () => {
    name = "";
    show(who, false);
    show(which, false);
    changed();
  };

  which.addEventListener("change", () => { number.value = which.value; changed(); });
  number.addEventListener("input", typed);
  number.addEventListener("keydown", (event) => { if (event.key === "Enter" && !call.disabled) { event.preventDefault(); call.click(); } });
  country.addEventListener("change", () => { remember(country.selectedOptions[0]?.dataset.region ?? ""); changed(); number.focus(); });
  clear.addEventListener("click", () => client(null));
  // The dialler hears the click first: it takes the number from the button.
  call.addEventListener("click", () => setTimeout(close));
  codes().then((all) => {
    if (!all.length) return;
    const kept = remembered();
    country.replaceChildren(...all.map((one) => h("option", { value: one.code, "data-region": one.region, selected: one.region === kept || null }, `${one.name} ${one.code}`)));
    changed();
  });
  return h(
    "div.padpanel.dialpad",
    clientField({ label: t("Client's name"), pick: client }), who, which,
    h("div.row", country), h("div.row", number, clear), keys(press), call,
  );
}

const remembered = () => { try { return localStorage.getItem(KEPT) ?? ""; } catch { return ""; } };
const remember = (region) => { try { localStorage.setItem(KEPT, region); } catch { /* Then Russia comes first again. */ } };
