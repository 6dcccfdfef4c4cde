// Whether this person's phone listens to somebody else's call: then it is in no call of its own (SUP-03).
export const spying = { now: null };
