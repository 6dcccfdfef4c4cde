// Click-to-dial: any element with data-dial, the dock's field, the search field. The server rings my phone, then the client.
import { api } from "./api.js";
import { ownPhone } from "./calling.js";
import { can, me } from "./config.js";
import { t } from "./i18n.js";
import { myAgent } from "./mycall.js";
import { store } from "./store.js";
import { complain } from "./toast.js";

export class Dialer {
  #phone;
  #goOnline;
  #busy = false;

  constructor(phone, goOnline) {
    this.#phone = phone;
    this.#goOnline = goOnline;
    document.addEventListener("click", (event) => {
      const target = event.target.closest("[data-dial]");
      if (!target) return;
      event.preventDefault();
      this.dial(target.dataset.dial, target.dataset.dialName);
    });
  }

  // Resolves to whether the call is under way. A phone that is off goes on line first and the call then goes on by itself.
  async dial(to, name = "") {
    const number = to.trim();
    if (!number || this.#busy) return false;
    if (!me?.agent_id || !can("calls.dial")) return complain(t("You have no phone to call with. An administrator can give you one.")) && false;
    if (this.#phone.state.call) return complain(t("Finish the call first.")) && false;
    this.#busy = true;
    try {
      const reachable = ownPhone() || this.#phone.online || myAgent(store.state)?.online?.length;
      if (!reachable && !(await this.#goOnline({ then: () => this.dial(to, name) }))) return false;
      return await this.#ask(number, name);
    } finally {
      this.#busy = false;
    }
  }

  async #ask(to, name) {
    if (!ownPhone()) this.#phone.do("expect", { to, name });
    try {
      await api("POST", "/api/v1/calls", { to });
      return true;
    } catch (error) {
      complain(error.message, { action: error.status === 422 ? null : { text: t("Call again"), run: () => this.dial(to, name) } });
      return false;
    }
  }
}
