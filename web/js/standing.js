// The number that rings an agent's phone whose leg stays picked up for a dial list (telephony/nailing.py): clients come to
// it one after another, and it is in no call of its own.
const STANDS = "*45";
export const stands = (call) => call?.number === STANDS;
