import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadAll } from 'js-yaml';
import { examineConfiguration } from '../../src/config/resolve-settings.js';
import { tempFolder } from '../support/temp-folder.js';

const ROOT = join(import.meta.dirname, '../../..');
const SAMPLES = join(ROOT, 'etc/kubernetes');

/** A line of the Dockerfile a list item: what is continued is one line, comments are left out. */
function instructions(): string[] {
  const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '');
  return text.split('\n').filter((line) => line.trim() !== '');
}

/** The arguments of the last instruction of this name. */
function last(name: string): string {
  const [found = ''] = instructions()
    .filter((line) => line.startsWith(`${name} `))
    .slice(-1);
  return found.slice(name.length + 1);
}

describe('the Dockerfile', () => {
  it('keeps to the rules that hadolint would hold it to', () => {
    const lines = instructions();
    for (const line of lines) {
      assert.match(line, /^(FROM|WORKDIR|COPY|RUN|USER|VOLUME|STOPSIGNAL|ENTRYPOINT|CMD|HEALTHCHECK) /, line);
    }
    const froms = lines.filter((line) => line.startsWith('FROM '));
    assert.equal(froms.length, 2, 'what builds is not what runs');
    for (const from of froms)
      assert.match(from, /^FROM [\w-]+:[\w.-]+(?<!latest)( AS [a-z]+)?$/, 'DL3006, DL3007: a version');
    for (const line of lines)
      assert.doesNotMatch(line, /\b(sudo|apt-get|curl|wget)\b|^ADD /, 'DL3004, DL3020, and nothing from elsewhere');
    for (const name of ['ENTRYPOINT', 'CMD'])
      assert.ok(Array.isArray(JSON.parse(last(name))), `DL3025: ${name} is JSON`);
    assert.match(last('WORKDIR'), /^\//, 'DL3000');
  });

  it('runs as a user without rights, as process 1, and is asked how it goes', () => {
    assert.match(last('USER'), /^[1-9]\d*:[1-9]\d*$/, 'a number, which runAsNonRoot can check');
    assert.equal(JSON.parse(last('ENTRYPOINT'))[0], 'node', 'no shell before it');
    assert.equal(last('STOPSIGNAL'), 'SIGTERM');
    assert.match(last('HEALTHCHECK'), / CMD \["stompctl", "status", "--pidfile", "\/run\/stompctl\/stompctl\.pid"\]$/);
    const order = instructions().map((line) => line.split(' ')[0]);
    assert.ok(order.lastIndexOf('RUN') < order.indexOf('USER'), 'nothing is made after the change of user');
  });

  it('copies what there is', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    assert.match(scripts.build, /bundle/);
    assert.match(readFileSync(join(ROOT, '.dockerignore'), 'utf8'), /^node_modules$/m);
  });
});

type Tree = Readonly<Record<string, unknown>>;

/** Every object below, itself included. */
function* trees(value: unknown): Generator<Tree> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield { ...value };
  for (const inner of Object.values(value)) yield* trees(inner);
}

describe('the samples for Kubernetes', () => {
  for (const name of readdirSync(SAMPLES)) {
    const documents: unknown[] = loadAll(readFileSync(join(SAMPLES, name), 'utf8'));
    const all = documents.flatMap((document) => [...trees(document)]);

    it(`${name}: every object has its kind and name, and a configuration that is valid`, async (test) => {
      for (const document of documents) {
        const { apiVersion, kind, metadata } = { apiVersion: '', kind: '', metadata: {}, ...Object(document) };
        assert.match(
          `${apiVersion} ${kind}`,
          /^(v1 (ConfigMap|PersistentVolumeClaim)|apps\/v1 Deployment|batch\/v1 CronJob)$/,
        );
        assert.equal(typeof metadata.name, 'string');
      }
      const configuration = all.map((tree) => tree['stompctl.yaml']).find((text) => typeof text === 'string');
      const file = join(await tempFolder(test), 'stompctl.yaml');
      writeFileSync(file, String(configuration));
      const { problems } = await examineConfiguration({ commandLine: new Map([['config', [file]]]), env: {} });
      assert.deepEqual(problems, []);
    });

    it(`${name}: mounts what it names, as the user of the image, with time to drain`, () => {
      const pod = all.find((tree) => 'containers' in tree && 'volumes' in tree);
      assert.ok(pod !== undefined);
      const names = (value: unknown) => [...trees(value)].flatMap((tree) => ('mountPath' in tree ? [tree.name] : []));
      const volumes = Array.isArray(pod.volumes) ? pod.volumes.map((volume) => volume.name) : [];
      assert.deepEqual(names(pod.containers).sort(), volumes.sort());
      assert.deepEqual(
        [...trees(pod.securityContext)].map((tree) => tree.runAsUser).filter((user) => user !== undefined),
        [Number(last('USER').split(':')[0])],
      );
      assert.ok(Number(pod.terminationGracePeriodSeconds) > 60 + 60 + 60);
      assert.ok(all.some((tree) => tree.readOnlyRootFilesystem === true));
      assert.ok(all.some((tree) => tree.image === 'stompctl:0.1.0'));
    });
  }
});
