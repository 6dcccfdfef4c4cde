// The field in the top bar: a number and Enter dials, anything else opens the call list with it as filter.
import { $ } from "./dom.js";
import { looksLikeNumber } from "./format.js";
import { visit } from "./nav.js";

export function startSearch(dialer) {
  const form = $("#search");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = form.q;
    const text = field.value.trim();
    if (!text) return;
    if (looksLikeNumber(text)) {
      if (await dialer.dial(text)) field.value = "";
    } else visit(`/calls?q=${encodeURIComponent(text)}`);
  });
}
