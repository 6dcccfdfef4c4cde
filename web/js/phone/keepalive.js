// A worker: its timer keeps beating when the page is hidden and its own timers are slowed down.
setInterval(() => postMessage("beat"), 5_000);
