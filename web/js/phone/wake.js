// Debian's Opus drops frames that look late once a channel was replaced, so that in half of the cases the client would hear
// nothing. A short hold begins a new stream; it helps only once sound flows, and when music has been sent meanwhile. Where
// Asterisk is slow to answer it is slow to begin the music, too, so the hold lasts longer. A call that was on hold is left
// there (`held`).
const SHORTEST = 80;

export function wake(session, held, done) {
  const { connection } = session;
  const again = (step) => { if (!session.isEnded() && !step()) setTimeout(() => again(step), 10); };
  let asked = 0;
  const hold = () => {
    asked = performance.now();
    return session.hold({}, resume);
  };
  const resume = () => (held ? done() : setTimeout(() => again(() => session.unhold()), Math.max(SHORTEST, 3 * (performance.now() - asked))));
  const look = () => {
    if (connection.connectionState !== "connected") return;
    connection.removeEventListener("connectionstatechange", look);
    again(hold);
  };
  connection.addEventListener("connectionstatechange", look);
  look();
}
