// Personal data: what is in work is looked at again until it is done; what is being typed stays.
const EVERY = 1500;

export function start(shell) {
  const { $, $$ } = shell.dom;
  shell.onPage("[data-privacy]", (root) => {
    const waiting = () => $$("[data-job]", root).some((row) => ["waiting", "running"].includes(row.dataset.jobState));
    const look = async () => {
      if (!root.isConnected) return;
      const answer = await fetch(location.pathname, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-privacy] [data-job]");
      const table = fresh?.closest("table");
      if (table && $("[data-job]", root)) $("[data-job]", root).closest("table").replaceWith(table);
      if (waiting()) setTimeout(look, EVERY);
    };
    if (waiting()) setTimeout(look, EVERY);
  });
}
