// The export page: ticks for all fields at once, and files that get ready while one looks.
const EVERY = 1500;

export function start(shell) {
  const { $, $$ } = shell.dom;
  let timer = 0;
  shell.onPage("[data-exports]", (root) => {
    clearTimeout(timer);
    for (const button of $$("[data-all]", root)) {
      button.onclick = () => { for (const box of $$('[name="fields"]', root)) box.checked = button.dataset.all === "on"; };
    }
    for (const [field, what] of [["count", "part"], ["start", "part"], ["list_id", "list"]]) {
      const input = $(`[name="${field}"]`, root);
      if (input) input.oninput = () => { $(`[name="what"][value="${what}"]`, root).checked = true; };
    }
    const waiting = $$("[data-export]", root).filter((row) => ["waiting", "running"].includes(row.dataset.exportState));
    if (waiting.length) timer = setTimeout(() => look(root, waiting), EVERY);
  });

  // The rows alone are looked at, so that what is typed above stays.
  async function look(root, waiting) {
    if (!root.isConnected) return;
    const { exports } = await shell.api("GET", "/api/v1/exports").catch(() => ({ exports: [] }));
    const states = new Map(exports.map((one) => [String(one.id), one]));
    let ended = false;
    for (const row of waiting) {
      const one = states.get(row.dataset.export);
      const figure = $("[data-part=state] .num", row);
      if (one && !["waiting", "running"].includes(one.state)) ended = true;
      else if (one?.total && figure) shell.dom.setText(figure, `${Math.floor((one.done * 100) / one.total)} %`);
    }
    if (!ended) { timer = setTimeout(() => look(root, waiting), EVERY); return; }
    const answer = await fetch("/exports", { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const table = fresh.querySelector("[data-exports] table");
    if (table && $("table", root)) $("table", root).replaceWith(table);
    shell.dom.announce(shell.t("The file is ready."));
    const left = $$("[data-export]", root).filter((row) => ["waiting", "running"].includes(row.dataset.exportState));
    if (left.length) timer = setTimeout(() => look(root, left), EVERY);
  }
}
