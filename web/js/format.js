import { config } from "./config.js";

// 0:38 below an hour, 1:40:12 above.
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return whole < 3600 ? `${minutes}:${two(whole % 60)}` : `${Math.floor(whole / 3600)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

// As the server's pages write them: +7 (922) 608-14-73 in Russian, +7 922 608-14-73 elsewhere; other countries in groups
// of three; short numbers as they are.
export function phone(number) {
  const text = String(number ?? "");
  const russian = /^\+7(\d{3})(\d{3})(\d{2})(\d{2})$/.exec(text);
  const area = russian && (config.language === "ru" ? `(${russian[1]})` : russian[1]);
  if (russian) return `+7 ${area} ${russian[2]}-${russian[3]}-${russian[4]}`;
  return /^\+\d{8,15}$/.test(text) ? text.replace(/(\d{3})(?=\d{2})/g, "$1 ") : text;
}

export const looksLikeNumber = (text) => /^[+\d][\d\s().-]{1,24}$/.test(text.trim()) && /\d{2,}/.test(text);

export function initials(name) {
  const words = name.replace(/[«»"]/g, "").split(/\s+/).filter((word) => /\p{L}/u.test(word));
  return words.slice(0, 2).map((word) => [...word][0].toUpperCase()).join("");
}

const sameDay = (a, b) => a.toDateString() === b.toDateString();

// English here is for business between countries: day before month, 24 hours, as on the server's pages.
const locale = config.language === "ru" ? "ru-RU" : "en-GB";

export function moment(iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const options = { timeZone: config.timezone, hour12: false };
  const time = at.toLocaleTimeString(locale, { ...options, hour: "2-digit", minute: "2-digit" });
  if (sameDay(at, new Date())) return time;
  return `${at.toLocaleDateString(locale, { timeZone: config.timezone, day: "numeric", month: "short" })} ${time}`;
}
