// What a person does to the store in the lab.

const LIMIT_MS = 20_000;

/** Sends one command. Returns the lab's state after it; throws an Error with the lab's message, or with why there is none. */
export async function control(path, body = {}) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), LIMIT_MS);
  try {
    const response = await fetch(`/lab/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal: limit.signal,
    });
    return await read(response);
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Error('The lab did not answer. Is the store still running?');
  } finally {
    clearTimeout(timer);
  }
}

export function nodePath(node, action) {
  return `nodes/${encodeURIComponent(node)}/${action}`;
}

class Refused extends Error {}

async function read(response) {
  const answer = await response.json().catch(() => null);
  if (response.ok && answer?.data) return answer.data;
  throw new Refused(answer?.error?.message ?? `The lab answered ${response.status}.`);
}
