// A call to Asterisk's own echo, for tests of headset and line; it is no call of anybody's.

// Resolves to {connection, end} once the echo is heard, rejects when the line refuses it. `ended` is told once it is over,
// whoever ended it; `stream` is given back to `mic` then.
export function echo(line, mic, stream, plain, ended) {
  const sound = new Audio();
  let end = () => {};
  const ready = new Promise((resolve, reject) => {
    const session = line.call("*43", {
      ...plain, mediaStream: stream,
      eventHandlers: {
        icecandidate: ({ ready: go }) => go(),
        peerconnection: ({ peerconnection }) => peerconnection.addEventListener("track", ({ track }) => {
          sound.srcObject = new MediaStream([track]);
          sound.play().catch(() => {});
        }),
      },
    });
    end = () => {
      ended();
      sound.srcObject = null;
      if (!session.isEnded()) session.terminate();
      mic.release();
    };
    session.on("confirmed", () => resolve({ connection: session.connection, end }));
    session.on("failed", ({ cause }) => { end(); reject(new Error(cause)); });
    session.on("ended", end);
  });
  return { ready, end };
}
