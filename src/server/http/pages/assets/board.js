// The parts that the cluster's page and the lab share: the drawing, the nodes, the charts, the cache, the views, the log.

import { Charts } from './charts.js';
import { button, clock, count, make, set, text } from './dom.js';
import { Drawing } from './drawing.js';
import { merge } from './stream.js';

const place = (id) => document.getElementById(id);
const VIEWS = 100;

export class Board {
  #drawing;
  #charts = new Charts(place('charts'));
  #onNode;
  #lab = null;
  #views = '';
  #lines = [];
  cluster = null;

  /** `onLink(a, b)` when a line is pressed, `onNode(node, action)` for the button of a node; null without a lab. */
  constructor({ onLink = null, onNode = null } = {}) {
    this.#drawing = new Drawing(place('drawing'), onLink);
    this.#onNode = onNode;
    place('log-node').addEventListener('change', () => this.#showLog());
  }

  /** Takes any event of the topics "cluster" and "lab". */
  take(event, data) {
    if (event === 'cluster') this.#takeCluster(data);
    else if (event === 'lab') this.#takeLab(data);
    else if (event === 'log') this.#takeLines(data.lines);
    else if (event === 'series' || event === 'second') this.#charts.take(event, data);
  }

  #takeCluster(cluster) {
    this.#announce(this.cluster?.view, cluster.view);
    this.cluster = cluster;
    text(place('seen-at'), `, at ${clock(cluster.at)}`);
    for (const one of cluster.nodes) this.#showNode(one);
    for (const row of place('nodes').tBodies[0].querySelectorAll('tr')) {
      if (!cluster.nodes.some((one) => one.node === row.dataset.node)) row.remove();
    }
    showCache(cluster.front_end);
    this.#showViews(cluster.views);
    this.#drawing.show(cluster, this.#lab);
  }

  #takeLab(lab) {
    this.#lab = lab;
    if (!this.cluster) return;
    for (const one of this.cluster.nodes) this.#showNode(one);
    this.#drawing.show(this.cluster, lab);
  }

  #announce(before, view) {
    if (before === undefined || before?.epoch === view?.epoch) return;
    text(place('announce'), view ? `${view.leader} leads in epoch ${view.epoch}.` : 'Nobody leads.');
  }

  #showNode(one) {
    const body = place('nodes').tBodies[0];
    let row = [...body.rows].find((each) => each.dataset.node === one.node);
    if (!row) body.append(row = this.#newRow(one));
    const lab = this.#lab?.nodes.find((each) => each.node === one.node);
    const state = lab && lab.state !== 'running' ? lab.state : one.state;
    set(row, { 'data-state': one.state });
    text(row.querySelector('.state'), state);
    const fields = { ...one, role: one.role || '–', waits: one.waits ?? '', in_sync: one.in_sync === null ? '–' : one.in_sync ? 'yes' : 'no' };
    for (const field of ['epoch', 'last', 'acknowledged', 'lag']) fields[field] = count(one[field]);
    for (const cell of row.querySelectorAll('td[data-field]:not([data-field=state])')) text(cell, fields[cell.dataset.field]);
    if (this.#onNode && lab) this.#showButton(row.querySelector('.break'), lab);
  }

  #newRow({ node, address }) {
    const cell = (field, kind) => make('td', { 'data-field': field, class: kind });
    const row = make('tr', { 'data-node': node },
      make('th', { scope: 'row' }, make('span', { class: 'name' }, node), make('span', { class: 'soft address' }, address ?? '')),
      make('td', { 'data-field': 'state' }, make('span', { class: 'state' })), cell('role', ''),
      ...['epoch', 'last', 'acknowledged', 'lag'].map((field) => cell(field, 'number')),
      cell('in_sync', ''), cell('waits', 'waits'));
    if (this.#onNode) row.append(make('td', { class: 'break' }));
    return row;
  }

  #showButton(cell, { node, state }) {
    const action = state === 'crashed' || state === 'stopped' ? 'restart' : 'crash';
    if (cell.dataset.action === action) return;
    cell.dataset.action = action;
    const label = action === 'crash' ? 'Crash' : 'Restart';
    if (!cell.firstChild) {
      cell.append(button('', { class: 'small' }, () => this.#onNode(node, cell.dataset.action)));
    }
    text(cell.firstChild, label);
    set(cell.firstChild, { class: action === 'crash' ? 'small danger' : 'small quiet', 'aria-label': `${label} ${node}` });
  }

  #showViews(views) {
    const signature = JSON.stringify(views);
    if (signature === this.#views || views.length === 0) return;
    this.#views = signature;
    const newest = [...views].sort((a, b) => b.epoch - a.epoch).slice(0, VIEWS);
    place('views').tBodies[0].replaceChildren(...newest.map((view) => make('tr', {},
      make('td', { class: 'number' }, count(view.epoch)), make('td', {}, view.leader ?? '–'),
      make('td', {}, view.in_sync.join(', ')), make('td', { class: 'waits' }, view.why ?? ''),
      make('td', {}, clock(view.at)),
      make('td', { class: 'number' }, view.took_ms === null || view.took_ms === undefined ? '–' : `${count(view.took_ms)} ms`))));
  }

  #takeLines(lines) {
    const before = this.#lines;
    this.#lines = merge(before, lines);
    if (this.#lines.at(-1) === before.at(-1)) return;
    const known = new Set(before);
    const select = place('log-node');
    for (const { node } of this.#lines) {
      if (![...select.options].some((option) => option.value === node)) select.append(make('option', {}, node));
    }
    if (before.length === 0) return this.#showLog();
    const added = this.#lines.filter((line) => !known.has(line) && this.#wanted(line));
    const list = place('log');
    if (added.length) list.querySelector(':scope > .soft:only-child')?.remove();
    list.prepend(...added.reverse().map(logItem));
    while (list.children.length > this.#lines.length) list.lastChild.remove();
  }

  #showLog() {
    const shown = this.#lines.filter((line) => this.#wanted(line)).reverse();
    place('log').replaceChildren(...(shown.length ? shown.map(logItem) : [make('li', { class: 'soft' }, 'Nothing to show yet.')]));
  }

  #wanted(line) {
    const { value } = place('log-node');
    return value === '' || value === line.node;
  }
}

function logItem({ at, node, text: sentence, level }) {
  return make('li', { 'data-level': level },
    make('time', { datetime: at }, clock(at)), make('span', { class: 'node' }, node), make('span', { class: 'sentence' }, sentence));
}

function showCache({ node, cache }) {
  text(place('front-end'), node);
  if (!cache) return;
  const asked = cache.hits + cache.misses;
  const shown = {
    rate: asked ? `${((cache.hits / asked) * 100).toFixed(1)} %` : '–',
    hits: count(cache.hits), misses: count(cache.misses), evictions: count(cache.evictions),
    invalidations: count(cache.invalidations), size: `${count(cache.products)} of ${count(cache.capacity)}`,
  };
  for (const entry of place('cache').querySelectorAll('[data-cache]')) text(entry, shown[entry.dataset.cache]);
}
