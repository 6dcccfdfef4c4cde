// Lines to operators: their states are asked every few seconds, a form is tried before it is saved.
const EVERY = 3000;

export function start(shell) {
  const { $, $$, h, icon, setText, setIcon, announce } = shell.dom;
  const { api, t } = shell;

  function drawState(root, live) {
    const place = $('[data-part="state"]', root);
    if (place) {
      place.dataset.state = live.mark;
      const old = $("svg", place);
      if (old) old.replaceWith(icon(live.icon, "s"));
    }
    setText($('[data-part="word"]', root), live.word);
    for (const latency of $$('[data-part="latency"]', root)) {
      const none = latency.localName === "td" ? "—" : "";
      setText(latency, live.latency === null ? none : t("%(ms)s ms", { ms: live.latency }));
    }
  }

  function draw(root, states) {
    for (const live of states) {
      const row = $(`[data-trunk="${live.id}"]`, root);
      if (row) {
        drawState(row, live);
        setText($('[data-part="detail"]', row), live.detail);
      }
      const saved = $(`[data-trunk-saved="${live.id}"]`, root);
      if (saved) {
        const before = $('[data-part="word"]', saved).textContent;
        saved.dataset.state = live.mark;
        $("svg", saved).replaceWith(icon(live.icon, "s"));
        setText($('[data-part="word"]', saved), live.word);
        setText($('[data-part="detail"]', saved), live.detail ? `. ${live.detail}` : "");
        if (before !== live.word) announce(saved.textContent.trim());
      }
    }
  }

  async function test(form) {
    const result = $("[data-trunk-result]", form);
    const button = $("[data-trunk-test]", form);
    const body = Object.fromEntries(new FormData(form));
    delete body._csrf;
    Object.assign(body, {
      codecs: new FormData(form).getAll("codecs").filter(Boolean),
      register: body.register === "true",
      backup: "backup" in body,
      watch: "watch" in body,
      position: Number(body.position) || 0,
    });
    const say = (mark, name, text) => {
      result.hidden = false;
      result.dataset.state = mark;
      result.replaceChildren(icon(name, "s"), h("span", text));
      announce(text);
    };
    button.disabled = true;
    say("ring", "clock", t("Asking the server…"));
    try {
      const id = form.dataset.trunkForm;
      const found = await api("POST", id ? `/api/v1/trunks/${id}/test` : "/api/v1/trunks/test", body);
      const well = found.outcome === "ok";
      const took = found.latency === null ? "" : ` ${t("%(ms)s ms", { ms: found.latency })}`;
      say(well ? "ready" : "missed", well ? "check" : "alert", found.text + took);
    } catch (error) {
      const fields = Object.values(error.fields ?? {});
      say("missed", "alert", [...new Set([error.message, ...fields])].join(" "));
    } finally {
      button.disabled = false;
    }
  }

  shell.onPage("[data-trunks]", (root) => {
    const form = $("[data-trunk-form]", root);
    if (form) $("[data-trunk-test]", form).onclick = () => test(form);
    const look = async () => {
      if (!root.isConnected) return;
      if (!document.hidden && $$("[data-trunk]", root).length) {
        try {
          draw(root, (await api("GET", "/api/v1/trunks/states")).states);
        } catch {
          // The shell tells when the server is away.
        }
      }
      setTimeout(look, EVERY);
    };
    setTimeout(look, $("[data-trunk-saved]", root) ? 700 : EVERY);
  });
}
