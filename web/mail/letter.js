// The editor of a letter beyond plain text: pictures that are uploaded, merge tags, files that go along.
import { $, $$, announce, h, icon } from "../js/dom.js";
import { csrf, said } from "../js/api.js";
import { t } from "../js/i18n.js";
import { complain } from "../js/toast.js";

const MB = 1024 * 1024;

export function start() {
  document.addEventListener("change", changed);
  document.addEventListener("click", clicked);
  // The place of the caret is kept: pressing a button beside the text must not lose it.
  document.addEventListener("mousedown", (event) => { if (event.target.closest?.("[data-letter-tag]")) event.preventDefault(); });
}

async function changed({ target }) {
  if (target.matches?.("[data-letter-picture]")) return picture(target);
  if (target.matches?.("[data-letter-file]")) return attach(target);
  return undefined;
}

function clicked({ target }) {
  const tag = target.closest?.("[data-letter-tag]");
  if (tag) return put(tag);
  const drop = target.closest?.("[data-letter-file-drop]");
  if (drop) {
    const box = drop.closest("[data-letter-files]");
    drop.closest("li").remove();
    $("[data-letter-file]", box).focus();
  }
  return undefined;
}

async function upload(file, limit, query = "") {
  if (file.size > limit * MB) throw new Error(t("This file is too large: at most %(limit)s MB.", { limit }));
  const body = new FormData();
  body.append("file", file);
  let answer;
  try {
    answer = await fetch(`/api/v1/mail-files${query}`, { method: "POST", body, credentials: "same-origin", headers: { "X-CSRF-Token": csrf(), Accept: "application/json" } });
  } catch {
    throw new Error(t("No link to the server. Try again in a moment."));
  }
  const value = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(value?.error?.message || said(answer.status));
  return value;
}

async function picture(input) {
  const editor = input.closest("[data-editor]");
  const text = $(".editor-text", editor);
  const selection = getSelection();
  const range = selection.rangeCount && text.contains(selection.anchorNode) ? selection.getRangeAt(0).cloneRange() : null;
  const [file] = input.files;
  input.value = "";
  if (!file) return;
  try {
    const made = await upload(file, 5, "?picture=1");
    text.focus();
    if (range) {
      selection.removeAllRanges();
      selection.addRange(range);
    } else selection.selectAllChildren(text), selection.collapseToEnd();
    document.execCommand("insertImage", false, made.address);
    const image = $$(`img[src="${made.address}"]`, text).at(-1);
    if (image) image.alt = made.name;
    text.dispatchEvent(new Event("input", { bubbles: true }));
  } catch (error) {
    complain(error.message);
  }
}

async function attach(input) {
  const box = input.closest("[data-letter-files]");
  const list = $("[data-letter-file-list]", box);
  const files = [...input.files];
  input.value = "";
  for (const file of files) {
    if (list.children.length >= Number(box.dataset.most)) return void complain(t("A letter takes at most %(limit)s files.", { limit: box.dataset.most }));
    try {
      const made = await upload(file, 10);
      list.append(line(box.dataset.name, made));
      announce(t("%(name)s is attached", { name: made.name }));
    } catch (error) {
      complain(error.message);
    }
  }
  return undefined;
}

function line(name, made) {
  return h(
    "li", h("input", { type: "hidden", name, value: made.id }), icon("file", "s"),
    h("a.link.grow.cut", { href: `/mail/files/${made.id}`, "hx-boost": "false", download: "" }, made.name),
    h("button.btn.bare.icon.sm", { type: "button", "data-letter-file-drop": true, "aria-label": t("Take %(name)s off", { name: made.name }) }, icon("x", "s")),
  );
}

// A tag goes where the caret is: into the subject when that was typed in last, else into the text.
function put(button) {
  const form = button.closest("form");
  const field = document.activeElement?.matches?.("input[name='subject'], input[name='letter_subject']") ? document.activeElement : null;
  const tag = button.dataset.letterTag;
  if (field) return void field.setRangeText(tag, field.selectionStart, field.selectionEnd, "end");
  const text = $("[data-letter-editor] .editor-text", form);
  if (!text.contains(getSelection().anchorNode)) {
    text.focus();
    getSelection().selectAllChildren(text);
    getSelection().collapseToEnd();
  }
  document.execCommand("insertText", false, tag);
  return undefined;
}
