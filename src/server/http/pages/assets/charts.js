// Line charts of the last five minutes. Where nothing was measured there is no line.

import { count, draw, make, set, text } from './dom.js';
import { SECONDS, Series } from './series.js';

const HEIGHT = 170;
const INSET = { top: 10, right: 8, bottom: 24, left: 62 };
const CHARTS = [
  { title: 'Orders per second', unit: '', lines: [{ field: 'orders', name: 'orders' }] },
  { title: 'Order latency', unit: ' ms', lines: [{ field: 'p50_ms', name: 'p50' }, { field: 'p99_ms', name: 'p99' }] },
  { title: 'Cache hits per second', unit: '', lines: [{ field: 'hits', name: 'hits' }] },
];

export class Charts {
  #series = new Series();
  #charts;

  constructor(place) {
    this.#charts = CHARTS.map((what) => new Chart(what, this.#series));
    place.replaceChildren(...this.#charts.map((chart) => chart.figure));
    new ResizeObserver(() => this.#show()).observe(place);
  }

  /** Takes the events "series" and "second". */
  take(event, data) {
    if (event === 'series') this.#series.take(data);
    else this.#series.add(data);
    this.#show();
  }

  #show() {
    for (const chart of this.#charts) chart.show();
  }
}

class Chart {
  #what;
  #series;
  #plot;
  #svg;
  #now;
  #reading;
  /** Seconds before the last one that a person reads, or null. */
  #back = null;

  constructor(what, series) {
    this.#what = what;
    this.#series = series;
    this.#svg = draw('svg', { 'aria-hidden': 'true', height: HEIGHT });
    this.#plot = make('div', { class: 'plot', tabindex: 0, role: 'slider', 'aria-label': `${what.title}, read by the arrow keys`,
      'aria-valuemin': -SECONDS + 1, 'aria-valuemax': 0, 'aria-valuenow': 0 }, this.#svg);
    this.#now = make('p', { class: 'now' }, ...what.lines.map((_, i) => make('span', { class: `key key-${i + 1}` })));
    this.#reading = make('p', { class: 'reading soft' });
    this.figure = make('figure', { class: 'chart' }, make('figcaption', {}, make('h3', {}, what.title), this.#now), this.#plot, this.#reading);
    this.#listen();
  }

  #listen() {
    this.#plot.addEventListener('pointermove', (event) => this.#readAt(event.offsetX));
    this.#plot.addEventListener('pointerdown', (event) => this.#readAt(event.offsetX));
    this.#plot.addEventListener('pointerleave', () => this.#read(null));
    this.#plot.addEventListener('blur', () => this.#read(null));
    this.#plot.addEventListener('keydown', (event) => {
      const steps = { ArrowLeft: 1, ArrowDown: 1, ArrowRight: -1, ArrowUp: -1, PageUp: 30, PageDown: -30, Home: SECONDS, End: -SECONDS };
      const step = steps[event.key];
      if (step === undefined) return;
      event.preventDefault();
      this.#read((this.#back ?? 0) + step);
    });
  }

  #readAt(x) {
    const width = this.#plot.clientWidth - INSET.left - INSET.right;
    this.#read(Math.round((1 - (x - INSET.left) / width) * (SECONDS - 1)));
  }

  #read(back) {
    this.#back = back === null ? null : Math.min(Math.max(back, 0), SECONDS - 1);
    this.show();
  }

  show() {
    const width = this.#plot.clientWidth;
    if (width === 0) return;
    const last = this.#series.last;
    const points = last === null ? [] : Array.from({ length: SECONDS }, (_, i) => this.#series.at(last - SECONDS + 1 + i));
    const top = niceTop(Math.max(1, ...points.flatMap((point) => this.#what.lines.map(({ field }) => point?.[field] ?? 0))));
    const x = (i) => INSET.left + (i / (SECONDS - 1)) * (width - INSET.left - INSET.right);
    const y = (value) => HEIGHT - INSET.bottom - (value / top) * (HEIGHT - INSET.top - INSET.bottom);
    set(this.#svg, { width, viewBox: `0 0 ${width} ${HEIGHT}` });
    this.#svg.replaceChildren(
      ...this.#axes(x, y, top, width),
      ...this.#what.lines.map(({ field }, i) => draw('path', { class: `series series-${i + 1}`, d: path(points, field, x, y) })),
      ...this.#cross(x),
    );
    this.#say(points);
  }

  #axes(x, y, top, width) {
    const rules = [0, top / 2, top].flatMap((value) => [
      draw('line', { class: 'rule', x1: INSET.left, x2: width - INSET.right, y1: y(value), y2: y(value) }),
      draw('text', { class: 'tick', x: INSET.left - 8, y: y(value) + 4, 'text-anchor': 'end' }, number(value) + (value === top ? this.#what.unit : '')),
    ]);
    const minutes = [4, 3, 2, 1, 0].map((minute) => draw('text', {
      class: 'tick', x: x((SECONDS - 1) * (1 - minute / 5)), y: HEIGHT - 6, 'text-anchor': minute === 0 ? 'end' : 'middle',
    }, minute === 0 ? 'now' : `−${minute} min`));
    return [...rules, ...minutes];
  }

  #cross(x) {
    if (this.#back === null) return [];
    const at = x(SECONDS - 1 - this.#back);
    return [draw('line', { class: 'cross', x1: at, x2: at, y1: INSET.top, y2: HEIGHT - INSET.bottom })];
  }

  #say(points) {
    for (const [i, { field, name }] of this.#what.lines.entries()) {
      text(this.#now.children[i], `${name} ${this.#value(points.at(-1)?.[field])}`);
    }
    const back = this.#back ?? 0;
    const said = `${back === 0 ? 'now' : `${back} s ago`}: ${this.#values(points.at(-1 - back))}`;
    text(this.#reading, this.#back === null ? '' : said);
    set(this.#plot, { 'aria-valuenow': -back, 'aria-valuetext': said });
  }

  #values(point) {
    return this.#what.lines.map(({ field, name }) => `${name} ${this.#value(point?.[field], 'not measured')}`).join(', ');
  }

  #value(value, none = '–') {
    return value === null || value === undefined ? none : `${number(value)}${this.#what.unit}`;
  }
}

function path(points, field, x, y) {
  let drawn = '';
  let before = null;
  points.forEach((point, i) => {
    const value = point?.[field] ?? null;
    if (value !== null) {
      const lone = before === null && (points[i + 1]?.[field] ?? null) === null;
      drawn += `${before === null ? 'M' : 'L'}${x(i).toFixed(1)} ${y(value).toFixed(1)}${lone ? 'h.01' : ''}`;
    }
    before = value;
  });
  return drawn;
}

/** The next of 1, 2, 5, 10, … that is not less. */
function niceTop(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((top) => top >= value);
}

function number(value) {
  return value >= 100 || Number.isInteger(value) ? count(Math.round(value)) : value.toFixed(1);
}
