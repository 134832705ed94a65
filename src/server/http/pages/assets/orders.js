// Orders that this browser sent. Each is kept with its key before it is first sent, and until it is answered, so that
// whatever happens in between (no network, a reload, a crash of the store) it is asked for again under the same key.

const PLACE = 'toystore.orders';
const MOST = 100;
const LIMIT_MS = 8000;
const PAUSES_MS = [500, 1000, 2000, 4000, 8000];

const watchers = new Set();
/** Where nothing can be stored (a full or forbidden localStorage), orders live as long as the page. */
let unstored = null;

/** Calls back after every change, of this page or of another one. */
export function watch(callback) {
  watchers.add(callback);
}

/** Newest first: `{ key, name, quantity, at, state, attempts, number, message, left }`. */
export function orders() {
  if (unstored) return unstored;
  try {
    const list = JSON.parse(localStorage.getItem(PLACE) ?? '[]');
    return Array.isArray(list) ? list.filter((one) => typeof one?.key === 'string') : [];
  } catch {
    return [];
  }
}

/** Keeps a new order, and sends it until it is answered. Returns its key. */
export function order(name, quantity) {
  const key = newKey();
  const at = new Date().toISOString();
  save([{ key, name, quantity, at, state: 'asking', attempts: 0 }, ...orders()]);
  settle(key);
  return key;
}

/** Goes on with the orders that a page before this one had under way. */
export function resume() {
  for (const { key, state } of orders()) if (state === 'asking') settle(key);
}

/** Asks until there is an answer, or another page got it. */
async function settle(key) {
  for (let attempt = 0; ; attempt++) {
    const found = orders().find((one) => one.key === key);
    if (found?.state !== 'asking') return;
    const answer = await ask(found);
    if (answer) return change(key, answer);
    change(key, { attempts: found.attempts + 1 });
    await pause(PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)]);
  }
}

/** One attempt: what became of the order, or null while that is not known. */
async function ask({ key, name, quantity }) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), LIMIT_MS);
  try {
    const response = await fetch('/orders', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
      body: JSON.stringify({ name, quantity }),
      signal: limit.signal,
      cache: 'no-store',
    });
    return await read(response);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

async function read(response) {
  const { status } = response;
  if (status >= 500 || status === 408 || status === 429) return null;
  const body = await response.json();
  if (response.ok) return Number.isInteger(body.data?.order_number) ? { state: 'placed', number: body.data.order_number } : null;
  const message = body.error?.message ?? `the store answered ${status}`;
  const left = status === 409 ? /(\d+) left/.exec(message) : null;
  return left ? { state: 'short', message, left: Number(left[1]) } : { state: 'refused', message };
}

function change(key, fields) {
  save(orders().map((one) => (one.key === key ? { ...one, ...fields } : one)));
}

function save(list) {
  // What is under way is never dropped: nobody would get its answer.
  const kept = list.filter((one, place) => place < MOST || one.state === 'asking');
  try {
    localStorage.setItem(PLACE, JSON.stringify(kept));
    unstored = null;
  } catch {
    unstored = kept;
  }
  tell();
}

function tell() {
  for (const watcher of watchers) watcher();
}

/** crypto.randomUUID is missing on plain http from another machine. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

addEventListener('storage', (event) => {
  if (event.key === PLACE) tell();
});
