// The sign-in dialog inside the shell: a redirect would end a call, so a session is renewed in place.
import { $, show } from "./dom.js";
import { api, ApiError, onSignedOut, setCsrf } from "./api.js";

let asking = null;

export function startSignIn() {
  onSignedOut(ask);
}

// Resolves to true when the person has signed in again, false when put off. Everybody who asks meanwhile waits for one dialog.
export function ask() {
  asking ??= openDialog().finally(() => { asking = null; });
  return asking;
}

async function openDialog() {
  const dialog = $("#signin");
  if (!dialog) return false;
  const form = $("form", dialog);
  const complaint = $(".error", dialog);
  show(complaint, false);
  form.password.value = "";
  dialog.show();
  form.password.focus();
  return new Promise((resolve) => {
    const finish = (value) => {
      form.onsubmit = null;
      dialog.onclose = null;
      dialog.close();
      resolve(value);
    };
    dialog.onclose = () => finish(false);
    form.onsubmit = async (event) => {
      event.preventDefault();
      try {
        const answer = await api("POST", "/api/v1/session", { email: form.email.value, password: form.password.value }, { again: false });
        setCsrf(answer?.csrf ?? (await freshCsrf()));
        finish(true);
      } catch (error) {
        complaint.lastElementChild.textContent = error instanceof ApiError ? error.message : String(error);
        show(complaint, true);
        form.password.select();
      }
    };
  });
}

// A new session has a new token; any page of ours carries it.
async function freshCsrf() {
  try {
    const page = await (await fetch(location.href, { headers: { Accept: "text/html" } })).text();
    return new DOMParser().parseFromString(page, "text/html").querySelector('meta[name="csrf"]')?.content;
  } catch {
    return "";
  }
}
