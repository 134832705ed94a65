// What changes in the store while a page is open, and the mark in the header that says whether it is shown as it happens.

import { Stream } from './stream.js';

const HEARTBEAT_MS = 10_000;
const HELLO_MS = 4000;
const WORDS = { live: 'Live', reconnecting: 'Reconnecting', off: 'Not live' };

/**
 * Calls `handle(event, data)` for the events of the topics. One worker has the stream for all tabs; a browser without
 * such workers has one in each visible page.
 */
export function follow(topics, handle) {
  const state = mark();
  if (typeof EventSource === 'undefined') return state('off');
  state('reconnecting');
  let alone = false;
  const onOwn = () => {
    if (alone) return;
    alone = true;
    ownStream(topics, handle, state);
  };
  try {
    sharedStream(topics, handle, state, onOwn);
  } catch {
    onOwn();
  }
}

function sharedStream(topics, handle, state, onMissing) {
  const worker = new SharedWorker('/assets/live-worker.js', { type: 'module', name: 'toystore' });
  const { port } = worker;
  const here = () => port.postMessage({ topics, since: performance.timeOrigin });
  const missing = () => {
    port.postMessage({ bye: true });
    port.close();
    clearInterval(beat);
    onMissing();
  };
  const deadline = setTimeout(missing, HELLO_MS);
  const beat = setInterval(here, HEARTBEAT_MS);
  worker.onerror = () => {
    clearTimeout(deadline);
    missing();
  };
  port.onmessage = ({ data }) => {
    clearTimeout(deadline);
    if (data.state) state(data.state);
    else if (data.name) handle(data.name, data.data);
  };
  here();
  addEventListener('pagehide', () => port.postMessage({ bye: true }));
  addEventListener('pageshow', (event) => {
    if (event.persisted) here();
  });
}

function ownStream(topics, handle, state) {
  const stream = new Stream(handle, state);
  const look = () => stream.want(new Set(document.hidden ? [] : topics));
  document.addEventListener('visibilitychange', look);
  look();
}

function mark() {
  const place = document.getElementById('live');
  return (state) => {
    if (place.dataset.state === state) return;
    place.hidden = false;
    place.dataset.state = state;
    place.textContent = WORDS[state];
  };
}
