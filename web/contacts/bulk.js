// Actions with many clients: the bar above the list, the dialog with the exact count, now or later.
import { $, h, icon, setText, show } from "../js/dom.js";
import { t } from "../js/i18n.js";

let shell;
let options;

export function start(given) {
  shell = given;
  shell.onPage("form#bulk", watch);
  shell.pages.on("page", () => $("#bulk-sheet")?.remove());
}

// What the form says is chosen.
export function choice(form) {
  const data = new FormData(form);
  const everything = ["1", "true", "on"].includes(data.get("everything"));
  const ids = data.getAll("ids").flatMap((value) => value.split(",")).map(Number).filter(Boolean);
  return everything ? { everything, filter: JSON.parse(data.get("filter") || "{}") } : { ids };
}

function watch(form) {
  const bar = $("[data-bulk-bar]", form);
  if (!bar) return;
  const draw = async () => {
    const chosen = choice(form);
    const count = chosen.everything ? Number(form.dataset.total) || null : chosen.ids.length;
    setText($("[data-bulk-count]", bar), count === null ? t("All found are chosen") : t("Chosen: %(count)s", { count: shown(count) }));
    show(bar, chosen.everything || count > 0);
    if (!bar.hidden) await fill(form, bar);
  };
  form.addEventListener("change", draw);
  form.addEventListener("selection", draw);
  form.addEventListener("submit", (event) => event.preventDefault());
  $("[data-bulk-export]", bar)?.addEventListener("click", () => {
    shell.visit(`/exports?selection=${encodeURIComponent(JSON.stringify(choice(form)))}`);
  });
  draw();
}

const shown = (count) => Number(count).toLocaleString(shell.config.language === "ru" ? "ru-RU" : "en-GB");

async function fill(form, bar) {
  const place = $("[data-bulk-actions]", bar);
  if (place.dataset.filled) return;
  place.dataset.filled = "yes";
  try {
    options = await shell.api("GET", "/api/v1/contacts/bulk");
  } catch (error) {
    delete place.dataset.filled;
    return shell.complain(error.message);
  }
  place.replaceChildren(...options.actions.map((action) => h(
    "button", { type: "button", class: `btn sm${action.final ? " warn" : ""}`, "data-bulk-action": action.name, onclick: () => open(form, action) },
    icon(action.icon, "s"), action.title,
  )));
}

async function open(form, action) {
  $("#bulk-sheet")?.remove();
  const body = { action: action.name, ...choice(form) };
  let found;
  try {
    [found, options] = await Promise.all([shell.api("POST", "/api/v1/contacts/bulk/preview", body), shell.api("GET", "/api/v1/contacts/bulk")]);
  } catch (error) {
    return shell.complain(error.message);
  }
  const dialog = sheet(action, found);
  document.body.append(dialog);
  $("form", dialog).addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = $("[type=submit]", dialog);
    button.disabled = true;
    try {
      const job = await shell.api("POST", "/api/v1/contacts/bulk", { ...body, ...asked(dialog, action, found) });
      dialog.remove();
      if (new Date(job.due_at) - Date.now() > 60_000) {
        shell.toast(t("Scheduled: %(moment)s", { moment: shell.format.moment(job.due_at) }), { glyph: "clock", action: { text: t("Show"), run: () => shell.visit("/work") } });
      }
      form.dispatchEvent(new CustomEvent("bulk-started", { bubbles: true, detail: job }));
    } catch (error) {
      complain(dialog, error.message);
    }
    button.disabled = false;
  });
  dialog.show();
  $("input:not([type=radio]), select", dialog)?.focus();
}

function complain(dialog, message) {
  setText($("[data-error]", dialog), message);
  show($("[data-error]", dialog), true);
}

function sheet(action, found) {
  const skipped = found.total - found.able;
  return h(
    "dialog.sheet", { id: "bulk-sheet", "aria-labelledby": "bulk-title" },
    h("form", { method: "dialog" },
      h("header", h("h2", { id: "bulk-title" }, action.title), h("button.btn.bare.icon.sm", { type: "button", "data-close": true, "aria-label": t("Close") }, icon("x"))),
      h("div.body",
        h("p.small.t2", { "data-bulk-total": found.total }, t("Clients: %(count)s", { count: shown(found.able) }), skipped > 0 && ` · ${t("skipped, no right: %(count)s", { count: shown(skipped) })}`),
        question(action, found),
        action.final && h("p.note", { "data-state": "over" }, icon("alert", "s"), h("span", t("This cannot be undone."))),
        h("fieldset.bulk-when",
          h("label", h("input", { type: "radio", name: "when", value: "now", checked: true }), t("Now, in the background")),
          h("label", h("input", { type: "radio", name: "when", value: "later" }), t("Later"), h("input.in", { type: "datetime-local", name: "at", "aria-label": t("When to begin"), oninput: later }))),
        h("p.error-text", { role: "alert", "data-error": true, hidden: true }),
        h("div.actions", h("button.btn.bare", { type: "button", "data-close": true }, t("Cancel")), h("button", { type: "submit", class: `btn ${action.final ? "no" : "main"}` }, t("Start"))))),
  );
}

const later = (event) => { $("input[value=later]", event.target.form).checked = true; };

function question(action, found) {
  const select = (name, choices, label) => h("label.field", label, h("select", { name, required: true }, h("option", { value: "" }, t("Choose")), choices.map((one) => h("option", { value: one.id }, one.title))));
  if (action.asks === "tag") {
    return h("label.field", t("Tag"), h("input", { name: "title", maxlength: 60, required: true, autocomplete: "off", list: "bulk-tags", placeholder: t("Choose or type a new one") }), h("datalist", { id: "bulk-tags" }, options.tags.map((tag) => h("option", { value: tag.title }))));
  }
  if (action.asks === "own_tag") return select("tag_id", options.removable, t("Tag"));
  if (action.asks === "list") return select("list_id", options.lists, t("List"));
  if (action.asks === "member") return select("member_id", options.members, t("Employee"));
  if (action.asks === "number") return h("label.field", t("Type the number of clients to confirm: %(count)s", { count: found.total }), h("input", { name: "confirm", inputmode: "numeric", required: true, autocomplete: "off" }));
  return null;
}

function asked(dialog, action, found) {
  const data = new FormData($("form", dialog));
  const params = {};
  for (const name of ["tag_id", "list_id", "member_id"]) if (data.get(name)) params[name] = Number(data.get(name));
  const title = data.get("title")?.trim();
  const known = title && options.tags.find((tag) => tag.title.toLowerCase() === title.toLowerCase());
  if (title) Object.assign(params, known ? { tag_id: known.id } : { title });
  const confirm = action.asks === "number" ? Number(String(data.get("confirm")).replace(/\D/g, "")) : found.total;
  return { params, at: data.get("when") === "later" ? data.get("at") : "", ...(action.final ? { confirm } : {}) };
}
