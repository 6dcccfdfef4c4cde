// My call as one picture, put together from the phone (what rings here), the stream (what the server knows) and the card.
import { me } from "./config.js";
import { phone as pretty } from "./format.js";
import { t } from "./i18n.js";
import { spying } from "./spying.js";
import { stands } from "./standing.js";

// The number that rings a phone in order to record a prompt (features/prompts/usecases/phoning.py).
const RECORDS = "*44";

export const myAgent = (state) => state.agents[me?.agent_id] ?? null;
export const liveCall = (state) => state.calls[myAgent(state)?.call_id] ?? null;

// Who it is: a known client by full name and position with the phone beside it, a colleague by name and short number,
// anybody else by the phone alone (TEL-65): a name that the caller's network sends proves nothing.
export function who(number, contact, agents = {}) {
  if (contact?.saved && contact.name) return { name: contact.name, position: contact.position ?? "", number: pretty(number), known: true, profile: profileOf(contact) };
  if (number === RECORDS) return { name: t("Recording a prompt"), position: t("Speak after the beep, then press #."), number: "", known: false };
  const colleague = number && Object.values(agents).find((agent) => agent.short_number === number);
  if (colleague) return { name: colleague.name, position: t("Colleague"), number, known: true };
  return { name: pretty(number) || t("Unknown number"), position: "", number: "", known: false };
}

// The page of a saved client; '' where there is none.
function profileOf(contact) {
  const id = contact.contact_id ?? contact.id;
  return id ? `/contacts/${id}` : "";
}

// null, or {stage: ringing | answering | connecting | calling | talking | held, here (this browser has the voice), …}.
export function myCall(phoneState, liveState, card) {
  const seen = liveCall(liveState);
  const agent = myAgent(liveState);
  const standing = stands(phoneState.call);
  // Between two clients the leg that stays picked up is no call.
  const call = standing && !seen ? null : phoneState.call;
  if (!call && !(seen && ["ringing", "talking"].includes(agent.state))) return null;
  // The browser's phone may be idle while the call is on the agent's SIP phone.
  const here = Boolean(call);
  const direction = call?.direction ?? (seen.direction === "out" ? "out" : "in");
  const number = (here && direction === "in" && call.number) || seen?.client_number || call?.number || "";
  const fits = card && (!seen || card.call_id === seen.id) && (seen || sameNumber(card.number, number));
  const contact = fits ? card : seen?.contact;
  return {
    here, standing, direction, seen, card: fits ? card : null,
    stage: stageOf(call, seen, agent, direction),
    who: who(number, contact, liveState.agents),
    number, line: (fits ? card.line : null) ?? seen?.number ?? null, queue: (fits ? card.queue : null) ?? seen?.queue ?? null,
    since: (standing ? null : call?.at) ?? Date.parse(seen.started_at), waitedSince: fits ? card.waited_since : seen?.queued_at,
    answeredAt: direction === "in" && call ? call.answeredAt : seen?.answered_at ? Date.parse(seen.answered_at) : null,
    recording: Boolean(seen?.recording_on), recordingPausedUntil: seen?.recording_paused ? Date.parse(seen.recording_paused_until) : null,
    muted: Boolean(call?.muted), quiet: Boolean(call?.quiet), quality: call?.quality ?? null, silent: Boolean(call?.silent),
  };
}

function stageOf(call, seen, agent, direction) {
  if (call && ["ringing", "answering"].includes(call.stage)) return call.stage;
  if (seen?.held) return "held";
  if (call && !seen && (spying.now || call.number === RECORDS)) return call.stage;
  if (direction === "out") {
    if (seen?.answered_at) return "talking";
    return call && call.stage !== "talking" ? "connecting" : "calling";
  }
  if (call) return call.stage;
  return agent?.state === "ringing" ? "ringing" : "talking";
}

const digits = (number) => String(number ?? "").replace(/\D/g, "");
export const sameNumber = (a, b) => digits(a) !== "" && digits(a).slice(-10) === digits(b).slice(-10);
