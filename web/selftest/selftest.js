// The self-test: one line after the other, each with a green tick or a red mark and a hint; echo and line test.
import { Gathered, watchQuality } from "../js/phone/quality.js";
import { MicError } from "../js/phone/mic.js";

const SECONDS = 10;
const LOUD = 2;
const LISTEN = 4_000;
// The oldest versions whose calls are known to work.
const OLDEST = { Chrome: 90, Edge: 90, Opera: 76, Firefox: 90, Safari: 15 };

export function browserOf(agent = navigator.userAgent) {
  for (const [name, mark] of [["Edge", /Edg\/(\d+)/], ["Opera", /OPR\/(\d+)/], ["Firefox", /Firefox\/(\d+)/], ["Chrome", /Chrome\/(\d+)/], ["Safari", /Version\/(\d+)[\d.]* (?:Mobile\/\w+ )?Safari/]]) {
    const found = mark.exec(agent);
    if (found) return { name, version: Number(found[1]), supported: Number(found[1]) >= OLDEST[name] };
  }
  return { name: "", version: 0, supported: false };
}

export function start(shell) {
  const { phone, api, t, onPage, goOnline, toast, complain, dom } = shell;
  const { $, setIcon, setText, show } = dom;
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  let outcome = {};
  let line = null;

  function mark(root, key, ok, what = "", hint = "") {
    outcome[key] = ok;
    const row = $(`[data-line="${key}"]`, root);
    row.dataset.ok = String(ok);
    const glyph = $("[data-mark]", row);
    glyph.dataset.state = ok ? "ready" : "missed";
    setIcon(glyph, ok ? "check" : "x", "s");
    setText($("[data-what]", row), `${ok ? t("in order") : t("not in order")}${what ? `: ${what}` : ""}`);
    setText($("[data-hint]", row), hint);
    show($("[data-hint]", row), !ok && Boolean(hint));
    return ok;
  }

  async function check(root, button) {
    button.disabled = true;
    outcome = {};
    try {
      const { name, version, supported } = browserOf();
      mark(root, "browser", supported && Boolean(globalThis.RTCPeerConnection), `${name} ${version}`, t("Update the browser, or take Chrome, Edge, Firefox or Safari."));
      await microphone(root);
      const began = performance.now();
      const there = await api("GET", "/api/v1/me").then(() => true, () => false);
      mark(root, "server", there, there ? t("answer in %(ms)s ms", { ms: Math.round(performance.now() - began) }) : "", t("The server does not answer. Look at the network, then try again."));
      const registered = phone.online || (outcome.allowed && (await goOnline()));
      mark(root, "phone", Boolean(registered), "", t("The phone did not connect to the exchange. A firewall may stop WebSockets; ask your administrator."));
      await route(root, registered);
    } finally {
      button.disabled = false;
    }
  }

  async function microphone(root) {
    let error = null;
    await phone.mic.open().catch((why) => { error = why instanceof MicError ? why.kind : "busy"; });
    const devices = await (navigator.mediaDevices?.enumerateDevices() ?? Promise.resolve([])).catch(() => []);
    const found = devices.find((one) => one.kind === "audioinput");
    mark(root, "found", Boolean(found) && error !== "missing", found?.label ?? "", t("Connect a headset or a microphone, then try again."));
    mark(root, "allowed", !error, "", error === "insecure" ? t("Browsers give the microphone only to pages opened by https. Ask your administrator for the right address.") : t("Press the sign left of the address, allow the microphone and try again."));
    let loudest = 0;
    for (const until = Date.now() + LISTEN; !error && Date.now() < until && loudest < LOUD; await wait(60)) loudest = Math.max(loudest, phone.mic.level());
    mark(root, "loud", loudest >= LOUD, "", t("You are hardly heard. Speak, bring the microphone nearer, or raise its volume in the system's settings."));
    if (!error) phone.mic.release();
  }

  // Sound to the exchange and back: what a firewall between here and there stops is seen in this line.
  async function route(root, registered) {
    const hint = t("Sound does not come back from the exchange. A firewall or a VPN may stop it: UDP must pass in both directions.");
    if (!registered || phone.state.call) return mark(root, "route", false, "", phone.state.call ? t("Finish the call first.") : hint);
    try {
      const echo = await phone.echo();
      let came = 0;
      for (let turn = 0; turn < 40 && came < 20; turn += 1) {
        await wait(100);
        for (const [, entry] of await echo.connection.getStats()) if (entry.type === "inbound-rtp") came = entry.packetsReceived ?? 0;
      }
      echo.end();
      return mark(root, "route", came >= 20, "", hint);
    } catch {
      return mark(root, "route", false, "", hint);
    }
  }

  async function echo(button) {
    const running = button.getAttribute("aria-pressed") === "true";
    const press = (on) => { button.setAttribute("aria-pressed", String(on)); setText(button.lastElementChild, on ? t("Stop") : t("Start")); };
    if (running) { button.stop?.(); return press(false); }
    try {
      if (!phone.online && !(await goOnline())) return undefined;
      const test = await phone.echo();
      button.stop = test.end;
      press(true);
      test.connection.addEventListener("connectionstatechange", () => { if (test.connection.connectionState === "closed") press(false); });
    } catch (error) {
      failed(error);
    }
    return undefined;
  }

  async function measure(root, button) {
    button.disabled = true;
    try {
      if (!phone.online && !(await goOnline())) return;
      const test = await phone.echo();
      const gathered = new Gathered();
      const stop = watchQuality(test.connection, (quality) => gathered.add(quality), 1_000);
      await wait(SECONDS * 1000);
      stop();
      test.end();
      line = gathered.take();
      if (!line) throw new Error("silent");
      setText($("[data-rtt]", root), `${Math.round(line.rtt)} ms`);
      setText($("[data-jitter]", root), `${Math.round(line.jitter)} ms`);
      setText($("[data-loss]", root), `${Math.round(line.loss * 10) / 10} %`);
      setText($("[data-mos]", root), line.mos.toFixed(1));
      show($("[data-result]", root), true);
    } catch (error) {
      failed(error);
    } finally {
      button.disabled = false;
    }
  }

  function failed(error) {
    complain(error.message === "in_call" ? t("Finish the call first.") : t("The test did not come about. Go on line in this tab and try again."));
  }

  async function send(form) {
    const { name, version } = browserOf();
    const figures = line && { rtt: line.rtt, jitter: line.jitter, loss: line.loss, mos: line.mos };
    try {
      await api("POST", "/api/v1/line-reports", { comment: form.comment.value, browser: `${name} ${version}, ${navigator.platform}`, checks: outcome, line: figures });
      form.reset();
      toast(t("The report is sent. Support sees it with your figures."), { glyph: "check" });
    } catch (error) {
      complain(error.message);
    }
  }

  onPage("#selftest", (root) => {
    outcome = {};
    line = null;
    root.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      if ("check" in button.dataset) check(root, button);
      else if ("echo" in button.dataset) echo(button);
      else if ("measure" in button.dataset) measure(root, button);
    });
    $("[data-report]", root).addEventListener("submit", (event) => { event.preventDefault(); send(event.target); });
  });

  // The quality of the lines of a call, on its page.
  onPage("#call .call-facts", async (facts) => {
    const id = decodeURIComponent(location.pathname.split("/").pop());
    const { lines } = await api("GET", `/api/v1/calls/${encodeURIComponent(id)}/quality`).catch(() => ({ lines: [] }));
    for (const one of lines) {
      const figures = t("Delay %(rtt)s ms, lost %(loss)s, jitter %(jitter)s ms", { rtt: Math.round(one.rtt), loss: `${one.loss} %`, jitter: Math.round(one.jitter) });
      facts.append(dom.h("div", { "data-quality": one.mos }, dom.h("dt", t("Line quality")), dom.h("dd", `${one.word}, MOS ${one.mos.toFixed(1)}`, dom.h("div.small.t3.num", figures))));
    }
  });
}
