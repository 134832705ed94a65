// The shop with script: orders are sent without leaving the page, and the stock changes as it changes.

import { follow } from './live.js';
import { order, orders, resume, watch } from './orders.js';

const LIMIT_MS = 8000;
const CHANGED_MS = 1600;
const DOUBLE_MS = 500;
const PAUSES_MS = [2000, 3000, 5000, 8000];

/** The cards by the name of their product, and which order each of them tells about. */
let cards = new Map();
const told = new Map();
/** When each form was last sent, and with which quantity. */
const pressed = new WeakMap();
/** How often a product has changed here. */
const changed = new Map();
const mine = document.getElementById('mine');
const list = document.getElementById('mine-list');
const none = document.getElementById('mine-none');

function readCards() {
  cards = new Map();
  for (const card of document.querySelectorAll('.product')) cards.set(card.dataset.name, card);
}

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (!form.matches('form.buy')) return;
  event.preventDefault();
  const name = form.elements.namedItem('name').value;
  const quantity = form.elements.namedItem('quantity').valueAsNumber;
  // A double click is meant as one.
  const last = pressed.get(form);
  if (last?.quantity === quantity && event.timeStamp - last.at < DOUBLE_MS) return;
  pressed.set(form, { quantity, at: event.timeStamp });
  if (Number.isInteger(quantity)) told.set(name, order(name, quantity));
  show();
});

function show() {
  const all = orders();
  for (const [name, card] of cards) showAnswer(card, all.find((one) => one.key === told.get(name)));
  none.hidden = all.length > 0;
  list.replaceChildren(...all.map(item));
}

function showAnswer(card, found) {
  const [answer, attempts] = card.querySelector('.answer').children;
  const state = found ? (found.state === 'asking' && found.attempts > 0 ? 'again' : found.state) : '';
  const count = state === 'again' ? `Attempt ${found.attempts + 1}` : '';
  if (attempts.textContent !== count) attempts.textContent = count;
  const shown = `${found?.key} ${state}`;
  if (card.dataset.shown === shown) return;
  card.dataset.shown = shown;
  answer.parentElement.dataset.state = state;
  answer.replaceChildren(...sentence(found, state));
  if (state === 'short') setStock(card, found.left);
}

function sentence(found, state) {
  switch (state) {
    case 'asking':
      return ['Ordering …'];
    case 'again':
      return ['No answer yet; asking again under the same key — you will not be charged twice.'];
    case 'placed':
      return ['Ordered: number ', orderLink(found.number), '.'];
    case 'short':
      return [shortage(found)];
    case 'refused':
      return [capital(found.message)];
    default:
      return [];
  }
}

function shortage({ left }) {
  return left === 0 ? 'Sold out.' : `Only ${left} left.`;
}

function item(one) {
  const row = document.createElement('li');
  row.dataset.state = one.state;
  const what = document.createElement('span');
  what.className = 'what';
  what.textContent = `${one.quantity} × ${one.name}`;
  const state = document.createElement('span');
  state.className = 'soft';
  if (one.state === 'placed') state.append('Order ', orderLink(one.number));
  else if (one.state === 'asking') state.append(one.attempts ? `No answer yet, attempt ${one.attempts + 1}` : 'Under way');
  else state.append(one.state === 'short' ? `Not ordered. ${shortage(one)}` : `Not ordered: ${one.message}`);
  const time = document.createElement('time');
  time.className = 'soft';
  time.dateTime = one.at;
  time.textContent = when(new Date(one.at));
  row.append(what, state, time);
  return row;
}

/** The time of today's orders, the day of older ones. */
function when(at) {
  const today = at.toDateString() === new Date().toDateString();
  return today ? at.toLocaleTimeString([], { timeStyle: 'short' }) : at.toLocaleDateString([], { dateStyle: 'medium' });
}

function orderLink(number) {
  const link = document.createElement('a');
  link.href = `/order?number=${number}`;
  link.textContent = number;
  return link;
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function setStock(card, quantity) {
  const stock = card.querySelector('.stock');
  const text = quantity === 0 ? 'Sold out' : `${quantity} left`;
  if (stock.textContent === text) return;
  // Read out only what the person is buying: a busy store would never be silent.
  const buying = told.has(card.dataset.name) || card.contains(document.activeElement);
  if (buying) stock.setAttribute('aria-live', 'polite');
  else stock.removeAttribute('aria-live');
  stock.textContent = text;
  card.classList.toggle('sold-out', quantity === 0);
  const button = card.querySelector('button');
  // A button that has the focus keeps it; buying then says that it is sold out.
  button.disabled = quantity === 0 && button !== document.activeElement;
  stock.classList.remove('changed');
  void stock.offsetWidth;
  stock.classList.add('changed');
  setTimeout(() => stock.classList.remove('changed'), CHANGED_MS);
}

function setProduct({ name, price, quantity }) {
  const card = cards.get(name);
  if (!card) return;
  changed.set(name, (changed.get(name) ?? 0) + 1);
  card.querySelector('.price').textContent = typeof price === 'number' ? price.toFixed(2) : price;
  setStock(card, quantity);
}

/**
 * Reads all that is shown anew, by one request for the page: asking for each toy would throw others out of the cache. Once at
 * a time, and once more if it was asked for meanwhile.
 */
let wanted = 0;
async function readShown() {
  if (wanted++) return;
  for (let attempt = 0; wanted > 0; attempt++) {
    wanted = 1;
    const before = new Map(changed);
    const page = await getPage();
    // What came by the stream meanwhile may be newer; if it is older, the newer one comes, too.
    for (const card of page?.querySelectorAll('.product') ?? []) {
      if (changed.get(card.dataset.name) === before.get(card.dataset.name)) setProduct(read(card));
    }
    if (page) wanted--;
    else await pause(attempt);
  }
}

function read(card) {
  const stock = Number.parseInt(card.querySelector('.stock').textContent, 10);
  return { name: card.dataset.name, price: card.querySelector('.price').textContent, quantity: stock || 0 };
}

/** This page as it is now, or null while its list can't be shown. */
async function getPage() {
  const response = await get(location.href);
  if (!response?.ok) return null;
  const page = new DOMParser().parseFromString(await response.text().catch(() => ''), 'text/html');
  return page.querySelector('.products') && page;
}

function pause(attempt) {
  return new Promise((done) => setTimeout(done, PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)]));
}

async function get(url) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), LIMIT_MS);
  try {
    return await fetch(url, { headers: { Accept: 'text/html' }, signal: limit.signal, cache: 'no-store' });
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/** While the list can't be shown, asks for the page again, and takes the list over once it has one. */
async function retryList() {
  let page = null;
  for (let attempt = 0; document.querySelector('[data-notice]') && !page; attempt++) {
    await pause(attempt);
    page = await getPage();
  }
  if (!page) return;
  document.getElementById('products').replaceWith(document.adoptNode(page.getElementById('products')));
  readCards();
  show();
}

mine.hidden = false;
readCards();
// An order under way from before a reload is told about on its card again.
for (const one of orders()) if (one.state === 'asking' && !told.has(one.name)) told.set(one.name, one.key);
watch(show);
show();
resume();
retryList();
follow(['products'], (event, data) => {
  if (event === 'products') data.products.forEach(setProduct);
  else readShown();
});
