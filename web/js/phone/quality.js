// How good the line is, from what the browser counts: jitter, loss and round trip over the last two seconds.
const EVERY = 2_000;

// score: 4 excellent, 3 good, 2 poor, 1 bad; 0 not known yet. rtt and jitter in ms, loss in per cent of both ways.
export function watchQuality(connection, tell, every = EVERY) {
  let before = null;
  const look = async () => {
    if (connection.connectionState === "closed") return stop();
    const now = figures(await connection.getStats());
    if (before) tell(rate(before, now));
    before = now;
  };
  const timer = setInterval(() => look().catch(() => {}), every);
  const stop = () => clearInterval(timer);
  look().catch(() => {});
  return stop;
}

function figures(report) {
  const found = { received: 0, lost: 0, jitter: 0, rtt: 0, remoteLoss: 0 };
  report.forEach((entry) => {
    if (entry.type === "inbound-rtp" && entry.kind === "audio") {
      found.received = entry.packetsReceived ?? 0;
      found.lost = entry.packetsLost ?? 0;
      found.jitter = (entry.jitter ?? 0) * 1000;
    } else if (entry.type === "remote-inbound-rtp") {
      found.remoteLoss = (entry.fractionLost ?? 0) * 100;
      if (entry.roundTripTime) found.rtt = entry.roundTripTime * 1000;
    } else if (entry.type === "candidate-pair" && entry.nominated && !found.rtt) {
      found.rtt = (entry.currentRoundTripTime ?? 0) * 1000;
    }
  });
  return found;
}

export function rate(before, now) {
  const received = now.received - before.received;
  const lost = Math.max(0, now.lost - before.lost);
  const silent = received === 0;
  const loss = Math.max(silent ? 100 : (100 * lost) / (received + lost), now.remoteLoss);
  const { rtt, jitter } = now;
  let score = 4;
  if (loss > 1 || rtt > 200 || jitter > 25) score = 3;
  if (loss > 4 || rtt > 400 || jitter > 50) score = 2;
  if (loss > 10 || rtt > 800 || silent) score = 1;
  const mos = Math.round(100 * estimate(rtt, jitter, loss)) / 100;
  return { score, mos, rtt: Math.round(rtt), jitter: Math.round(jitter), loss: Math.round(loss * 10) / 10 };
}

// MOS (1 to 4.5) after the E-model in its usual short form: delay counts by its way there, jitter twice, a codec 10 ms.
export function estimate(rtt, jitter, loss) {
  const delay = rtt / 2 + 2 * jitter + 10;
  const factor = 93.2 - (delay < 160 ? delay / 40 : (delay - 120) / 10) - 2.5 * loss;
  if (factor <= 0) return 1;
  return Math.min(4.5, 1 + 0.035 * factor + 7e-6 * factor * (factor - 60) * (100 - factor));
}

// Means of what was looked at since the last take(); null when nothing was.
export class Gathered {
  #seen = [];

  add(quality) {
    this.#seen.push(quality);
  }

  take() {
    const seen = this.#seen;
    this.#seen = [];
    if (!seen.length) return null;
    const mean = (name) => seen.reduce((sum, one) => sum + one[name], 0) / seen.length;
    return { samples: seen.length, rtt: mean("rtt"), jitter: mean("jitter"), loss: mean("loss"), mos: mean("mos"), worst: Math.min(...seen.map((one) => one.mos)) };
  }
}
