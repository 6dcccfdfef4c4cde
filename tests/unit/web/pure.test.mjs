// The parts that need no browser: node --test.
import assert from "node:assert/strict";
import { test } from "node:test";

const config = { icons: "/i.svg", language: "ru", timezone: "UTC", me: { user_id: 1, agent_id: 7, business_id: 1, permissions: [] } };
globalThis.document = { getElementById: (id) => (id === "shell-config" ? { textContent: JSON.stringify(config) } : null), documentElement: { lang: "ru" } };
globalThis.window = globalThis;

const { Store } = await import("../../../web/js/store.js");
const { Frames } = await import("../../../web/js/stream.js");
const format = await import("../../../web/js/format.js");
const { rate } = await import("../../../web/js/phone/quality.js");
const { levelOf } = await import("../../../web/js/phone/mic.js");
const { whole } = await import("../../../web/js/dialpad.js");
const { myCall, sameNumber, who } = await import("../../../web/js/mycall.js");

test("a country's code goes before a number that has none", () => {
  assert.equal(whole("9225550101", "+7"), "+79225550101");
  assert.equal(whole("8 (922) 555-01-01", "+7"), "+79225550101");
  assert.equal(whole("030 1234567", "+49"), "+49301234567");
  assert.equal(whole("+44 20 7946 0000", "+7"), "+442079460000");
  // A colleague's short number, the echo test, nothing.
  assert.equal(whole("101", "+7"), "101");
  assert.equal(whole("*43", "+7"), "*43");
  assert.equal(whole("  ", "+7"), "");
});

test("a frame may come in any number of pieces", () => {
  const text = 'retry: 2000\n\nevent: snapshot\ndata: {"rev":1}\n\n: still here\n\nevent: card\r\ndata: {"a":\r\ndata: 2}\r\n\r\n';
  for (const size of [1, 2, 7, text.length]) {
    const frames = new Frames();
    const found = [];
    for (let at = 0; at < text.length; at += size) found.push(...frames.feed(text.slice(at, at + size)));
    assert.deepEqual(found.map((frame) => [frame.event, JSON.parse(frame.data)]), [["snapshot", { rev: 1 }], ["card", { a: 2 }]]);
  }
});

test("the store tells only who looks at what changed", () => {
  const store = new Store();
  const seen = [];
  store.subscribe((s) => s.calls.a ?? null, (call) => seen.push(call?.state ?? null));
  store.snapshot({ rev: 1, calls: { a: { state: "ringing" } }, agents: {}, queues: {} });
  store.delta({ rev: 2, calls: { b: { state: "queued" } } });
  store.delta({ rev: 3, calls: { a: { state: "talking" } } });
  store.delta({ rev: 4, calls: { a: null } });
  assert.deepEqual(seen, [null, "ringing", "talking", null]);
  assert.deepEqual(Object.keys(store.state.calls), ["b"]);
});

test("a new snapshot forgets what is gone", () => {
  const store = new Store();
  store.snapshot({ rev: 1, calls: { a: {} }, agents: {}, queues: {} });
  store.snapshot({ rev: 1, calls: {}, agents: {}, queues: {} });
  assert.deepEqual(store.state.calls, {});
});

test("a view that throws harms no other", (context) => {
  context.mock.method(console, "error", () => {});
  const store = new Store();
  const seen = [];
  store.subscribe((s) => s.rev, () => { throw new Error("broken"); });
  store.subscribe((s) => s.rev, (rev) => seen.push(rev));
  store.delta({ rev: 5 });
  assert.deepEqual(seen, [0, 5]);
});

test("durations and numbers read as on the server's pages", () => {
  assert.equal(format.duration(38), "0:38");
  assert.equal(format.duration(6012), "1:40:12");
  assert.equal(format.duration(-3), "0:00");
  assert.equal(format.phone("+79226081473"), "+7 (922) 608-14-73");
  assert.equal(format.phone("101"), "101");
  assert.equal(format.initials("ООО «Север-Монтаж»"), "ОС");
  assert.equal(format.initials("+7 922"), "");
});

test("what is typed is taken for a number only when it looks like one", () => {
  for (const text of ["+7 922 608-14-73", "8 (922) 608 14 73", "104"]) assert.ok(format.looksLikeNumber(text), text);
  for (const text of ["Олег", "5", "", "10 окон в дом"]) assert.ok(!format.looksLikeNumber(text), text);
});

test("the line's quality falls with loss, delay and jitter; silence is bad", () => {
  const before = { received: 100, lost: 0 };
  const now = (more) => ({ received: 200, lost: 0, jitter: 2, rtt: 18, remoteLoss: 0, ...more });
  assert.equal(rate(before, now()).score, 4);
  assert.equal(rate(before, now({ lost: 2 })).score, 3);
  assert.equal(rate(before, now({ rtt: 500 })).score, 2);
  assert.equal(rate(before, now({ lost: 30 })).score, 1);
  assert.deepEqual(rate(before, now({ received: 100 })), { score: 1, mos: 1, rtt: 18, jitter: 2, loss: 100 });
});

test("the level meter is dark in silence and full at a shout", () => {
  assert.equal(levelOf(0), 0);
  assert.equal(levelOf(0.5), 6);
  assert.ok(levelOf(0.0005) > 0 && levelOf(0.0005) < 6);
});

