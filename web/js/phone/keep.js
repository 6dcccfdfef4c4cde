// What a page that is loaded anew needs to go on with its call: the dialog's ids and the call as it was shown. It is kept
// for a person on this machine, so that the next page or tab finds it after a crash as well, and only for as long as
// Asterisk keeps a call without sound.
import { me } from "../config.js";

const LASTS = 45_000;
const key = () => `phone-call-${me.user_id}-${me.agent_id}`;

// JsSIP tells a dialog's ids nowhere else.
export const dialogOf = (session) => session._dialog?.id ?? null;

export function keep(dialog, call) {
  try {
    localStorage.setItem(key(), JSON.stringify({ dialog, call: { ...call, quality: null }, at: Date.now() }));
  } catch {
    // Then a reload ends in the second phone.
  }
}

export function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(key()) ?? "null");
    return found && Date.now() - found.at < LASTS ? found : null;
  } catch {
    return null;
  }
}

export function forget() {
  try {
    localStorage.removeItem(key());
  } catch {
    // It runs out by itself.
  }
}

// RFC 3891: the tags as Asterisk sees them.
export const replaces = ({ call_id, local_tag, remote_tag }) => `Replaces: ${call_id};to-tag=${remote_tag};from-tag=${local_tag}`;
