// How states of agents and calls are said and drawn; shell/macros.html has the same for the server's pages.
import { t } from "./i18n.js";

const AGENT = {
  ready: ["check", () => t("Ready")],
  ringing: ["bell", () => t("Ringing")],
  talking: ["phone", () => t("In a call")],
  wrapup: ["note", () => t("Wrap-up")],
  paused: ["cup", () => t("Break")],
  offline: ["pause", () => t("Off line")],
};
// The built-in reason, and those that were known before each business had its own list: the past still names them.
const REASONS = {
  no_answer: () => t("Not answering"),
  break: () => t("Break"),
  lunch: () => t("Lunch"),
  meeting: () => t("Meeting"),
  training: () => t("Training"),
  paperwork: () => t("Paperwork"),
};
const RESULTS = {
  answered: ["ready", "check", () => t("Answered")],
  missed: ["missed", "missed", () => t("Missed")],
  abandoned: ["missed", "missed", () => t("Hung up waiting")],
  busy: ["pause", "ban", () => t("Busy")],
  no_answer: ["pause", "ban", () => t("No answer")],
  failed: ["missed", "alert", () => t("Failed")],
  cancelled: ["pause", "ban", () => t("Cancelled")],
  blocked: ["pause", "ban", () => t("Number is blocked")],
};

export const agentIcon = (state) => (AGENT[state] ?? AGENT.offline)[0];
export const reasonWord = (reason) => REASONS[reason]?.() ?? reason;
export function agentWord(state, reason = "") {
  if (state === "paused" && reason) return reasonWord(reason);
  return (AGENT[state] ?? AGENT.offline)[1]();
}
// The four words that colleagues see, whatever the reason (TEL-53).
const STATUSES = {
  available: () => t("Available"),
  talking: () => t("Talking now"),
  do_not_disturb: () => t("Do not disturb"),
  disconnected: () => t("Disconnected"),
};
export const statusWord = (status) => (STATUSES[status] ?? STATUSES.disconnected)();

// What the four words leave out: why, or what he does exactly; '' when they say it all.
export function statusDetail(agent) {
  if (agent.state === "paused") return agent.reason ? reasonWord(agent.reason) : "";
  return ["ringing", "wrapup"].includes(agent.state) ? agentWord(agent.state) : "";
}

// Seconds by which a pause is over its limit, negative while there is time; null without a limit. `now` in milliseconds.
export const overLimit = (agent, now) => (agent?.state === "paused" && agent.limit_at ? (now - Date.parse(agent.limit_at)) / 1000 : null);

export function resultView(result) {
  const [state, glyph, word] = RESULTS[result] ?? ["pause", "ban", () => result ?? ""];
  return { state, icon: glyph, word: word() };
}
