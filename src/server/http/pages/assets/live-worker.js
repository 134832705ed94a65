// Holds the one stream of this browser for all its pages: a browser has six connections to an origin over all tabs, and a
// stream in each tab would use them up.

import { Memory, Stream, topicOf } from './stream.js';

/** A page is heard every 10 s, but once a minute in a tab that is long hidden. */
const VANISHED_MS = 150_000;

const pages = new Map();
const memory = new Memory();
const stream = new Stream(
  (name, data) => {
    memory.take(name, data);
    for (const [port, page] of pages) if (page.topics.includes(topicOf(name))) port.postMessage({ name, data });
  },
  (state) => {
    for (const port of pages.keys()) port.postMessage({ state });
  },
);

function here(port, { topics, since }) {
  const known = pages.has(port);
  pages.set(port, { topics, heard: Date.now() });
  stream.want(union());
  if (known) return;
  port.postMessage({ state: stream.state });
  for (const [name, data] of memory.replay(topics, since)) port.postMessage({ name, data });
  // Before the stream had products, they may have changed after the page was made.
  if (topics.includes('products') && stream.since('products') > since) port.postMessage({ name: 'gap', data: {} });
}

function gone(port) {
  pages.delete(port);
  stream.want(union());
}

function union() {
  return new Set([...pages.values()].flatMap((page) => page.topics));
}

setInterval(() => {
  for (const [port, page] of pages) if (Date.now() - page.heard > VANISHED_MS) gone(port);
}, 10_000);

self.onconnect = (event) => {
  const [port] = event.ports;
  port.onmessage = ({ data }) => (data.bye ? gone(port) : here(port, data));
  port.postMessage({ hello: true });
};
