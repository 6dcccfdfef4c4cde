// The editor of a script's text: a small toolbar over an editable field. The browser itself undoes; the server cleans.
import { $, $$, announce } from "../js/dom.js";
import { t } from "../js/i18n.js";

const BLOCKS = "p, div, h2, h3, h4, li, blockquote";
const asks = {
  link: () => t("Address of the page, for example https://example.com"),
  anchor: () => t("Name of the anchor, for example: Expensive"),
  jump: () => t("Anchor to jump to"),
  image: () => t("Address of the picture, for example https://example.com/picture.png"),
};
let kept = null;

export function start() {
  document.addEventListener("mousedown", (event) => { if (event.target.closest?.("[data-tool]")) event.preventDefault(); });
  document.addEventListener("click", clicked);
  document.addEventListener("input", ({ target }) => { if (target.matches?.(".editor-text")) store(target); });
  document.addEventListener("paste", pasted);
  document.addEventListener("submit", ({ target }) => { const text = target.querySelector?.(".editor-text"); if (text) store(text); }, true);
  document.addEventListener("keydown", keyed);
}

function clicked(event) {
  const tool = event.target.closest?.("[data-tool]");
  if (tool) return use(tool.closest("[data-editor]"), tool.dataset.tool);
  const done = event.target.closest?.("[data-ask-done]");
  if (done) return insert(done.closest("[data-editor]"));
  if (event.target.closest?.("[data-ask-cancel]")) return close(event.target.closest("[data-editor]"));
  // In the editor a link is text, not a way out of the page.
  if (event.target.closest?.(".editor-text a")) event.preventDefault();
  return undefined;
}

function keyed(event) {
  const editor = event.target.closest?.("[data-editor-ask]")?.closest("[data-editor]");
  if (!editor || !["Enter", "Escape"].includes(event.key)) return;
  event.preventDefault();
  event.stopPropagation();
  if (event.key === "Enter" && !event.target.closest("button")) insert(editor);
  else if (event.key === "Enter") event.target.click();
  else close(editor);
}

const textOf = (editor) => $(".editor-text", editor);
const store = (text) => { $("textarea", text.closest("[data-editor]")).value = text.innerHTML; };
const run = (command, value = null) => document.execCommand(command, false, value);

function use(editor, tool) {
  const text = textOf(editor);
  if (!text.contains(getSelection().anchorNode)) text.focus();
  if (tool === "heading") run("formatBlock", block(text)?.tagName === "H3" ? "p" : "h3");
  else if (tool in asks) return ask(editor, tool);
  else run(tool);
  store(text);
  return undefined;
}

// The paragraph, heading or point in which the caret is.
function block(text) {
  const node = getSelection().anchorNode;
  const found = (node instanceof Element ? node : node?.parentElement)?.closest(BLOCKS);
  return found && text.contains(found) && found !== text ? found : null;
}

function ask(editor, tool) {
  const text = textOf(editor);
  const selection = getSelection();
  kept = selection.rangeCount ? selection.getRangeAt(0).cloneRange() : null;
  const [field, select] = [$("[data-editor-ask] input", editor), $("[data-editor-ask] select", editor)];
  const names = $$("[data-anchor]", text).map((one) => one.dataset.anchor);
  if (tool === "jump" && !names.length) return say(t("There is no anchor yet. Put the cursor into the paragraph to jump to and make it an anchor first."));
  if (!["anchor", "image"].includes(tool) && (!kept || kept.collapsed)) return say(t("Select the words that become the link first."));
  editor.dataset.asking = tool;
  select.replaceChildren(...names.map((name) => new Option(name, name)));
  select.hidden = tool !== "jump";
  field.hidden = tool === "jump";
  field.value = tool === "anchor" ? block(text)?.dataset.anchor ?? "" : "";
  field.placeholder = asks[tool]();
  $("[data-ask-word]", editor).textContent = asks[tool]();
  $("[data-editor-ask]", editor).hidden = false;
  (tool === "jump" ? select : field).focus();
  return undefined;
}

function insert(editor) {
  const tool = editor.dataset.asking;
  const text = textOf(editor);
  const value = (tool === "jump" ? $("[data-editor-ask] select", editor) : $("[data-editor-ask] input", editor)).value.trim();
  close(editor);
  if (tool === "anchor") anchor(text, value);
  else if (tool === "image") picture(value);
  else if (value) run("createLink", tool === "jump" ? `#${value}` : /^[a-z]+:/i.test(value) ? value : `https://${value}`);
  store(text);
}

// An anchor is the paragraph itself; without a name it is one no more.
function anchor(text, name) {
  let place = block(text);
  if (!place) {
    run("formatBlock", "p");
    place = block(text);
  }
  if (!place) return;
  if (name && $$("[data-anchor]", text).some((one) => one !== place && one.dataset.anchor === name)) return say(t("There is an anchor of this name already."));
  if (name) place.dataset.anchor = name;
  else delete place.dataset.anchor;
  return undefined;
}

function picture(address) {
  if (!/^https:\/\//i.test(address)) return void (address && say(t("The address of a picture begins with https://")));
  // Pictures of other sites are not loaded in these pages; their address stands in their place.
  run("insertHTML", Object.assign(document.createElement("img"), { src: address, alt: address }).outerHTML);
  return undefined;
}

function close(editor) {
  $("[data-editor-ask]", editor).hidden = true;
  textOf(editor).focus();
  if (kept) {
    getSelection().removeAllRanges();
    getSelection().addRange(kept);
  }
}

function say(words) {
  globalThis.callcenter.toast(words, { glyph: "info" });
  announce(words);
}

// What comes from a word processor brings its looks along; its words and its anchors are what is wanted.
function pasted(event) {
  const text = event.target.closest?.(".editor-text");
  const html = event.clipboardData?.getData("text/html");
  if (!text || !html) return;
  event.preventDefault();
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const one of page.querySelectorAll("script, style, meta, link, title")) one.remove();
  for (const one of page.body.querySelectorAll("*")) {
    const name = one.dataset.anchor || (one.tagName === "A" && !one.getAttribute("href") ? one.id || one.getAttribute("name") : "");
    const href = one.getAttribute("href");
    for (const { name: attribute } of [...one.attributes]) one.removeAttribute(attribute);
    if (href) one.setAttribute("href", href);
    if (name) one.dataset.anchor = name;
  }
  run("insertHTML", page.body.innerHTML);
  store(text);
}
