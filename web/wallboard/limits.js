// How bad a queue's figure is, by the limits that people have set; features/wallboard/rules/limits.py has the same.
export function level(limits, queue, figure, value) {
  let worst = "";
  if (value === null || value === undefined) return worst;
  for (const one of limits) {
    if (one.figure !== figure || (one.queue !== null && one.queue !== queue)) continue;
    const beyond = (limit) => (one.worse === "above" ? value >= limit : value <= limit);
    if (beyond(one.alarm)) return "alarm";
    if (one.warn !== null && beyond(one.warn)) worst = "warn";
  }
  return worst;
}

export const longestOf = (queue) => queue.waiting.map((one) => one.since).sort()[0];

// A figure's value: counts, seconds, or a share from 0 to 1; null while there is none.
export function valueOf(queue, figure, seconds) {
  if (figure === "waiting") return queue.waiting.length;
  if (figure === "longest") return queue.waiting.length ? seconds(longestOf(queue)) : 0;
  const found = queue[figure];
  return typeof found === "object" && found !== null ? found.value : found ?? null;
}
