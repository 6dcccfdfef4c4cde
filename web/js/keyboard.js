// Keys rest while somebody types, so that nothing is answered, muted or dialled by a letter meant for a field.
import { $, typing } from "./dom.js";
import { openSheet, somethingOpen } from "./overlays.js";

export function startKeyboard(phone, dock) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target) || somethingOpen()) return;
    if (act(event, phone, dock)) event.preventDefault();
  });
}

function act(event, phone, dock) {
  const { call } = dock;
  const ringing = call?.here && call.direction === "in" && call.stage === "ringing";
  // A button that was pressed with the mouse keeps the focus, but nobody means it with Enter while it rings.
  const free = !event.target.closest?.(":is(a, button, summary, [role=button]):focus-visible");
  switch (event.key) {
    case "Enter":
      // On a link or a button that was reached by keys Enter keeps its own meaning.
      return ringing && free && (phone.do("answer"), true);
    case "Escape":
      if (ringing) return phone.do("reject"), true;
      return dock.toggleKeypad(false), true;
    case "?": return openSheet("keys-sheet"), true;
    case "/": return $("#search input")?.focus(), true;
  }
  // By the key's place, so that the letters work in any layout.
  switch (event.code) {
    case "KeyM": return call?.here && (phone.do("mute"), true);
    case "KeyP": return call?.seen && call.stage === "talking" && !call.seen.form && (dock.park(), true);
    case "KeyH": return call && (call.here ? !call.seen?.form : ["", "waiting"].includes(call.seen?.form)) && ["talking", "held"].includes(call.stage) && (dock.hold(), true);
    case "KeyT": return call && ["talking", "held"].includes(call.stage) && !call.seen?.form && (dock.toggleTransfer(), true);
    case "KeyK": return dock.toggleKeypad(), true;
    case "KeyN": return !call && ($("#dock .dial input")?.focus(), true);
  }
  if (call?.here && call.stage === "talking" && /^[\d*#]$/.test(event.key)) return phone.do("digit", event.key), true;
  return false;
}

