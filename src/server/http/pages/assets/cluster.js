// The cluster's page: kept up to date, and in a lab with a button to crash each node.

import { Board } from './board.js';
import { control, nodePath } from './control.js';
import { follow } from './live.js';

const lab = 'lab' in document.getElementById('board').dataset;

async function press(node, action) {
  const said = document.getElementById('announce');
  said.textContent = '';
  try {
    board.take('lab', await control(nodePath(node, action)));
  } catch (error) {
    said.textContent = error.message;
  }
}

const board = new Board(lab ? { onNode: press } : {});
follow(lab ? ['cluster', 'lab'] : ['cluster'], (event, data) => board.take(event, data));