test("who rings: a client by name, a colleague by name, a stranger by the phone alone", () => {
  const client = { saved: true, name: "Олег Кравцов", position: "прораб" };
  assert.deepEqual(who("+79226081473", client), { name: "Олег Кравцов", position: "прораб", number: "+7 (922) 608-14-73", known: true, profile: "" });
  assert.equal(who("+79226081473", { ...client, id: 5 }).profile, "/contacts/5");
  assert.equal(who("+79226081473", { saved: false, name: "Директор" }).name, "+7 (922) 608-14-73");
  assert.equal(who("104", null, { 9: { short_number: "104", name: "Игорь Белов" } }).name, "Игорь Белов");
  assert.equal(who("", null).name, "Unknown number");
});

const live = (agent, call) => ({ agents: agent ? { 7: agent } : {}, calls: call ? { c: call } : {} });
const ringing = { call: { direction: "in", stage: "ringing", number: "+79226081473", name: "", at: 1000, answeredAt: null, muted: false, quiet: false, quality: null } };
const seen = { id: "c", direction: "in", client_number: "+79226081473", started_at: "2026-01-01T00:00:00Z", number: { title: "Продажи" }, queue: null, contact: null };

test("a call that rings here is shown before the server has said a word", () => {
  const call = myCall(ringing, live(null, null), null);
  assert.equal(call.stage, "ringing");
  assert.equal(call.here, true);
  assert.equal(call.who.name, "+7 (922) 608-14-73");
});

test("a card of another call is not shown", () => {
  const card = { call_id: "other", number: "+79990000000", saved: true, name: "Не тот" };
  assert.equal(myCall(ringing, live({ state: "ringing", call_id: "c" }, seen), card).card, null);
  assert.equal(myCall(ringing, live(null, null), card).card, null);
});

test("a call on the SIP phone is mine too, but its voice is not here", () => {
  const call = myCall({ call: null }, live({ state: "ringing", call_id: "c" }, seen), null);
  assert.equal(call.here, false);
  assert.equal(call.stage, "ringing");
  assert.equal(call.line.title, "Продажи");
});

test("nothing is mine while I am in wrap-up", () => {
  assert.equal(myCall({ call: null }, live({ state: "wrapup", call_id: "c" }, seen), null), null);
});

test("an outgoing call counts from the client's answer", () => {
  const out = { ...ringing, call: { ...ringing.call, direction: "out", stage: "talking", answeredAt: 5 } };
  assert.equal(myCall(out, live({ state: "talking", call_id: "c" }, { ...seen, direction: "out", answered_at: null }), null).stage, "calling");
  const answered = { ...seen, direction: "out", answered_at: "2026-01-01T00:00:09Z" };
  assert.equal(myCall(out, live({ state: "talking", call_id: "c" }, answered), null).answeredAt, Date.parse("2026-01-01T00:00:09Z"));
});

test("numbers are the same whatever they are dressed in", () => {
  assert.ok(sameNumber("+79226081473", "8 (922) 608-14-73"));
  assert.ok(!sameNumber("", ""));
});

test("colleagues stand by what they do, who is free first; only they can be chosen", async () => {
  const { colleagues } = await import("../../../web/js/transfer.js");
  const one = (id, name, state, status) => ({ id, name, short_number: String(100 + id), state, status });
  const found = colleagues([
    one(7, "Me", "ready", "available"),
    one(1, "Anna", "offline", "disconnected"),
    one(2, "Boris", "paused", "do_not_disturb"),
    one(3, "Vera", "wrapup", "talking"),
    one(4, "Yuri", "ready", "available"),
    one(5, "Gleb", "ready", "available"),
  ]);
  assert.deepEqual(found.map((agent) => [agent.name, agent.away]), [["Gleb", false], ["Yuri", false], ["Vera", true], ["Boris", true], ["Anna", true]]);
  assert.equal(found[0].about, "105");
});

test("the dock says what my state asks of me", async () => {
  const { picture } = await import("../../../web/js/mine.js");
  const at = Date.parse("2026-03-10T09:00:00Z");
  const iso = (seconds) => new Date(at + 1000 * seconds).toISOString();
  const paused = { state: "paused", reason: "Lunch", reason_id: 5, since: iso(-70), limit_at: iso(-10) };
  const short = (agent) => { const found = picture(agent, at); return found && [found.kind, found.tone, found.time, Boolean(found.more)]; };
  assert.equal(short(undefined), null);
  assert.equal(short({ state: "ready", since: iso(0) }), null);
  assert.deepEqual(short({ state: "wrapup", wrapup_until: iso(7.5), can_extend: true }), ["wrapup", "wrap", 7.5, true]);
  assert.deepEqual(short({ state: "wrapup", wrapup_until: iso(-1), can_extend: false }), ["wrapup", "wrap", 0, false]);
  assert.deepEqual(short(paused), ["over", "over", 10, false]);
  assert.deepEqual(short({ ...paused, limit_at: iso(20) }), ["pause", "pause", 20, false]);
  assert.deepEqual(short({ ...paused, limit_at: null }), ["pause", "pause", 70, false]);
  assert.deepEqual(short({ ...paused, reason: "no_answer", reason_id: null, limit_at: null }), ["no_answer", "missed", null, false]);
});
