// A blocked microphone is explained in words with what to click; whatever waited for it goes on once it is allowed.
import { $, show } from "./dom.js";
import { t } from "./i18n.js";

const WORDS = {
  blocked: () => [t("The browser blocks the microphone"), t("Without it nobody would hear you. Allow it once and calls go on by themselves."), true],
  missing: () => [t("No microphone found"), t("Connect a headset or a microphone, then try again."), false],
  busy: () => [t("The microphone cannot be used"), t("Another program may hold it. Close that program or choose another microphone, then try again."), false],
  insecure: () => [t("The microphone needs a secure address"), t("Browsers give the microphone only to pages opened by https. Ask your administrator for the right address."), false],
};

export function micHelp(kind, again) {
  const dialog = $("#mic-help");
  const [title, text, steps] = (WORDS[kind] ?? WORDS.busy)();
  $("[data-title]", dialog).textContent = title;
  $("[data-text]", dialog).textContent = text;
  show($("[data-steps]", dialog), steps);
  $("[data-again]", dialog).onclick = () => { dialog.close(); again(); };
  if (!dialog.open) dialog.show();
  return () => { if (dialog.open) dialog.close(); };
}
