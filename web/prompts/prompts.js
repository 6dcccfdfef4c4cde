// Prompts: heard in place, brought as a file, a text or by phone, renamed, deleted and brought back.
import { csrf, said } from "../js/api.js";
import { $, $$, setIcon, setText, show } from "../js/dom.js";
import { t } from "../js/i18n.js";

const API = "/api/v1/prompts";
let shell;
const audio = new Audio();
let playing = null;

export function start(given) {
  shell = given;
  document.addEventListener("click", click);
  document.addEventListener("submit", submit, { capture: true });
  for (const name of ["ended", "pause", "error", "play"]) audio.addEventListener(name, draw);
  audio.addEventListener("error", () => { if (audio.getAttribute("src")) shell.complain(t("The prompt could not be played.")); });
  // A prompt that was spoken into the phone appears by itself.
  shell.stream.on("notice", (notice) => {
    if (notice.kind !== "prompt" && notice.link !== "/prompts") return;
    if ($("#prompts")) shell.visit("/prompts");
  });
  shell.onPage("#prompts", draw);
  document.addEventListener("htmx:after:swap", () => { if (!$("#prompts")) audio.pause(); });
  // A call comes first.
  shell.phone.on("state", () => { if (shell.phone.state.call) audio.pause(); });
}

function draw() {
  for (const button of $$("[data-prompt-play]")) {
    const on = !audio.paused && playing === button.dataset.promptPlay;
    button.setAttribute("aria-pressed", String(on));
    setIcon(button, on ? "pause" : "play", "s");
  }
}

function play(address) {
  if (playing === address && !audio.paused) return audio.pause();
  playing = address;
  audio.src = address;
  return audio.play().catch(() => {});
}

async function click(event) {
  const one = (name) => event.target.closest(`#prompts [data-prompt-${name}]`);
  const heard = one("play");
  if (heard) return play(heard.dataset.promptPlay);
  const preview = one("preview");
  if (preview) return busy(preview, () => listen(preview.closest("form")));
  const gone = one("delete");
  if (gone) return busy(gone, () => remove(gone.dataset.promptDelete));
  return undefined;
}

async function submit(event) {
  const form = event.target.closest?.("#prompts [data-prompt-form], #prompts [data-prompt-rename]");
  if (!form) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const work = form.dataset.promptRename ? rename : { upload, speech, record }[form.dataset.promptForm];
  await busy($('button[type="submit"]', form), () => work(form));
}

// Errors of a form stand in it, others pass as a toast; a button that works cannot be pressed again.
async function busy(button, work) {
  const form = button.closest("form");
  const note = form && $("[data-said]", form);
  if (note) show(note, false);
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    if (note) {
      setText($("span", note), error.message);
      show(note, true);
    } else shell.complain(error.message);
  }
  button.disabled = false;
}

const value = (form, name) => form.elements[name]?.value.trim() ?? "";
const done = (text) => { shell.toast(text); shell.visit("/prompts"); };

async function upload(form) {
  const [file] = form.elements.file.files;
  if (!file) throw new Error(t("Choose a file."));
  if (file.size > 10 * 1024 * 1024) throw new Error(t("This file is too large: at most 10 MB."));
  const progress = $("[data-progress]", form);
  setText(progress, t("The file is being sent and checked…"));
  try {
    const data = new FormData();
    data.append("file", file);
    const query = new URLSearchParams({ title: value(form, "title"), language: value(form, "language") });
    const address = form.dataset.replace ? `${API}/${form.dataset.replace}/file` : API;
    const response = await fetch(`${address}?${query}`, { method: "POST", body: data, credentials: "same-origin", headers: { Accept: "application/json", "X-CSRF-Token": csrf() } });
    const answer = await response.json().catch(() => null);
    if (!response.ok) throw new Error(answer?.error?.message || said(response.status));
    done(t("The prompt is saved."));
  } finally {
    setText(progress, "");
  }
}

async function listen(form) {
  const found = await shell.api("POST", `${API}/preview`, { text: value(form, "text"), language: value(form, "language") });
  play(found.audio_url);
}

const replaced = (form) => (form.dataset.replace ? { replace_id: Number(form.dataset.replace) } : {});

async function speech(form) {
  await shell.api("POST", `${API}/speech`, { text: value(form, "text"), language: value(form, "language"), title: value(form, "title"), ...replaced(form) });
  done(t("The prompt is saved."));
}

async function record(form) {
  await shell.api("POST", `${API}/record`, { title: value(form, "title"), language: value(form, "language"), ...replaced(form) });
  setText($("[data-progress]", form), t("Your phone rings: speak after the beep, then press #."));
}

async function rename(form) {
  await shell.api("PATCH", `${API}/${form.dataset.promptRename}`, { title: value(form, "title") });
  done(t("The prompt is saved."));
}

async function remove(id) {
  await shell.api("DELETE", `${API}/${id}`);
  shell.refresh();
  shell.toast(t("The prompt is deleted."), {
    action: {
      text: t("Undo"),
      run: async () => {
        await shell.api("POST", `${API}/${id}/restore`, {}).catch((error) => shell.complain(error.message));
        shell.refresh();
      },
    },
  });
}
