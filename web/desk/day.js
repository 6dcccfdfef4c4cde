import { keepUnderHand } from "./desk.js";

// Keeps today's page of an agent's day true: drawn anew when his state or his call changes.
const SETTLED = 700;

export function start(shell) {
  const { store, stream, me } = shell;
  if (!me) return;
  const shown = () => document.querySelector("#day[data-today]");
  let timer = 0;
  keepUnderHand("day");
  // The stretch is written a moment after the state is told.
  const soon = () => { if (shown()) { clearTimeout(timer); timer = setTimeout(again, SETTLED); } };
  const agent = (s) => s.agents[shown()?.dataset.agent];
  store.subscribe((s) => [agent(s)?.state, agent(s)?.since, agent(s)?.call_id].join(), soon);
  stream.on("back", soon);
}

function again() {
  const day = document.querySelector("#day[data-today]");
  if (!day || day.contains(document.activeElement)) return;
  const open = Boolean(day.querySelector("details[open]"));
  window.htmx.ajax("GET", location.pathname + location.search, { target: "#day", select: "#day", swap: "outerHTML" }).then(() => {
    const list = document.querySelector("#day details");
    if (list && open) list.open = true;
  });
}
