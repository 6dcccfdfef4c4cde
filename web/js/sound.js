// Which microphone and loudspeakers, how loud, and which melody: kept in this browser, for its devices are its own; the
// melody is the person's and comes from the server.
import { api, csrf } from "./api.js";
import { me } from "./config.js";
import { $, h, show } from "./dom.js";
import { t } from "./i18n.js";
import { setRing, startRing, stopRing, unlock } from "./phone/sounds.js";
import { complain, toast } from "./toast.js";

const USUAL = { mic: "", micVolume: 1, speaker: "", volume: 1, ring: "", ringVolume: 1 };
const TRY = 4_000;
const key = () => `sound-${me.user_id}`;

function read() {
  try {
    return { ...USUAL, ...JSON.parse(localStorage.getItem(key()) ?? "{}") };
  } catch {
    return USUAL;
  }
}

export function startSound(phone) {
  const form = $("#sound-form");
  if (!form) return;
  let chosen = read();
  let melody = null;

  const apply = () => {
    setRing({ sink: chosen.ring, volume: chosen.ringVolume, melody });
    phone.setSound(chosen).catch(() => {});
    show($("[data-no-melody]", form), Boolean(melody));
  };

  async function fetchMelody() {
    const answer = await fetch("/api/v1/me/melody", { credentials: "same-origin" });
    if (melody) URL.revokeObjectURL(melody);
    melody = answer.status === 200 ? URL.createObjectURL(await answer.blob()) : null;
    apply();
  }

  async function fill() {
    const devices = await navigator.mediaDevices?.enumerateDevices().catch(() => []) ?? [];
    const list = (select, kind) => {
      const found = devices.filter((one) => one.kind === kind && one.deviceId && one.deviceId !== "default");
      select.replaceChildren(h("option", { value: "" }, t("As the system has it")), ...found.map((one) => h("option", { value: one.deviceId }, one.label || t("Device"))));
      select.value = chosen[select.name];
      if (select.selectedIndex < 0) select.value = "";
    };
    list(form.mic, "audioinput");
    list(form.speaker, "audiooutput");
    list(form.ring, "audiooutput");
    for (const name of ["micVolume", "volume", "ringVolume"]) form[name].value = chosen[name];
  }

  async function load(file) {
    const body = new FormData();
    body.append("file", file);
    const answer = await fetch("/api/v1/me/melody", { method: "PUT", body, headers: { "X-CSRF-Token": csrf() } });
    if (!answer.ok) return complain((await answer.json().catch(() => null))?.error?.message ?? t("The melody was not taken."));
    await fetchMelody();
    return toast(t("Your calls ring with your melody now."), { glyph: "check" });
  }

  form.addEventListener("change", ({ target }) => {
    if (target.name === "melody") {
      const [file] = target.files;
      target.value = "";
      if (file) load(file);
      return;
    }
    chosen = { ...chosen, [target.name]: target.type === "range" ? Number(target.value) : target.value };
    try {
      localStorage.setItem(key(), JSON.stringify(chosen));
    } catch {
      // It holds until the page is left.
    }
    apply();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  $("[data-try-ring]", form).addEventListener("click", async () => {
    if (phone.state.call) return;
    await unlock();
    startRing();
    setTimeout(() => { if (!phone.state.call) stopRing(); }, TRY);
  });
  $("[data-no-melody]", form).addEventListener("click", async () => {
    await api("DELETE", "/api/v1/me/melody").catch((error) => complain(error.message));
    await fetchMelody();
  });
  $("#sound-menu").addEventListener("toggle", ({ newState }) => { if (newState === "open") fill(); });
  apply();
  phone.on("state", ({ line }) => { if (line === "online" && melody === null) { melody = ""; fetchMelody().catch(() => {}); } });
}
