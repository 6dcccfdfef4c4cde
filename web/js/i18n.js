// Texts come from the server's catalogues, the same that its pages use; the English text is the key.
let texts = {};

export async function loadTexts(address) {
  if (!address) return;
  try {
    texts = await (await fetch(address, { credentials: "same-origin" })).json();
  } catch {
    // English is better than a page that does not start.
  }
}

export function t(key, values) {
  const text = texts[key] ?? key;
  return values ? text.replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "") : text;
}
