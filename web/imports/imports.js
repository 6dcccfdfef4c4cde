// The import wizard: the chosen file's name, columns that were changed by hand, and how far a load is.
import { $, setText } from "../js/dom.js";
import { t } from "../js/i18n.js";

const EVERY = 700;
let shell;
let timer = 0;

export function start(given) {
  shell = given;
  document.addEventListener("change", changed);
  document.addEventListener("submit", submitted, true);
  shell.onPage("#import", watch);
}

function changed({ target }) {
  if (target.matches?.('[data-import-upload] input[type="file"]')) {
    const file = target.files[0];
    setText($("[data-file-name]", target.form), file ? file.name : t("Choose a file or drop it here"));
  }
  const head = target.closest?.(".import-table th");
  if (head) head.toggleAttribute("data-known", target.value !== "" && target.value === target.dataset.was);
}

// A file that the server would refuse for its size is not sent at all.
function submitted(event) {
  const form = event.target.closest?.("[data-import-upload]");
  if (!form) return;
  const file = form.elements.file.files[0];
  if (!file || file.size <= Number(form.dataset.max)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  shell.toast(t("The file is larger than 50 MB. Divide it into several files."));
}

function watch(root) {
  clearTimeout(timer);
  if (["running", "undoing"].includes(root.dataset.importState)) timer = setTimeout(() => look(root), EVERY);
}

const number = (value) => new Intl.NumberFormat(document.documentElement.lang).format(value);

async function look(root) {
  if (!root.isConnected) return;
  let seen;
  try {
    seen = await shell.api("GET", `/api/v1/imports/${root.dataset.importId}`);
  } catch {
    timer = setTimeout(() => look(root), EVERY * 3);
    return;
  }
  if (!root.isConnected) return;
  if (seen.state !== root.dataset.importState) {
    shell.visit(location.pathname);
    return;
  }
  const share = seen.total ? Math.min(100, Math.floor((seen.done * 100) / seen.total)) : 0;
  $('[data-part="bar"]', root)?.style.setProperty("--v", `${share}%`);
  $('[role="progressbar"]', root)?.setAttribute("aria-valuenow", String(share));
  setText($('[data-part="figures"]', root), `${number(seen.done)} / ${number(seen.total)}`);
  timer = setTimeout(() => look(root), EVERY);
}
