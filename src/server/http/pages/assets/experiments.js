// Experiments that are worth a try, each a few commands and what to watch for.

import { nodePath } from './control.js';

const BUSY = { count: 40, buy_percent: 60 };

/**
 * `steps(cluster)` are the commands as [path, body], or a function from the lab's state to one, or to null where none is
 * needed. It throws an Error where the cluster is not fit for it.
 */
export const EXPERIMENTS = [
  {
    name: 'Crash the leader while shoppers buy',
    watch: 'Orders stop until another replica leads, which the log says in milliseconds. Orders that had no answer are asked for again under the same key. The verdict stays green: nothing lost, nothing doubled.',
    steps: (cluster) => [['shoppers', BUSY], [nodePath(leader(cluster), 'crash')]],
  },
  {
    name: 'Cut the leader off',
    watch: 'The old leader still runs but reaches nobody, so it can acknowledge nothing. Another one leads, and the old one is refused when the network is healed. Press “Heal everything” then.',
    steps: (cluster) => {
      const cut = leader(cluster);
      const others = cluster.nodes.filter((one) => one.node !== cut);
      return [['shoppers', BUSY], ...others.map(({ node }) => ['links', { a: cut, b: node, fault: 'cut' }])];
    },
  },
  {
    name: 'Pause the leader, then wake it',
    watch: 'A paused process does not know that time went by. When you resume it, it still believes that it leads: its epoch is old, so nobody follows it, and it steps back.',
    steps: (cluster) => [['shoppers', BUSY], [nodePath(leader(cluster), 'pause')]],
  },
  {
    name: 'Wipe a disk',
    watch: 'A follower comes back with an empty book. It must not lead, and is not in sync until it has copied every order from the leader.',
    steps: (cluster) => {
      const wiped = follower(cluster);
      return [['shoppers', BUSY], [nodePath(wiped, 'wipe')], (lab) => restart(lab, wiped)];
    },
  },
  {
    name: 'Slow down a follower’s disk',
    watch: 'An order waits for every replica in sync, so the latency rises. If the follower is too slow it is dropped from the in-sync set, and comes back once it keeps up.',
    steps: (cluster) => [['shoppers', BUSY], [nodePath(follower(cluster), 'slow-disk')]],
  },
];

function restart(lab, node) {
  const runs = lab.nodes.find((one) => one.node === node)?.state === 'running';
  return runs ? null : [nodePath(node, 'restart')];
}

function leader({ view, nodes }) {
  const found = nodes.find((one) => one.node === view?.leader && one.state === 'up');
  if (!found) throw new Error('Nobody leads right now. Heal everything, wait for a leader, and try again.');
  return found.node;
}

function follower(cluster) {
  const led = leader(cluster);
  const found = cluster.nodes.find((one) => one.kind === 'order' && one.node !== led && one.state === 'up');
  if (!found) throw new Error('No follower runs right now. Heal everything and try again.');
  return found.node;
}
