// The lab: what a person can break, beside what the store makes of it.

import { Board } from './board.js';
import { control, nodePath } from './control.js';
import { button, make, set, text } from './dom.js';
import { pair } from './drawing.js';
import { EXPERIMENTS } from './experiments.js';
import { follow } from './live.js';
import { showVerdict } from './verdict.js';

const place = (id) => document.getElementById(id);
const FAULTS = ['none', 'cut', 'slow', 'lossy'];
const AFTER = { none: 'cut', cut: 'slow', slow: 'lossy', lossy: 'none' };
const DISKS = ['healthy', 'slow', 'full'];
const ARMED_MS = 4000;
const SETTLED_MS = 250;

let lab = null;

/** Sends commands one after another; the first that is refused ends it and is shown. */
async function send(...commands) {
  place('failure').hidden = true;
  try {
    for (const command of commands) {
      const step = typeof command === 'function' ? command(lab) : command;
      if (step) takeLab(await control(...step));
    }
    return true;
  } catch (error) {
    fail(error);
    return false;
  }
}

function fail(error) {
  place('failure').hidden = false;
  text(place('failure'), error.message);
}

function faultOf(a, b) {
  return lab?.links.find((link) => pair(link.a, link.b) === pair(a, b))?.fault ?? 'none';
}

function takeLab(state) {
  lab = state;
  board.take('lab', state);
  if (state.verdict) showVerdict(state.verdict);
  showNodes(state.nodes);
  showLinks(linked());
  showShoppers(state.shoppers);
  showBugs(state);
}

// Nodes and disks

const rows = new Map();

function showNodes(nodes) {
  if (nodes.some(({ node }) => !rows.has(node)) || rows.size !== nodes.length) {
    rows.clear();
    place('break').replaceChildren(...nodes.map(({ node }) => newRow(node)));
  }
  for (const one of nodes) showRow(rows.get(one.node), one);
}

function newRow(node) {
  const act = (label, action, style) => button(label, { class: `small ${style}`, 'aria-label': `${label} ${node}` }, () => send([nodePath(node, action)]));
  const row = {
    state: make('span', { class: 'state' }),
    why: make('p', { class: 'why soft' }),
    buttons: {
      crash: act('Crash', 'crash', 'danger'), restart: act('Restart', 'restart', 'quiet'),
      pause: act('Pause', 'pause', 'quiet'), resume: act('Resume', 'resume', 'quiet'),
    },
    disks: Object.fromEntries(DISKS.map((disk) => [disk, button(disk, { class: 'small quiet', 'aria-label': `${disk} disk for ${node}` }, () => send([nodePath(node, `${disk}-disk`)]))])),
  };
  rows.set(node, row);
  return make('li', { 'data-node': node },
    make('div', { class: 'who' }, make('h3', {}, node), row.state),
    make('div', { class: 'buttons' }, ...Object.values(row.buttons), wipeButton(node)),
    make('div', { class: 'segments', role: 'group', 'aria-label': `Disk of ${node}` }, make('span', { class: 'soft' }, 'Disk'), ...Object.values(row.disks)),
    row.why);
}

/** Wiping can't be taken back, so it takes a second press. */
function wipeButton(node) {
  let timer;
  const disarm = () => {
    clearTimeout(timer);
    set(wipe, { 'data-armed': null, 'aria-label': `Wipe the disk of ${node}` });
    text(wipe, 'Wipe disk');
  };
  const wipe = button('Wipe disk', { class: 'small danger', 'aria-label': `Wipe the disk of ${node}` }, () => {
    const armed = 'armed' in wipe.dataset;
    disarm();
    if (armed) return send([nodePath(node, 'wipe')]);
    set(wipe, { 'data-armed': true, 'aria-label': `Press again to wipe the disk of ${node}` });
    text(wipe, 'Press again');
    timer = setTimeout(disarm, ARMED_MS);
  });
  wipe.addEventListener('blur', disarm);
  return wipe;
}

function showRow(row, { state, why, disk }) {
  text(row.state, state);
  set(row.state, { 'data-state': state });
  text(row.why, why ?? '');
  const runs = state === 'running';
  const possible = { crash: runs || state === 'paused', restart: state !== 'paused' && !runs, pause: runs, resume: state === 'paused' };
  for (const [action, element] of Object.entries(row.buttons)) {
    if (element.disabled === possible[action]) element.disabled = !possible[action];
  }
  for (const [name, element] of Object.entries(row.disks)) set(element, { 'aria-pressed': String(name === disk) });
}

// Network

let matrix = '';

