import { writeFileSync } from 'node:fs';
import { testPoison } from '../support/poison.js';

testPoison([
  {
    name: 'an element cut off in the middle',
    spoilFile: (path) => writeFileSync(path, '{"body":"cut off in the mid'),
    code: 'ELEMENT_UNDECODABLE',
  },
  {
    name: 'an element nested a hundred thousand times',
    spoilFile: (path) => writeFileSync(path, `{"header":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
    code: 'ELEMENT_UNDECODABLE',
  },
  {
    name: 'an element that is not valid UTF-8',
    spoilFile: (path) => writeFileSync(path, Buffer.from('{"body":"\xff\xfe"}', 'latin1')),
    code: 'ELEMENT_UNDECODABLE',
  },
]);
