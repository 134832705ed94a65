// One stream of events from the store, that begins anew whenever it ends, and what is remembered of it.

import { Series } from './series.js';

const TOPIC_OF = {
  products: 'products', reload: 'products', gap: 'products',
  cluster: 'cluster', series: 'cluster', second: 'cluster', log: 'cluster',
  lab: 'lab',
};
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** A server that can't serve a stream now opens it and ends it at once; live is what stays open for this long. */
const STAYS_OPEN_MS = 1000;
/** The topic "cluster" has an event each second; a stream without any for so long is dead. */
const SILENCE_MS = 15_000;
/** For so long without a stream it is "reconnecting", later "off". */
const HOPE_MS = 20_000;
const LINES = 200;
const CHANGED = 500;

export function topicOf(event) {
  return TOPIC_OF[event];
}

/**
 * Holds one EventSource for the topics that are wanted. `onEvent(name, data)` gets what comes, and "gap" when changes of
 * products may have been missed; `onState` gets "live", "reconnecting", "off".
 */
export class Stream {
  #wanted = '';
  #source = null;
  #former = null;
  #pause = FIRST_PAUSE_MS;
  #timers = {};
  #heard = 0;
  #covered = new Map();
  #onEvent;
  #onState;
  state = 'off';

  constructor(onEvent, onState) {
    this.#onEvent = onEvent;
    this.#onState = onState;
    setInterval(() => this.#watchSilence(), SILENCE_MS / 3);
  }

  /** Since when a topic came without a break (milliseconds since 1970), or undefined. */
  since(topic) {
    return this.#covered.get(topic);
  }

  /** Opens, reopens or closes the stream so that it has exactly these topics. */
  want(topics) {
    const wanted = [...topics].sort().join(',');
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    for (const topic of this.#covered.keys()) if (!topics.has(topic)) this.#covered.delete(topic);
    this.#pause = FIRST_PAUSE_MS;
    if (wanted) this.#open();
    else this.#close();
  }

  #open() {
    this.#clear('again', 'stays');
    // An open one goes on until the new one is open, too, so that a new topic makes no gap in the others.
    if (this.#source?.readyState === EventSource.OPEN) {
      this.#former?.close();
      this.#former = this.#source;
    } else {
      this.#source?.close();
    }
    const source = new EventSource(`/events?topics=${this.#wanted}`);
    this.#source = source;
    if (this.state !== 'live') this.#hope();
    source.onopen = () => this.#opened(source);
    source.onerror = () => this.#failed(source);
    for (const name of Object.keys(TOPIC_OF)) {
      source.addEventListener(name, (event) => this.#event(source, name, event.data));
    }
  }

  #opened(source) {
    if (source !== this.#source) return;
    this.#heard = Date.now();
    this.#dropFormer();
    this.#clear('stays');
    this.#timers.stays = setTimeout(() => this.#confirm(), STAYS_OPEN_MS);
  }

  #event(source, name, text) {
    if (source !== this.#source && source !== this.#former) return;
    this.#heard = Date.now();
    let data;
    try {
      data = JSON.parse(text);
    } catch {
      return;
    }
    if (source === this.#source) this.#confirm();
    this.#onEvent(name, data);
  }

  #confirm() {
    this.#clear('stays', 'hope');
    this.#pause = FIRST_PAUSE_MS;
    this.#say('live');
    for (const topic of this.#wanted.split(',')) {
      if (this.#covered.has(topic)) continue;
      this.#covered.set(topic, Date.now());
      if (topic === 'products') this.#onEvent('gap', {});
    }
  }

  #failed(source) {
    if (source === this.#former) {
      if (this.#source?.readyState !== EventSource.OPEN) this.#covered.clear();
      return this.#dropFormer();
    }
    if (source !== this.#source) return;
    this.#clear('stays');
    this.#dropFormer();
    this.#covered.clear();
    this.#hope();
    // After an answer other than a stream an EventSource gives up for good.
    if (source.readyState === EventSource.CLOSED) this.#again();
  }

  #again() {
    this.#source?.close();
    this.#source = null;
    this.#clear('again');
    this.#timers.again = setTimeout(() => this.#open(), this.#pause * (0.5 + Math.random() / 2));
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
  }

  #watchSilence() {
    if (!this.#source || this.state !== 'live' || !this.#wanted.includes('cluster')) return;
    if (Date.now() - this.#heard < SILENCE_MS) return;
    this.#covered.clear();
    this.#hope();
    this.#again();
  }

  #close() {
    this.#clear('again', 'stays', 'hope');
    this.#dropFormer();
    this.#source?.close();
    this.#source = null;
    this.#covered.clear();
    this.#say('off');
  }

  #dropFormer() {
    this.#former?.close();
    this.#former = null;
  }

  #hope() {
    if (this.#timers.hope) return;
    this.#say('reconnecting');
    this.#timers.hope = setTimeout(() => this.#say('off'), HOPE_MS);
  }

  #say(state) {
    if (state === this.state) return;
    this.state = state;
    this.#onState(state);
  }

  #clear(...names) {
    for (const name of names) {
      clearTimeout(this.#timers[name]);
      delete this.#timers[name];
    }
  }
}

/** What a page that joins a running stream has to be told. */
export class Memory {
  #latest = new Map();
  #series = new Series();
  #lines = [];
  #changed = [];

  take(name, data) {
    if (name === 'cluster' || name === 'lab') this.#latest.set(name, data);
    if (name === 'series') this.#series.take(data);
    if (name === 'second') this.#series.add(data);
    if (name === 'log') this.#lines = merge(this.#lines, data.lines);
    if (name === 'products') {
      this.#changed.push({ at: Date.now(), products: data.products });
      this.#changed = this.#changed.slice(-CHANGED);
    }
  }

  /** The events for a page with these topics whose document is from the time `since`. */
  replay(topics, since) {
    const events = [];
    if (topics.includes('cluster')) {
      events.push(['series', this.#series.event()], ['log', { lines: this.#lines }]);
    }
    for (const [name, data] of this.#latest) if (topics.includes(name)) events.push([name, data]);
    if (topics.includes('products')) {
      for (const { at, products } of this.#changed) if (at >= since) events.push(['products', { products }]);
    }
    return events;
  }
}

/** Log lines with new ones behind, each once, the last 200. Ids begin anew with a front-end's start; times don't. */
export function merge(lines, added) {
  const known = new Set(lines.map((line) => `${line.id} ${line.at}`));
  return [...lines, ...added.filter((line) => !known.has(`${line.id} ${line.at}`))].slice(-LINES);
}
