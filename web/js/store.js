// The page's copy of what goes on now: the stream fills it, views subscribe to the part they draw.
const empty = () => ({ rev: 0, calls: {}, agents: {}, queues: {}, alerts: [], parked: [], link_up: true, me: {}, live: false });

class Store {
  state = empty();
  #watchers = new Set();

  // Calls draw(part, before) at once and whenever the chosen part changes; arrays count as changed by their members.
  subscribe(choose, draw) {
    const watcher = { choose, draw, last: choose(this.state) };
    this.#watchers.add(watcher);
    this.#run(watcher, watcher.last, undefined);
    return () => this.#watchers.delete(watcher);
  }

  get = (choose) => choose(this.state);

  snapshot(value) {
    this.state = { ...empty(), ...value, live: true };
    this.#tell();
  }

  delta(value) {
    const next = { ...this.state, rev: value.rev ?? this.state.rev };
    for (const kind of ["calls", "agents", "queues"]) {
      if (value[kind]) next[kind] = merged(this.state[kind], value[kind]);
    }
    for (const kind of ["alerts", "link_up", "me", "parked"]) if (value[kind] !== undefined) next[kind] = value[kind];
    this.state = next;
    this.#tell();
  }

  setLive(live) {
    if (this.state.live === live) return;
    this.state = { ...this.state, live };
    this.#tell();
  }

  #tell() {
    for (const watcher of [...this.#watchers]) {
      const part = watcher.choose(this.state);
      if (same(part, watcher.last)) continue;
      const before = watcher.last;
      watcher.last = part;
      this.#run(watcher, part, before);
    }
  }

  #run(watcher, part, before) {
    try {
      watcher.draw(part, before);
    } catch (error) {
      // One broken view must not stop the others, least of all the phone's.
      console.error(error);
    }
  }
}

function merged(old, changes) {
  const next = { ...old };
  for (const [id, value] of Object.entries(changes)) {
    if (value === null) delete next[id];
    else next[id] = value;
  }
  return next;
}

function same(a, b) {
  if (Object.is(a, b)) return true;
  return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((value, n) => Object.is(value, b[n]));
}

export const store = new Store();
export { Store };
