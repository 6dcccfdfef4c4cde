// The same rules as callcenter/features/wallboard/rules.py, for a page that is already open.
const FIGURES = ["service_level", "asa", "aht", "occupancy", "abandonment"];

export function waitTone(seconds, target, config) {
  if (seconds >= config.veryLate * target) return "missed";
  return seconds >= config.late * target ? "over" : "ring";
}

export const targetOf = (queue, config) => config.targets[queue] ?? config.target;

export function sums(queues, config, secondsSince) {
  let worst = null;
  for (const queue of queues) {
    for (const caller of queue.waiting) {
      const seconds = secondsSince(caller.since);
      if (!worst || seconds > worst.seconds) worst = { seconds, since: caller.since, tone: waitTone(seconds, targetOf(queue.id, config), config) };
    }
  }
  const add = (name) => queues.reduce((sum, queue) => sum + queue[name], 0);
  const total = { waiting: queues.reduce((sum, queue) => sum + queue.waiting.length, 0), longest: worst };
  for (const name of ["entered", "answered", "abandoned"]) total[name] = add(name);
  for (const name of FIGURES) total[name] = sumFigures(queues.map((queue) => queue[name]));
  return total;
}

export function sumFigures(figures) {
  const numerator = figures.reduce((sum, figure) => sum + figure.numerator, 0);
  const denominator = figures.reduce((sum, figure) => sum + figure.denominator, 0);
  return { numerator, denominator, value: denominator ? numerator / denominator : null };
}

export function counts(agents, states) {
  const found = Object.fromEntries(states.map((state) => [state, 0]));
  for (const agent of agents) found[agent.state] = (found[agent.state] ?? 0) + 1;
  return found;
}

// Why a pause needs attention: no_answer, limit, pause, or null.
export function pausedTooLong(agent, secondsSince, config) {
  if (agent.state !== "paused") return null;
  if (!agent.reason_id && agent.reason === "no_answer") return "no_answer";
  if (agent.limit_at) return secondsSince(agent.limit_at) >= 0 ? "limit" : null;
  return !agent.reason_id && secondsSince(agent.since) >= config.pauseLimit ? "pause" : null;
}

export const tileTone = (agent, secondsSince, config) => (pausedTooLong(agent, secondsSince, config) ? "over" : config.tones[agent.state] ?? "off");

const ORDER = ["wait", "no_answer", "phone", "limit", "pause", "wrapup"];

export function concerns(queues, agents, config, secondsSince) {
  const found = [];
  for (const queue of queues) {
    for (const caller of queue.waiting) {
      const tone = waitTone(secondsSince(caller.since), targetOf(queue.id, config), config);
      if (tone === "missed") found.push({ kind: "wait", tone, since: caller.since, name: queue.name, detail: caller.name || caller.number, id: caller.call_id });
    }
  }
  for (const agent of agents) {
    const seconds = secondsSince(agent.since);
    const item = { since: agent.since, name: agent.name, detail: "", id: agent.id };
    const long = pausedTooLong(agent, secondsSince, config);
    if (agent.state === "offline" && agent.wanted === "ready" && seconds >= config.lostPhone) found.push({ ...item, kind: "phone", tone: "over" });
    else if (long) found.push({ ...item, kind: long, tone: "over", since: long === "limit" ? agent.limit_at : agent.since, detail: long === "no_answer" ? "" : agent.reason });
    else if (agent.state === "wrapup" && seconds >= config.wrapupLimit) found.push({ ...item, kind: "wrapup", tone: "wrap" });
  }
  return found.sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || (a.since < b.since ? -1 : a.since > b.since ? 1 : 0));
}

// A share's place in the box: 100 % at the top, half and less at the bottom.
const height = (share) => 29 - 52 * (Math.max(0.5, share) - 0.5);

// [[hour, numerator, denominator]] → the line's points, or null when no hour had a caller.
export function spark(hours, goal) {
  const values = (hours ?? []).filter(([, , bottom]) => bottom).map(([hour, top, bottom]) => [hour, top / bottom]);
  if (!values.length) return null;
  const first = values[0][0];
  const width = Math.max(1, values.at(-1)[0] - first);
  let points = values.map(([hour, share]) => [(120 * (hour - first)) / width, height(share)]);
  if (points.length === 1) points = [[0, points[0][1]], [120, points[0][1]]];
  const line = "M" + points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
  return { line, area: `${line}L120 32L0 32z`, tone: values.at(-1)[1] >= goal ? "talk" : "over", values, goalAt: height(goal) };
}
