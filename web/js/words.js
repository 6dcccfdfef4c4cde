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
const REASONS = {
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
};

export const agentIcon = (state) => (AGENT[state] ?? AGENT.offline)[0];
export const reasonWord = (reason) => REASONS[reason]?.() ?? reason;
export function agentWord(state, reason = "") {
  if (state === "paused" && reason) return reasonWord(reason);
  return (AGENT[state] ?? AGENT.offline)[1]();
}
export function resultView(result) {
  const [state, glyph, word] = RESULTS[result] ?? ["pause", "ban", () => result ?? ""];
  return { state, icon: glyph, word: word() };
}
