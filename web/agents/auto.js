// My profile: which calls my phone answers by itself (AGD-16). A choice holds at once.
export function start(shell) {
  const { api, t, toast, complain } = shell;
  shell.onPage("#auto-answer", async (form) => {
    if (form.dataset.drawn) return;
    form.dataset.drawn = "true";
    const boxes = [form.dialed, form.queue];
    const show = (chosen) => boxes.forEach((box) => { box.checked = chosen[box.name]; box.disabled = false; });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", async () => {
      try {
        await api("PUT", "/api/v1/me/auto-answer", { dialed: form.dialed.checked, queue: form.queue.checked });
        toast(t("Saved."));
      } catch (error) {
        complain(error.message);
        show(await api("GET", "/api/v1/me/auto-answer"));
      }
    });
    try {
      show(await api("GET", "/api/v1/me/auto-answer"));
    } catch (error) {
      complain(error.message);
    }
  });
}
