// The verdict: whether the store kept what it promised to the shoppers.

import { clock, count, make, set, text } from './dom.js';

const BROKEN = ['lost', 'doubled', 'missing_numbers', 'stock_off', 'stale_reads'];

export function showVerdict(verdict) {
  const place = document.getElementById('verdict');
  const broken = BROKEN.some((field) => verdict[field] > 0) || verdict.violations.length > 0;
  const none = !broken && verdict.judged === 0 && verdict.judged_through === null;
  set(place, { 'data-verdict': broken ? 'broken' : none ? 'none' : 'kept' });
  text(document.getElementById('verdict-title'), broken ? 'A promise is broken' : none ? 'No verdict yet' : 'Nothing lost');
  text(document.getElementById('verdict-note'), note(verdict, none));
  for (const entry of place.querySelectorAll('[data-verdict-field]')) {
    const field = entry.dataset.verdictField;
    text(entry, count(verdict[field]));
    set(entry, { 'data-bad': BROKEN.includes(field) && verdict[field] > 0 });
  }
  document.getElementById('violations').replaceChildren(...verdict.violations.map(({ promise, facts }) => make('li', {},
    make('strong', {}, promise), make('ul', {}, ...facts.map((fact) => make('li', {}, fact))))));
}

function note({ judged, judged_through: through }, none) {
  if (none) return 'Every order that a shopper was promised is compared with what the store has.';
  return `${count(judged)} judged${through ? `, up to ${clock(through)}` : ''}.`;
}
