// A bar on the pages where the routing is edited says what callers do not hear yet; the page of the routing follows an
// apply until it is done.
const EVERY = 500;
const SETTLED = 2500;
const EDITED = "#numbers, #number, #days, #queues, #menus, #trunks, #prompts";

export function start(shell) {
  const { $, h, icon } = shell.dom;
  const { t } = shell;
  const may = shell.me.permissions.includes("routing.apply");
  const progress = () => shell.api("GET", "/api/v1/routing/progress", undefined, { quiet: true });

  shell.onPage(EDITED, async (root) => {
    if (!may || $(".routing-bar", root)) return;
    let found;
    try {
      found = await progress();
    } catch {
      return;
    }
    if (!root.isConnected || !found.changes || $(".routing-bar", root)) return;
    const text = t("Callers do not hear your changes yet (%(number)s).", { number: found.changes });
    const bar = h("p.note.routing-bar", { "data-state": "ring" }, icon("clock", "s"), h("span", text), h("a.btn.sm", { href: "/routing" }, t("Check and apply")));
    $(".head", root)?.after(bar);
    // What goes live by itself (lines to operators) is on its way just after it was saved.
    setTimeout(async () => {
      const now = root.isConnected && await progress().catch(() => null);
      if (now && !now.changes && !now.step) bar.remove();
    }, SETTLED);
  });

  shell.onPage("#routing", (root) => {
    if (!root.dataset.step) return;
    const look = async () => {
      if (!root.isConnected) return;
      try {
        const found = await progress();
        if (!found.step) return shell.visit("/routing");
        const said = $("[data-progress] span", root);
        if (said && said.textContent !== `${found.step_title}…`) said.textContent = `${found.step_title}…`;
      } catch {
        // The server is away for a moment: asked again.
      }
      setTimeout(look, EVERY);
    };
    setTimeout(look, EVERY);
  });
}
