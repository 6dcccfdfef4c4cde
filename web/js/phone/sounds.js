// What the phone itself plays: the ring and the keys, made on the spot so that no file has to load first.
let context = null;
let ringing = null;

// Needs a gesture once; «go on line» is that gesture.
export async function unlock() {
  context ??= new AudioContext();
  if (context.state === "suspended") await context.resume().catch(() => {});
  return context.state === "running";
}

function tone(frequencies, start, length, volume) {
  const gain = context.createGain();
  gain.connect(context.destination);
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(volume, start + 0.015);
  gain.gain.setValueAtTime(volume, start + length - 0.04);
  gain.gain.linearRampToValueAtTime(0, start + length);
  for (const frequency of frequencies) {
    const oscillator = context.createOscillator();
    oscillator.frequency.value = frequency;
    oscillator.connect(gain);
    oscillator.start(start);
    oscillator.stop(start + length);
  }
}

// Says that a call is about to be answered by itself; resolves to whether it could be heard.
export async function autoTone() {
  // Before a first gesture the browser lets us wait for ever.
  if (!(await Promise.race([unlock(), new Promise((late) => setTimeout(() => late(false), 400))]))) return false;
  const at = context.currentTime + 0.02;
  tone([880], at, 0.14, 0.12);
  tone([1174.7], at + 0.2, 0.18, 0.12);
  await new Promise((done) => setTimeout(done, 450));
  return true;
}

// {sink, volume, melody}: the device that rings ('' = the usual one), 0 to 1, and the address of an own melody or null.
let ways = { sink: "", volume: 1, melody: null };
let player = null;

export function setRing(own) {
  ways = own;
}

export function startRing() {
  if (ringing) return;
  if (ways.melody) {
    player = new Audio(ways.melody);
    player.loop = true;
    player.volume = ways.volume;
    ringing = -1;
    Promise.resolve(ways.sink && player.setSinkId?.(ways.sink)).catch(() => {}).then(() => player?.play()).catch(() => {});
    return;
  }
  context?.setSinkId?.(ways.sink).catch(() => {});
  const round = async () => {
    if (!(await unlock()) || !ringing) return;
    const at = context.currentTime + 0.02;
    // Two soft notes, then a rest: heard across a desk, borne all day.
    tone([659.3, 830.6], at, 0.32, 0.11 * ways.volume);
    tone([554.4, 830.6], at + 0.36, 0.42, 0.11 * ways.volume);
  };
  ringing = setInterval(round, 2_600);
  round();
}

export function stopRing() {
  clearInterval(ringing);
  ringing = null;
  player?.pause();
  player = null;
  if (ways.sink) context?.setSinkId?.("").catch(() => {});
}

const ROWS = [697, 770, 852, 941];
const COLUMNS = [1209, 1336, 1477];
const KEYS = "123456789*0#";

// The key's own sound for the person who presses it; what is sent goes as RFC 2833.
export async function keySound(key) {
  const place = KEYS.indexOf(key);
  if (place < 0 || !(await unlock())) return;
  tone([ROWS[Math.floor(place / 3)], COLUMNS[place % 3]], context.currentTime, 0.12, 0.05);
}
