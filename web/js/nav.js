// htmx swaps only <main>; errors become toasts, an ended session the dialog, and nothing ever takes the shell away.
import { $, $$, announce } from "./dom.js";
import { csrf, said } from "./api.js";
import { config, me } from "./config.js";
import { Emitter } from "./emitter.js";
import { t } from "./i18n.js";
import { ask } from "./signin.js";
import { complain } from "./toast.js";
import { tick } from "./clock.js";

// Says "page" with <main> whenever its content is a new page.
export const pages = new Emitter();

const SLOW = 300;
let knownTheme = config.theme;
const main = () => $("#main");

export function startNav() {
  const on = (name, run) => document.addEventListener(name, run);
  on("htmx:config:request", ({ detail: { ctx } }) => { ctx.request.headers["X-CSRF-Token"] = csrf(); });
  on("htmx:before:request", (event) => {
    if (isOurs(event.detail.ctx.sourceElement)) event.preventDefault();
    else busy(event.detail.ctx);
  });
  on("htmx:finally:request", ({ detail: { ctx } }) => idle(ctx));
  on("htmx:after:request", (event) => { if (!acceptable(event.detail.ctx)) event.preventDefault(); });
  on("htmx:error", ({ detail }) => { if (detail.ctx) complain(t("No link to the server. Try again in a moment.")); });
  on("htmx:after:swap", ({ detail: { ctx } }) => {
    if (!isPage(ctx)) return;
    arrived();
    compareShell(ctx.text);
  });
  if (me) keepPlace();
  markPlace();
}

// A form that says neither where nor how it is sent is a script's: as a page's it would open this address once more, and
// what its script draws anew meanwhile would belong to a page that is gone.
const isOurs = (element) => Boolean(element?.matches?.("form:not([action], [method])"));

const isPage = (ctx) => ctx.target === main() || ctx.target?.id === "main" || ctx.target === "#main";

function busy(ctx) {
  if (isPage(ctx)) ctx.slow = setTimeout(() => main()?.classList.add("busy"), SLOW);
}

function idle(ctx) {
  clearTimeout(ctx.slow);
  main()?.classList.remove("busy");
}

const ANEW = "X-Anew";
const here = () => location.pathname + location.search;

// Whether the answer may be swapped in.
function acceptable(ctx) {
  const { status, raw } = ctx.response;
  // A page that is read anew and comes late must not take the place of the one that was opened meanwhile.
  const anew = ctx.request.headers?.[ANEW];
  if (anew && anew !== here()) return false;
  if (status === 401 || (raw.redirected && new URL(raw.url).pathname.startsWith("/sign-in"))) {
    again(ctx);
    return false;
  }
  const hasMain = /id=["']?main["'\s>]/.test(ctx.text);
  if (status === 422 && (hasMain || !isPage(ctx))) return true;
  if (status >= 400) {
    complain(words(ctx.text) || said(status));
    return false;
  }
  if (isPage(ctx) && ctx.select && status !== 204 && !hasMain) {
    complain(t("This page cannot be shown here."));
    return false;
  }
  return true;
}

// What an error's answer says: JSON of the API, or the words on its page.
function words(text) {
  if (text.trimStart().startsWith("{")) {
    try {
      return JSON.parse(text).error?.message;
    } catch {
      return "";
    }
  }
  const page = new DOMParser().parseFromString(text, "text/html");
  const found = page.querySelector("[data-error] p") ?? page.querySelector("#main p") ?? page.querySelector("#main h1");
  return found?.textContent.trim();
}

async function again(ctx) {
  if (!(await ask())) return;
  const source = ctx.sourceElement;
  if (source?.isConnected && source.matches("a[href]")) source.click();
  else if (source?.isConnected && source.matches("form")) source.requestSubmit(ctx.request.submitter ?? undefined);
  else visit(ctx.request.action);
}

// Opens an address in <main> as a link would.
export function visit(address) {
  if (!window.htmx) return location.assign(address);
  return window.htmx.ajax("GET", address, { target: "#main", select: "#main", swap: "innerHTML strip:true", push: "true" });
}

// The same page anew, without a step in history.
export function refresh() {
  return window.htmx?.ajax("GET", here(), { target: "#main", select: "#main", swap: "innerHTML strip:true", headers: { [ANEW]: here() } });
}

// Where a sign-in may lead back to (the server reads it, accounts/pages/entrance.py).
function keepPlace() {
  document.cookie = `callcenter_left=${encodeURIComponent(location.pathname)}; path=/; max-age=31536000; samesite=lax`;
}

function arrived() {
  keepPlace();
  markPlace();
  const root = main();
  tick(root);
  const heading = $("h1", root)?.textContent || document.title;
  announce(heading);
  // The focus goes with the page, so that the keyboard does not start from a link that is gone.
  if (!root.contains(document.activeElement) || document.activeElement === document.body) root.focus({ preventScroll: true });
  pages.emit("page", root);
}

// A page that came in another language or theme means that the person changed the profile: the shell follows.
function compareShell(text) {
  const head = /<html([^>]*)>/i.exec(text)?.[1] ?? "";
  const language = /lang="(\w+)"/.exec(head)?.[1];
  const theme = /data-theme="(\w+)"/.exec(head)?.[1] ?? "auto";
  if (knownTheme !== theme) pages.emit("theme", theme);
  knownTheme = theme;
  if (language && language !== document.documentElement.lang) pages.emit("language", language);
}

export function markPlace() {
  const here = location.pathname;
  const links = $$("#nav a[href]");
  const fits = links.filter((link) => here === link.pathname || (link.pathname !== "/" && here.startsWith(link.pathname.replace(/\/?$/, "/"))));
  const best = fits.sort((a, b) => b.pathname.length - a.pathname.length)[0];
  for (const link of links) {
    if (link === best) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const group = best?.closest("details");
  if (group) group.open = true;
}
