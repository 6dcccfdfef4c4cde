// The phone in a window of its own (TEL-54): it survives whatever the other tabs do. It is the same shell without its pages.
import { api } from "./api.js";
import { me } from "./config.js";
import { $, show } from "./dom.js";

const name = () => `phone-${me.agent_id}`;

export const popped = Boolean(me?.agent_id) && globalThis.name === name();

export function startPopOut() {
  const button = $("[data-popout]");
  if (!button) return;
  if (popped) {
    document.documentElement.classList.add("popped");
    return;
  }
  button.addEventListener("click", () => {
    const size = "popup,width=430,height=640";
    const there = window.open("", name(), size);
    // A window that is open already is only brought to the front.
    if (there && there.location.href === "about:blank") there.location.href = "/?phone";
    there?.focus();
  });
  // Only who answers some number needs it.
  api("GET", "/api/v1/me/devices").then(({ operator }) => show(button, operator), () => {});
}
