// How good my line was is kept with the call (AGD-17): every ten seconds, and when it is over.
import { api } from "./api.js";
import { myAgent } from "./mycall.js";
import { Gathered } from "./phone/quality.js";
import { store } from "./store.js";

const EVERY = 10_000;

export function keepQuality(phone) {
  const gathered = new Gathered();
  let call = null;
  let last = null;
  phone.on("state", ({ call: mine }) => {
    const quality = mine?.quality;
    if (!phone.leading || !quality || quality === last) return;
    last = quality;
    call = myAgent(store.state)?.call_id ?? call;
    gathered.add(quality);
  });
  const send = () => {
    const figures = call && gathered.take();
    if (figures) api("POST", `/api/v1/calls/${encodeURIComponent(call)}/quality`, figures).catch(() => {});
  };
  setInterval(send, EVERY);
  phone.on("ended", () => { send(); call = null; });
}
