// Timers tick by the server's clock, so a wrong clock on the agent's machine does not show a wrong wait.
import { setText } from "./dom.js";
import { duration } from "./format.js";

let offset = 0;
let known = false;

// A stamp is always late by the way it took: the largest difference seen is the nearest to the truth.
export function heard(serverMoment) {
  const difference = Date.parse(serverMoment) - Date.now();
  if (Number.isNaN(difference)) return;
  if (!known || difference > offset) offset = difference;
  known = true;
}

export function reset() {
  known = false;
}

export const now = () => Date.now() + offset;
export const secondsSince = (moment) => (now() - (typeof moment === "number" ? moment : Date.parse(moment))) / 1000;

export function tick(root = document) {
  for (const element of root.querySelectorAll("[data-since]")) {
    const since = element.dataset.since;
    if (since) setText(element, duration(secondsSince(since)));
  }
}

export function startTicking() {
  const beat = () => {
    tick();
    setTimeout(beat, 1000 - (now() % 1000) + 5);
  };
  beat();
}
