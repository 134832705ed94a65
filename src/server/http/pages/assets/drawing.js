// The drawing of who talks to whom. The table of nodes says the same in words.

import { draw, set, text } from './dom.js';

const BOX = { width: 122, height: 58 };
const WIDE = { width: 720, height: 400, left: 180, right: 540, top: 45, low: 235, deep: 110, margin: 105 };
const NARROW = { width: 350, height: 420, left: 82, right: 268, top: 40, low: 230, deep: 120, margin: 66 };
const NARROW_BELOW = 560;
/** Where on a line its fault is named: not in the middle, where lines cross. */
const LABEL_AT = 0.35;
const ROLES = { leader: 'leads', follower: 'follows', 'front-end': 'front-end', catalog: 'catalog' };

export class Drawing {
  #place;
  #onLink;
  #built = '';
  #nodes = new Map();
  #links = new Map();
  #svg = null;
  #last = null;

  /** `onLink(a, b)` is called when a person presses a line; without it lines can't be pressed. */
  constructor(place, onLink = null) {
    this.#place = place;
    this.#onLink = onLink;
    new ResizeObserver(() => this.#last && this.show(...this.#last)).observe(place);
  }

  /** Shows what the cluster said, and what the lab does to it (or null). */
  show(cluster, lab) {
    this.#last = [cluster, lab];
    const size = this.#place.clientWidth < NARROW_BELOW ? NARROW : WIDE;
    const built = `${size.width} ${cluster.nodes.map((one) => `${one.node} ${one.kind}`).join(', ')}`;
    if (built !== this.#built) this.#build(cluster.nodes, size);
    this.#built = built;
    const faults = new Map((lab?.links ?? []).map(({ a, b, fault }) => [pair(a, b), fault]));
    const states = new Map((lab?.nodes ?? []).map((one) => [one.node, one]));
    for (const one of cluster.nodes) this.#showNode(one, states.get(one.node), cluster.view);
    for (const link of this.#links.values()) this.#showLink(link, faults, cluster, states);
    set(this.#svg, { 'aria-label': summary(cluster, faults) });
  }

  #build(nodes, size) {
    const at = places(nodes, size);
    this.#nodes.clear();
    this.#links.clear();
    this.#svg = draw('svg', { viewBox: `0 0 ${size.width} ${size.height}`, role: this.#onLink ? 'group' : 'img' });
    nodes.forEach((a, i) => {
      for (const b of nodes.slice(i + 1)) {
        if (a.kind === 'front-end' && b.kind === 'front-end') continue;
        this.#links.set(pair(a.node, b.node), this.#buildLink(a, b, at));
      }
    });
    for (const { group } of this.#links.values()) this.#svg.append(group);
    for (const one of nodes) this.#svg.append(this.#buildNode(one, at.get(one.node)));
    this.#place.replaceChildren(this.#svg);
  }

  #buildLink(a, b, at) {
    const [from, to] = [at.get(a.node), at.get(b.node)];
    const ends = { x1: from.x, y1: from.y, x2: to.x, y2: to.y };
    const shown = draw('line', { class: 'shown', ...ends });
    const label = draw('text', {
      x: from.x + (to.x - from.x) * LABEL_AT,
      y: from.y + (to.y - from.y) * LABEL_AT + 4,
      class: 'fault',
    });
    const group = draw('g', { class: 'link' }, draw('line', { class: 'hit', ...ends }), shown, label);
    if (this.#onLink) {
      set(group, { role: 'button', tabindex: 0 });
      const press = () => this.#onLink(a.node, b.node);
      group.addEventListener('click', press);
      group.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        press();
      });
    }
    return { a, b, group, label };
  }

  #buildNode({ node }, { x, y }) {
    const { width, height } = BOX;
    const name = draw('text', { y: -5, class: 'name' }, node);
    const detail = draw('text', { y: 15, class: 'detail' });
    const rect = draw('rect', { x: -width / 2, y: -height / 2, width, height, rx: 10 });
    const crown = draw('path', {
      class: 'crown', d: 'M-13 8 L-16 -6 L-7 0 L0 -9 L7 0 L16 -6 L13 8 Z', transform: `translate(0 ${-height / 2 - 9})`,
    });
    const group = draw('g', { class: 'node', transform: `translate(${x} ${y})`, 'aria-hidden': 'true' }, rect, name, detail, crown);
    this.#nodes.set(node, { group, detail });
    return group;
  }

