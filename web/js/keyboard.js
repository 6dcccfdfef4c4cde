// Keys rest while somebody types, so that nothing is answered, muted or dialled by a letter meant for a field.
import { $, typing } from "./dom.js";
import { openSheet, somethingOpen } from "./overlays.js";
import { toggleReady } from "./status.js";

const LIST = "keys-sheet";

export function startKeyboard(phone, dock, goOnline) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    // The list of keys may stay open while they are used.
    if (typing(event.target) || somethingOpen(LIST)) return;
    if (act(event, phone, dock, goOnline)) event.preventDefault();
  });
}

function act(event, phone, dock, goOnline) {
  const { call } = dock;
  const ringing = call?.here && call.direction === "in" && call.stage === "ringing";
  const talks = call && ["talking", "held"].includes(call.stage);
  const form = call?.seen?.form ?? "";
  // A button that was pressed with the mouse keeps the focus, but nobody means it with Enter while it rings.
  const free = !event.target.closest?.(":is(a, button, summary, [role=button]):focus-visible");
  switch (event.key) {
    case "Enter":
      // On a link or a button that was reached by keys Enter keeps its own meaning.
      return ringing && free && (phone.do("answer"), true);
    case "Escape":
      if (ringing) return phone.do("reject"), true;
      return dock.closePanels(), true;
    case "Delete": return (talks || ["connecting", "calling"].includes(call?.stage)) && (dock.hangUp(), true);
    case "?": return openSheet(LIST), true;
    case "/": return $("#search input")?.focus(), true;
  }
  // By the key's place, so that they work in any layout.
  if (event.code === "Slash" && event.shiftKey) return openSheet(LIST), true;
  if (event.code === "Slash") return $("#search input")?.focus(), true;
  if (event.shiftKey) return digit(event, phone, call);
  switch (event.code) {
    case "KeyM": return call?.here && (phone.do("mute"), true);
    case "KeyH": return talks && (call.here ? !form : ["", "waiting"].includes(form)) && (dock.hold(), true);
    case "KeyR": return talks && call.recording && (dock.toggleRecording(), true);
    case "KeyT": return talks && !form && (dock.toggleTransfer(), true);
    case "KeyP": return call?.seen && call.stage === "talking" && !form && (dock.park(), true);
    case "KeyK": return dock.toggleKeypad(), true;
    case "KeyN": return !call && ($("#dock .dial input")?.focus(), true);
    case "KeyB": return toggleReady(phone, goOnline);
  }
  return digit(event, phone, call);
}

// # and * may need Shift.
function digit(event, phone, call) {
  return call?.here && call.stage === "talking" && /^[\d*#]$/.test(event.key) && (phone.do("digit", event.key), true);
}
