// Plays recordings: one audio element for the page, so only one plays at a time, and it lives on while <main> is swapped.
// When its player comes back with the new page it goes on there; when it is gone, the sound stops.
import { $, $$, setIcon, setText } from "../js/dom.js";
import { duration } from "../js/format.js";

const STEP = 5;
const LEAP = 30;
const SPEED = "recording-speed";

let shell;
const audio = new Audio();
audio.preload = "metadata";
// The player that the sound belongs to: its element and the recording's id.
let now = null;
let frame = 0;
let wanted = null;
let inCall = false;

export function start(given) {
  shell = given;
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", pressed);
  document.addEventListener("pointerdown", grabbed);
  document.addEventListener("htmx:after:swap", moved);
  for (const name of ["play", "pause", "seeked", "timeupdate", "loadedmetadata", "waiting", "playing"]) audio.addEventListener(name, draw);
  audio.addEventListener("loadedmetadata", arrive);
  audio.addEventListener("play", tick);
  audio.addEventListener("ended", () => { audio.currentTime = 0; draw(); });
  audio.addEventListener("error", broken);
  shell.stream.on("recording", ready);
  // A call comes first: nobody should hear an old talk beside it.
  shell.phone.on("state", hush);
  moved();
}

const rootOf = (element) => element.closest?.('[data-recording][data-is="ready"]');
const lengthOf = (root) => (now?.root === root && Number.isFinite(audio.duration) ? audio.duration : Number(root.dataset.duration)) || 0;
const speed = () => Number(localStorage.getItem(SPEED)) || 1;

// --- what people do ----------------------------------------------------------------------------------------------------

function clicked(event) {
  const root = rootOf(event.target);
  if (!root) return;
  if (event.target.closest("[data-play]")) toggle(root);
  const fast = event.target.closest("[data-speed]");
  if (fast) {
    localStorage.setItem(SPEED, fast.dataset.speed);
    audio.playbackRate = speed();
    $$('[data-recording][data-is="ready"]').forEach(paintSpeed);
  }
}

function pressed(event) {
  if (!event.target.matches?.('[data-recording] [role="slider"]') || event.ctrlKey || event.altKey || event.metaKey) return;
  const root = rootOf(event.target);
  if (event.key === " " || event.key === "Enter") toggle(root);
  else {
    const here = position(root);
    const there = {
      ArrowRight: here + STEP, ArrowUp: here + STEP, ArrowLeft: here - STEP, ArrowDown: here - STEP,
      PageUp: here + LEAP, PageDown: here - LEAP, Home: 0, End: lengthOf(root),
    }[event.key];
    if (there === undefined) return;
    seek(root, there);
  }
  event.preventDefault();
  event.stopPropagation();
}

// A press on the waveform plays from there; dragging moves on.
function grabbed(event) {
  const track = event.target.closest?.("[data-recording] .track");
  const root = track && rootOf(track);
  if (!root || event.button !== 0) return;
  const at = (e) => {
    const box = track.getBoundingClientRect();
    seek(root, Math.min(1, Math.max(0, (e.clientX - box.left) / box.width)) * lengthOf(root));
  };
  const done = () => {
    track.removeEventListener("pointermove", at);
    if (now?.root === root && audio.paused) play(root);
  };
  at(event);
  track.setPointerCapture(event.pointerId);
  track.addEventListener("pointermove", at);
  track.addEventListener("pointerup", done, { once: true });
  track.addEventListener("pointercancel", () => track.removeEventListener("pointermove", at), { once: true });
}

// --- the sound ---------------------------------------------------------------------------------------------------------

function toggle(root) {
  if (now?.root === root && !audio.paused) audio.pause();
  else play(root);
}

function take(root) {
  if (now?.id === root.dataset.recording) {
    const shown = now.root;
    now.root = root;
    if (shown !== root) reset(shown);
    return;
  }
  audio.pause();
  const before = now?.root;
  now = { id: root.dataset.recording, root };
  wanted = null;
  audio.src = root.dataset.src;
  audio.playbackRate = audio.defaultPlaybackRate = speed();
  if (before) reset(before);
}

async function play(root) {
  take(root);
  try {
    await audio.play();
  } catch (error) {
    // A pause or another recording that comes before the sound has begun is no fault; a fault is told by "error".
    if (error.name === "NotAllowedError") shell.complain(shell.t("The browser did not let the sound begin. Press play again."));
  }
}

