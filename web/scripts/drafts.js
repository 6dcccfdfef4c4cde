// What was typed beside a call, kept in this browser until the server has it: a reload or a lost link takes nothing away.
const PREFIX = "callcenter-script-";
const OLD = 2 * 86_400_000;

const key = (owner, call) => `${PREFIX}${owner}-${call}`;

export function draftOf(owner, call) {
  try {
    return JSON.parse(localStorage.getItem(key(owner, call))) ?? {};
  } catch {
    return {};
  }
}

// part: outcome {script_id, outcome_id, comment} or form {id, values, state, script_id}; null = the server has it.
export function keepDraft(owner, call, part, value) {
  const draft = draftOf(owner, call);
  if (value) draft[part] = value;
  else delete draft[part];
  try {
    if (draft.outcome || draft.form) localStorage.setItem(key(owner, call), JSON.stringify({ ...draft, at: Date.now() }));
    else localStorage.removeItem(key(owner, call));
  } catch {
    // Storage may be full or forbidden: then only the page has it.
  }
}

// Calls whose drafts the server does not have yet; very old ones are dropped.
export function drafts(owner) {
  const found = [];
  try {
    for (const name of Object.keys(localStorage)) {
      if (!name.startsWith(`${PREFIX}${owner}-`)) continue;
      const call = name.slice(`${PREFIX}${owner}-`.length);
      if (Date.now() - (draftOf(owner, call).at ?? 0) > OLD) localStorage.removeItem(name);
      else found.push(call);
    }
  } catch {
    return [];
  }
  return found;
}
