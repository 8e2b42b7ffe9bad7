import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokenCell, type CellResult } from '../matrix/run-cell.js';
import { redCells } from '../matrix/table.js';

const PLACE = { faults: [], path: 'queue → broker', type: 'DQS', broker: 'ActiveMQ' } as const;
const RED: CellResult = {
  ...brokenCell(PLACE, 1, new Error('it did not start')),
  fault: 'connection cut',
  log: 'long',
};

test('red cells are told in two lines and more, without their logs; green ones are not', () => {
  const green: CellResult = { ...RED, wrong: [] };
  assert.equal(redCells([green]), '');
  assert.deepEqual(redCells([green, RED, { ...RED, wrong: ['lost: 1', 'spoilt: 2'] }]).split('\n'), [
    'RED connection cut, queue → broker, ActiveMQ: 0 messages, 0 duplicates, 0 failed, 0 lost, 0.0 s',
    '    the harness broke: it did not start',
    'RED connection cut, queue → broker, ActiveMQ: 0 messages, 0 duplicates, 0 failed, 0 lost, 0.0 s',
    '    lost: 1',
    '    spoilt: 2',
  ]);
});