  #showNode(one, lab, view) {
    const { group, detail } = this.#nodes.get(one.node);
    const leads = one.state === 'up' && view?.leader === one.node;
    set(group, { 'data-state': stateOf(one, lab), 'data-leader': leads });
    text(detail, detailOf(one, lab));
  }

  #showLink({ a, b, group, label }, faults, cluster, states) {
    const fault = faults.get(pair(a.node, b.node)) ?? 'none';
    const dead = [a, b].some(({ node }) => {
      const one = cluster.nodes.find((each) => each.node === node);
      return stateOf(one, states.get(node)) !== 'up';
    });
    set(group, {
      'data-fault': fault,
      'data-dead': dead,
      'data-flow': !dead && fault !== 'cut' && flows(a, b, cluster.view),
    });
    if (this.#onLink) set(group, { 'aria-label': `${a.node} to ${b.node}: ${fault === 'none' ? 'no fault' : fault}` });
    text(label, fault === 'none' ? '' : fault);
  }
}

/** The name of an unordered pair. */
export function pair(a, b) {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

/** Front-ends at the upper left, the catalog at the upper right, replicas on an arc below. */
function places(nodes, size) {
  const at = new Map();
  const fronts = nodes.filter((one) => one.kind === 'front-end');
  const replicas = nodes.filter((one) => one.kind === 'order');
  fronts.forEach((one, i) => at.set(one.node, { x: size.left, y: size.top + i * (BOX.height + 12) }));
  replicas.forEach((one, i) => {
    const angle = replicas.length > 1 ? (i / (replicas.length - 1)) * Math.PI : Math.PI / 2;
    const half = size.width / 2;
    at.set(one.node, { x: half - (half - size.margin) * Math.cos(angle), y: size.low + size.deep * Math.sin(angle) });
  });
  for (const one of nodes) if (!at.has(one.node)) at.set(one.node, { x: size.right, y: size.top });
  return at;
}

/** Whether orders or stock go over this line in this view. */
function flows(a, b, view) {
  const kinds = [a.kind, b.kind].sort().join(' ');
  if (kinds === 'catalog front-end') return true;
  if (!view) return false;
  const leads = [a.node, b.node].includes(view.leader);
  if (kinds !== 'order order') return leads;
  return leads && view.in_sync.includes(a.node) && view.in_sync.includes(b.node);
}

function stateOf(one, lab) {
  if (lab?.state === 'crashed' || lab?.state === 'stopped') return 'down';
  if (lab?.state === 'paused') return 'silent';
  return one?.state ?? 'down';
}

function detailOf(one, lab) {
  if (lab && lab.state !== 'running') return lab.state;
  if (one.state !== 'up') return one.state;
  if (lab && lab.disk !== 'healthy') return `disk ${lab.disk}`;
  return (ROLES[one.role] ?? one.role) || one.kind;
}

function summary({ nodes, view }, faults) {
  const dead = nodes.filter((one) => one.state !== 'up').map((one) => `${one.node} is ${one.state}`);
  const broken = [...faults].filter(([, fault]) => fault !== 'none').map(([names, fault]) => `${names.replace(' ', ' to ')} is ${fault}`);
  const leads = view ? `${view.leader} leads` : 'nobody leads';
  return `Drawing of the cluster: ${[leads, ...dead, ...broken].join(', ')}.`;
}
