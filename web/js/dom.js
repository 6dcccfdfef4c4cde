import { config } from "./config.js";

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

const SVG = "http://www.w3.org/2000/svg";

export function icon(name, size = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `i ${size}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${config.icons}#${name}`);
  svg.append(use);
  return svg;
}

// h("button.btn.sm", {type: "button", onclick}, "Text", icon("phone")): text stays text, so nothing needs escaping.
export function h(what, ...rest) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const part of rest.flat()) {
    if (part === null || part === undefined || part === false) continue;
    if (part instanceof Node || typeof part !== "object") element.append(part);
    else for (const [name, value] of Object.entries(part)) setProperty(element, name, value);
  }
  return element;
}

function setProperty(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name.startsWith("--")) element.style.setProperty(name, value);
  else element.setAttribute(name, value === true ? "" : value);
}

export function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

export function show(element, yes) {
  if (element) element.hidden = !yes;
}

export function setIcon(element, name, size = "") {
  if (!element || element.dataset.is === name) return;
  element.dataset.is = name;
  element.replaceChildren(icon(name, size));
}

// Whether keys belong to a field right now.
export function typing(target = document.activeElement) {
  return Boolean(target?.closest?.("input, textarea, select, [contenteditable=''], [contenteditable='true']"));
}

// Long enough to be read, short enough that nobody finds old news while walking through the page.
const SAID = 10_000;

// Says a text to who listens to the page. Each is a line of its own: a second one does not silence the first.
export function announce(text, now = false) {
  const region = document.getElementById(now ? "live-now" : "live");
  if (!region || !text) return;
  const line = h("p", text);
  region.append(line);
  setTimeout(() => line.remove(), SAID);
}
