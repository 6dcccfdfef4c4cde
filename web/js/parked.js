// Parked clients of the business, seen at every desk; one press takes one to my phone (AGD-08).
import { api } from "./api.js";
import { tick } from "./clock.js";
import { $, h, setText, show } from "./dom.js";
import { phone as pretty } from "./format.js";
import { t } from "./i18n.js";
import { store } from "./store.js";
import { complain } from "./toast.js";

export function startParked(phone) {
  const list = $("#parked-list");
  if (!list) return;
  const button = $('[data-part="parked"]');

  async function take(slot) {
    $("#parked-menu").hidePopover();
    if (phone.state.call) return complain(t("Finish the call first."));
    try {
      await api("POST", `/api/v1/parked/${slot}/take`);
    } catch (error) {
      complain(error.message);
    }
    return undefined;
  }

  store.subscribe((s) => s.parked, (parked) => {
    show(button, parked.length > 0);
    setText($(".count", button), String(parked.length));
    button.setAttribute("aria-label", t("Parked calls: %(count)s", { count: parked.length }));
    list.replaceChildren(...parked.map((one) => h("li", { "data-slot": one.slot },
      h("b.num", String(one.slot)), h("span.grow", h("span.mid.num", one.name || pretty(one.number) || t("Unknown number")), " ", h("span.t3.small", one.by, " ", h("time.num", { "data-since": one.since }))),
      h("button.btn.sm.yes", { type: "button", onclick: () => take(one.slot), "aria-label": t("Take the call in place %(slot)s", { slot: one.slot }) }, t("Take")))));
    tick(list);
  });
}
