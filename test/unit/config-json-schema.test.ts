// biome-ignore-all lint/suspicious/noTemplateCurlyInString: configurations with variables
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { load } from 'js-yaml';
import { z } from 'zod';
import { configurationSchema } from '../../src/config/describe/json-schema.js';

const schema = z.fromJSONSchema(JSON.parse(configurationSchema()));

const VALID: Readonly<Record<string, string>> = {
  'dashed names': 'outgoing-broker-uri: stomp://h\ntimeout-connect: 5\nloop: true\n',
  'nested names': 'outgoing: {broker: {uri: stomp://h}}\ntimeout: {connect: 5}\nheart: {beat: false}\n',
  'half nested names': 'outgoing-broker: {stomp-debug: all}\nincoming: {queue: {path: /q, umask: "022"}}\n',
  'inputs with names':
    'incoming-queue: {a: {path: /q/a, queue-headers: {h: x}}, b: {path: /q/b}}\nincoming: {broker: {c: {uri: stomp://h, subscribe: {destination: /q}, prefetch: 5}}}\n',
  'a list of inputs':
    'incoming: [{queue: {name: a, path: /q/a}}, {folder: {b: {path: /q/b, folder-headers: {h: x}}}}]\n',
  lists: 'subscribe: [{destination: /queue/a}, destination=/queue/b]\n',
  'texts for numbers and booleans': 'window: "${WINDOW}"\nloop: ${LOOP}\nwindow-bytes: 1MiB\n',
};

const INVALID: Readonly<Record<string, string>> = {
  'an unknown option': 'windo: 1\n',
  'an unknown nested option': 'outgoing: {broker: {url: stomp://h}}\n',
  'an unknown key': 'incoming-queue: {path: /q, pth: /r}\n',
  'an unknown key of an input': 'incoming-queue: {a: {path: /q, pth: /r}}\n',
  'a subscription of a queue': 'incoming-queue: {a: {path: /q, subscribe: {destination: /q}}}\n',
  'a missing key': 'incoming-queue: {umask: 18}\n',
  'a number that is too small': 'max-attempts: 0\n',
  'a word that is no choice': 'sync: sometimes\n',
  'a list for one value': 'pidfile: [a, b]\n',
};

describe('the JSON schema for editors', () => {
  for (const [name, text] of Object.entries(VALID)) {
    it(`takes ${name}`, () => assert.ok(schema.safeParse(load(text)).success));
  }
  for (const [name, text] of Object.entries(INVALID)) {
    it(`refuses ${name}`, () => assert.ok(!schema.safeParse(load(text)).success));
  }
  for (const file of readdirSync('etc').filter((each) => each.endsWith('.yaml'))) {
    it(`takes etc/${file}`, () => {
      const result = schema.safeParse(load(readFileSync(join('etc', file), 'utf8')));
      assert.ok(result.success, result.error?.message);
    });
  }
});
