// The shell starts once for each page load and stays while pages come and go.
import features from "features:js";
import { api } from "./api.js";
import { startAlerts } from "./alerts.js";
import { startCalling } from "./calling.js";
import * as clock from "./clock.js";
import { config, me } from "./config.js";
import { keepQuality } from "./callquality.js";
import { Dialer } from "./dial.js";
import { Dock } from "./dock.js";
import * as dom from "./dom.js";
import * as format from "./format.js";
import { loadTexts, t } from "./i18n.js";
import { startKeyboard } from "./keyboard.js";
import { micHelp } from "./michelp.js";
import { startMine } from "./mine.js";
import { startMissed } from "./missed.js";
import { startParked } from "./parked.js";
import { popped, startPopOut } from "./popout.js";
import { askToNotify, startNotify } from "./notify.js";
import { pages, refresh, startNav, visit } from "./nav.js";
import { startOverlays } from "./overlays.js";
import { MicError } from "./phone/mic.js";
import { Phone } from "./phone/phone.js";
import { unlock } from "./phone/sounds.js";
import { startPresses } from "./presses.js";
import { startProfile } from "./profile.js";
import { startSearch } from "./search.js";
import { startSignIn } from "./signin.js";
import { startSound } from "./sound.js";
import { setWanted, startStatus } from "./status.js";
import { store } from "./store.js";
import { startStream, stream } from "./stream.js";
import { startTheme } from "./theme.js";
import { complain, toast } from "./toast.js";
import * as words from "./words.js";

async function start() {
  // Links must work from the first moment; words come a few milliseconds later.
  startOverlays();
  startPresses();
  startSignIn();
  startNav();
  await loadTexts(config.texts);
  startTheme();
  clock.startTicking();
  if (!me) return;
  const phone = new Phone();
  const goOnline = (wish) => putOnLine(phone, wish);
  const dialer = new Dialer(phone, goOnline);
  const dock = new Dock(phone, { dial: (to) => dialer.dial(to), goOnline: () => goOnline({ ready: true }) });
  phone.on("mic", ({ kind, again }) => {
    const close = micHelp(kind, again);
    phone.mic.on("opened", close);
  });
  startStatus(phone, goOnline);
  startMine();
  startAlerts();
  startSearch(dialer);
  startProfile(phone);
  startKeyboard(phone, dock, goOnline);
  startNotify(phone, dock);
  startSound(phone);
  startCalling();
  startMissed(phone, dock);
  startParked(phone);
  startPopOut(phone);
  keepQuality(phone);
  startStream();
  if (me.agent_id && popped) phone.popOut();
  else if (me.agent_id) phone.resume();
  // A phone that came back by itself after a reload may ring only after a gesture: the first one will do.
  addEventListener("pointerdown", () => { if (phone.state.on) unlock(); }, { once: true });
  startFeatures({ phone, dialer, dock, goOnline });
  document.documentElement.dataset.ready = "true";
}

// Puts this browser's phone on line. wish.ready also says «ready for calls»; wish.then is done again by itself once a
// blocked microphone is allowed. Resolves to whether the phone is on line.
async function putOnLine(phone, wish = {}) {
  askToNotify();
  try {
    await phone.goOnline();
  } catch (error) {
    if (error instanceof MicError) {
      const again = wish.then ?? (() => putOnLine(phone, wish));
      phone.emit("mic", { kind: error.kind, again });
      phone.mic.whenAllowed(again);
    } else complain(error.status ? error.message : t("The phone did not connect to the exchange. Try again in a moment."));
    return false;
  }
  if (wish.ready) await setWanted("ready");
  return true;
}

// What a feature's script gets; it is called once, and again for nothing: pages are watched through pages.on("page").
function startFeatures(own) {
  const shell = {
    ...own, store, stream, pages, api, t, toast, complain, visit, refresh, dom, format, clock, words, config, me,
    // Runs draw(root) for the page that is there now and for each that comes.
    onPage(selector, draw) {
      const look = () => { for (const root of dom.$$(selector, dom.$("#main"))) draw(root); };
      pages.on("page", look);
      look();
    },
  };
  // For people who look into a problem at the console, and for tests.
  globalThis.callcenter = shell;
  for (const feature of features) {
    try {
      feature.start?.(shell);
    } catch (error) {
      console.error(error);
    }
  }
}

start();
