// Small pieces that the wallboard draws.
import { config } from "../js/config.js";

const SVG = "http://www.w3.org/2000/svg";

export const percent = (value) => (value === null ? "—" : new Intl.NumberFormat(config.language, { style: "percent", maximumFractionDigits: 1 }).format(value));

export function setTone(element, tone) {
  if (!tone) delete element.dataset.state;
  else if (element.dataset.state !== tone) element.dataset.state = tone;
}

export function sparkSvg(found, name) {
  const svg = document.createElementNS(SVG, "svg");
  const values = found.values.map(([hour, share]) => `${hour}:00 ${percent(share)}`).join(", ");
  const attributes = { class: "spark", "data-state": found.tone, viewBox: "0 0 120 32", preserveAspectRatio: "none", role: "img", "aria-label": `${name}: ${values}` };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  const goal = found.goalAt.toFixed(1);
  for (const [cls, d] of [["goal", `M0 ${goal}L120 ${goal}`], ["area", found.area], ["", found.line]]) {
    const path = document.createElementNS(SVG, "path");
    if (cls) path.setAttribute("class", cls);
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
