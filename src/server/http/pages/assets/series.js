// The last five minutes of measurements, one point a second. A second that is missing is a gap, not a zero.

export const SECONDS = 300;
const FIELDS = ['orders', 'hits', 'p50_ms', 'p99_ms'];

export class Series {
  #points = new Map();

  /** Takes a whole series as the server sends it. Points from before a gap in the stream stay. */
  take(series) {
    const length = Math.max(...FIELDS.map((field) => series[field]?.length ?? 0));
    for (let i = 0; i < length; i++) {
      const point = { t: series.from + i };
      for (const field of FIELDS) point[field] = series[field]?.[i] ?? null;
      if (FIELDS.some((field) => point[field] !== null)) this.#points.set(point.t, point);
    }
    this.#trim();
  }

  /** Takes one second. */
  add(point) {
    this.#points.set(point.t, point);
    this.#trim();
  }

  at(t) {
    return this.#points.get(t);
  }

  /** The last second that was measured, or null. */
  get last() {
    return this.#points.size ? Math.max(...this.#points.keys()) : null;
  }

  /** The whole as one event, as the server would send it. */
  event() {
    const last = this.last;
    const from = last === null ? 0 : Math.min(...this.#points.keys());
    const series = { from };
    for (const field of FIELDS) {
      series[field] = [];
      for (let t = from; last !== null && t <= last; t++) series[field].push(this.at(t)?.[field] ?? null);
    }
    return series;
  }

  #trim() {
    const last = this.last;
    for (const t of this.#points.keys()) if (t <= last - SECONDS) this.#points.delete(t);
  }
}
