// What the server told this page when the shell was loaded (base.html).
const read = (id) => JSON.parse(document.getElementById(id)?.textContent || "null");

export const config = read("shell-config") ?? { me: null, language: "en" };
export const me = config.me;
export const can = (permission) => Boolean(me?.permissions.includes(permission));
