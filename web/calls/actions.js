// Quick actions of a call's row that need no page: mark as spam, give the number to a client.
import { clientField } from "../js/clientbook.js";
import { $, h, icon } from "../js/dom.js";
import { t } from "../js/i18n.js";

let shell;
let panel = null;

export function start(given) {
  shell = given;
  document.addEventListener("click", (event) => {
    const spam = event.target.closest?.("[data-spam]");
    if (spam) return mark(spam.closest("[data-call]").dataset.call, spam.dataset.spam === "on");
    const give = event.target.closest?.("[data-give]");
    return give ? ask(give) : undefined;
  });
  shell.pages.on("page", close);
}

async function mark(id, spam) {
  try {
    const { number } = await shell.api("POST", `/api/v1/calls/${encodeURIComponent(id)}/spam`, { spam });
    shell.toast(spam ? t("%(number)s is marked as spam. Its calls are under «Spam».", { number }) : t("%(number)s is no spam any more.", { number }), {
      glyph: spam ? "ban" : "check", action: { text: t("Undo"), run: () => mark(id, !spam) },
    });
    shell.refresh();
  } catch (error) {
    shell.complain(error.message);
  }
}

// A small sheet beside the row; nothing is modal, a call must be answerable.
function ask(button) {
  close();
  const contact = Number(button.dataset.give);
  const number = button.closest("tr").querySelector(".num")?.textContent.trim() ?? "";
  panel = h(
    "dialog.sheet.give", { "aria-labelledby": "give-title" },
    h("header", h("h2", { id: "give-title" }, t("Add %(number)s to a client", { number })), h("button.btn.bare.icon.sm", { type: "button", "aria-label": t("Close"), onclick: close }, icon("x", "s"))),
    h("div.pad.col", h("p.small.t2", t("The number and all its calls go over to the client that you choose.")), clientField({ label: t("Client's name"), pick: (entry) => give(contact, entry) })),
  );
  panel.addEventListener("close", close);
  document.body.append(panel);
  panel.show();
  $("input", panel).focus();
}

function close() {
  panel?.remove();
  panel = null;
}

async function give(contact, client) {
  try {
    await shell.api("POST", `/api/v1/contacts/${client.id}/numbers`, { contact_id: contact });
    close();
    shell.toast(t("The number now belongs to %(name)s.", { name: client.name }), { glyph: "user" });
    shell.refresh();
  } catch (error) {
    shell.complain(error.message);
  }
}
