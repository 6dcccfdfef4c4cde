// One phone in a browser: the tab with the lock has it, the others show the same dock and send their clicks to it.
import { me } from "../config.js";

export class Tabs {
  #channel;
  #free = null;
  #lost;
  #name;
  leading = false;

  // receive(message) is called for what other tabs send.
  // lost() is called when another window has taken the phone over.
  constructor(receive, lost = () => {}) {
    this.#lost = lost;
    this.#name = `phone-${me.user_id}-${me.agent_id}`;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => receive(data);
  }

  send(message) {
    this.#channel.postMessage(message);
  }

  // Takes the phone if no other tab has it; resolves to whether this tab has it now.
  take() {
    if (this.leading) return Promise.resolve(true);
    return new Promise((resolve) => {
      this.#request({ ifAvailable: true }, (got) => resolve(got));
    });
  }

  // Takes the phone as soon as the tab that has it is gone.
  inherit(then) {
    if (!this.leading) this.#request({}, (got) => { if (got) then(); });
  }

  // Takes the phone from whichever tab has it: it is wanted in a window of its own.
  steal(then) {
    this.#request({ steal: true }, (got) => { if (got) then(); });
  }

  #request(options, tell) {
    if (!navigator.locks) {
      this.leading = true;
      return tell(true);
    }
    navigator.locks.request(this.#name, options, (lock) => {
      if (!lock) return tell(false);
      if (this.leading) return undefined;
      this.leading = true;
      const held = new Promise((free) => { this.#free = free; });
      tell(true);
      return held;
    }).catch(() => {
      // Another window has taken it over.
      if (!this.leading) return;
      this.leading = false;
      this.#free = null;
      this.#lost();
    });
  }

  release() {
    this.leading = false;
    this.#free?.();
    this.#free = null;
  }
}