/** All that have links: the lab may not break every node itself. */
function linked() {
  return [...new Set([...(board.cluster?.nodes ?? []), ...lab.nodes].map((one) => one.node))];
}

function showLinks(nodes) {
  if (matrix !== nodes.join()) buildMatrix(nodes);
  for (const select of place('links').querySelectorAll('select')) {
    const fault = faultOf(select.dataset.a, select.dataset.b);
    if (select !== document.activeElement) select.value = fault;
    set(select, { 'data-fault': fault });
  }
}

function buildMatrix(nodes) {
  matrix = nodes.join();
  const columns = nodes.slice(1);
  const head = make('tr', {}, make('td', {}), ...columns.map((node) => make('th', { scope: 'col' }, node)));
  const lines = nodes.slice(0, -1).map((a, i) => make('tr', {}, make('th', { scope: 'row' }, a),
    ...columns.map((b, k) => make('td', {}, ...(k >= i ? [linkSelect(a, b)] : [])))));
  place('links').replaceChildren(make('thead', {}, head), make('tbody', {}, ...lines));
}

function linkSelect(a, b) {
  const select = make('select', { 'aria-label': `Network between ${a} and ${b}`, 'data-a': a, 'data-b': b }, ...FAULTS.map((fault) => make('option', {}, fault)));
  select.addEventListener('change', () => send(['links', { a, b, fault: select.value }]));
  return select;
}

// Shoppers

let changing = null;

function showShoppers({ count, buy_percent: percent }) {
  // What a person is moving is not pulled away by the state from before.
  if (changing) return;
  place('shoppers').value = count;
  place('buy-percent').value = percent;
  showSliders();
}

function showSliders() {
  text(place('shoppers-shown'), place('shoppers').value);
  text(place('buy-percent-shown'), `${place('buy-percent').value} %`);
}

function moveSlider() {
  showSliders();
  clearTimeout(changing);
  changing = setTimeout(async () => {
    const mine = changing;
    await control('shoppers', { count: place('shoppers').valueAsNumber, buy_percent: place('buy-percent').valueAsNumber }).then(
      (state) => mine === changing && ((changing = null), takeLab(state)),
      (error) => ((changing = null), fail(error)),
    );
  }, SETTLED_MS);
}

// Planted bugs

function showBugs({ bugs, bug }) {
  place('bugs').hidden = bugs === null;
  place('bug-on').hidden = bug === null;
  if (bug !== null) text(place('bug-on'), `The planted bug “${bug}” is on: a rule of the protocol is off, and the store may lose orders.`);
  if (bugs === null) return;
  const list = place('bug-list');
  if (list.querySelectorAll('label').length !== bugs.length + 1) {
    const none = { name: '', label: 'None', sentence: 'Every rule is kept.' };
    list.append(...[none, ...bugs].map(bugChoice));
  }
  for (const radio of list.querySelectorAll('input')) radio.checked = radio.value === (bug ?? '');
}

function bugChoice({ name, label, sentence }) {
  const radio = make('input', { type: 'radio', name: 'bug', value: name });
  radio.addEventListener('change', () => send(['bug', { name: name || null }]));
  return make('label', {}, radio, make('span', {}, make('strong', {}, label ?? name), ' ', make('span', { class: 'soft' }, sentence)));
}

// Experiments

function experiment({ name, watch, steps }) {
  const run = button('Run', { class: 'small', 'aria-label': `Run: ${name}` }, async () => {
    run.disabled = true;
    place('failure').hidden = true;
    try {
      if (!board.cluster) throw new Error('The state of the cluster is not known yet. Try again in a moment.');
      const done = await send(...steps(board.cluster));
      text(place('watch-for'), done ? `Running: ${name}. Watch: ${watch}` : '');
    } catch (error) {
      fail(error);
    } finally {
      run.disabled = false;
    }
  });
  return make('li', {}, make('div', {}, make('h3', {}, name), make('p', { class: 'soft' }, watch)), run);
}

const board = new Board({
  onLink: (a, b) => send(['links', { a, b, fault: AFTER[faultOf(a, b)] }]),
  onNode: (node, action) => send([nodePath(node, action)]),
});
place('experiments').append(...EXPERIMENTS.map(experiment));
place('heal').addEventListener('click', () => send(['heal']));
place('shoppers').addEventListener('input', moveSlider);
place('buy-percent').addEventListener('input', moveSlider);
follow(['cluster', 'lab'], (event, data) => {
  if (event === 'lab') return takeLab(data);
  board.take(event, data);
  if (event === 'cluster' && lab) showLinks(linked());
});
