// Forms for sites: what stops working at once is asked for, and what is to be copied is chosen at a click.
import { question } from "../js/overlays.js";

export function start(shell) {
  const { $, $$ } = shell.dom;
  shell.onPage("[data-webforms]", (root) => {
    for (const field of $$("[data-copy]", root)) field.onfocus = () => field.select();
    for (const form of $$("form[data-sure]", root)) {
      form.addEventListener("submit", async (event) => {
        if (form.dataset.agreed) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        const yes = $("button", form).textContent.trim();
        if (!(await question(yes, form.dataset.sure, yes))) return;
        form.dataset.agreed = "yes";
        form.requestSubmit();
      }, { capture: true });
    }
  });
}