function seek(root, seconds) {
  const other = now?.id !== root.dataset.recording;
  take(root);
  const target = Math.min(Math.max(0, seconds), lengthOf(root));
  if (other || audio.readyState < HTMLMediaElement.HAVE_METADATA) {
    wanted = target;
    if (other) audio.load();
  } else audio.currentTime = target;
  draw();
}

function arrive() {
  if (wanted !== null) audio.currentTime = Math.min(wanted, audio.duration || wanted);
  wanted = null;
}

function position(root) {
  if (now?.root !== root) return 0;
  return wanted ?? audio.currentTime;
}

async function broken() {
  const root = now?.root;
  if (!root || !audio.error) return;
  draw();
  // The element does not tell why; the server does, and a session that has ended asks to sign in.
  try {
    await shell.api("GET", `/api/v1/recordings/${root.dataset.recording}`);
    shell.complain(shell.t("The recording cannot be played. Try to download it."));
  } catch (error) {
    shell.complain(error.message);
  }
  now = null;
  reset(root);
}

function hush({ call }) {
  if (call && !inCall) audio.pause();
  inCall = Boolean(call);
}

// --- what is seen ------------------------------------------------------------------------------------------------------

function tick() {
  cancelAnimationFrame(frame);
  draw();
  if (!audio.paused) frame = requestAnimationFrame(tick);
}

function draw() {
  if (!now) return;
  if (!now.root.isConnected && !follow()) return;
  const { root } = now;
  const all = lengthOf(root);
  const at = position(root);
  const track = $(".track", root);
  track.style.setProperty("--at", `${all ? Math.min(100, (at / all) * 100) : 0}%`);
  root.classList.toggle("begun", at > 0 || !audio.paused);
  root.classList.toggle("loading", !audio.paused && audio.readyState < HTMLMediaElement.HAVE_FUTURE_DATA);
  setText($("[data-at]", root), duration(at));
  const whole = String(Math.round(at));
  if (track.getAttribute("aria-valuenow") !== whole) {
    track.setAttribute("aria-valuenow", whole);
    track.setAttribute("aria-valuetext", shell.t("%(at)s of %(all)s", { at: duration(at), all: duration(all) }));
  }
  const button = $("[data-play]", root);
  setIcon($("[data-icon]", button), audio.paused ? "play" : "pause");
  button.setAttribute("aria-label", audio.paused ? shell.t("Play the recording") : shell.t("Pause the recording"));
}

function reset(root) {
  if (!root.isConnected) return;
  root.classList.remove("begun", "loading");
  const track = $(".track", root);
  track?.style.setProperty("--at", "0%");
  track?.setAttribute("aria-valuenow", "0");
  track?.setAttribute("aria-valuetext", shell.t("%(at)s of %(all)s", { at: "0:00", all: duration(lengthOf(root)) }));
  setText($("[data-at]", root), "0:00");
  const button = $("[data-play]", root);
  setIcon($("[data-icon]", button), "play");
  button?.setAttribute("aria-label", shell.t("Play the recording"));
}

// The policy lets no page place things by itself.
function paintGaps(root) {
  for (const word of $$("[data-gap-at]", root)) {
    word.style.setProperty("--gap-at", `${100 * Number(word.dataset.gapAt)}%`);
    word.style.setProperty("--gap-width", `${100 * Number(word.dataset.gapWidth)}%`);
  }
}

function paintSpeed(root) {
  paintGaps(root);
  for (const button of $$("[data-speed]", root)) button.setAttribute("aria-pressed", String(Number(button.dataset.speed) === speed()));
}

// The page changed: finds the sound's player in it, or ends the sound.
function moved() {
  $$('[data-recording][data-is="ready"]').forEach(paintSpeed);
  if (now && !now.root.isConnected) follow();
  if (now) draw();
}

function follow() {
  const again = $(`[data-recording="${CSS.escape(now.id)}"][data-is="ready"]`);
  if (again) {
    now.root = again;
    paintSpeed(again);
    return true;
  }
  now = null;
  wanted = null;
  audio.pause();
  audio.removeAttribute("src");
  audio.load();
  return false;
}

// A recording that was being prepared is there now.
async function ready({ call_id: call, recording }) {
  const id = String(recording?.id ?? recording ?? "");
  for (const root of $$('[data-recording]:not([data-is="ready"])')) {
    if (root.dataset.recording !== id && root.dataset.call !== call) continue;
    const answer = await fetch(`/recordings/${root.dataset.recording}/player`, { headers: { "HX-Request": "true" } });
    if (!answer.ok) continue;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-recording]");
    if (!fresh || !root.isConnected) continue;
    root.replaceWith(fresh);
    paintSpeed(fresh);
  }
}
