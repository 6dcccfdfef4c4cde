// JSON to the server and back. A session that has ended opens the sign-in dialog and the request is tried again.
import { t } from "./i18n.js";

let signInAgain = async () => false;
export const onSignedOut = (ask) => { signInAgain = ask; };

export class ApiError extends Error {
  constructor(status, code, message, fields = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

const meta = () => document.querySelector('meta[name="csrf"]');
export const csrf = () => meta()?.content ?? "";
export const setCsrf = (token) => { if (token && meta()) meta().content = token; };

export async function api(method, path, body, { again = true, signal } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method, signal, credentials: "same-origin",
      headers: { Accept: "application/json", "X-CSRF-Token": csrf(), ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "no_link", t("No link to the server. Try again in a moment."));
  }
  if (response.status === 401 && again && (await signInAgain())) return api(method, path, body, { again: false, signal });
  const text = await response.text();
  const value = parse(text);
  if (response.ok) return value;
  throw new ApiError(response.status, value?.error?.code ?? "", value?.error?.message || said(response.status), value?.error?.fields);
}

function parse(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

// For answers that carry no words of their own.
export function said(status) {
  if (status === 401) return t("Your session has ended. Sign in again.");
  if (status === 403) return t("You have no permission for this.");
  if (status === 404) return t("This is not here any more.");
  if (status === 429) return t("Too many attempts. Wait a little.");
  if (status >= 500) return t("The server could not do this. It has been noted; try again.");
  return t("This did not work.");
}
