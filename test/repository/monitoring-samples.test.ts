import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { METRIC_TABLE, PROGRAM_METRICS, SETTLE_HISTOGRAM } from '../../src/metrics/metric-table.js';
import { RunMetrics } from '../../src/metrics/run-metrics.js';

const FOLDER = join(import.meta.dirname, '../../../etc/monitoring');
const FILES = readdirSync(FOLDER).sort();

/** What a scrape adds to every metric. */
const OF_PROMETHEUS = ['job', 'instance'];

/** Every metric there is, with its labels. */
async function known(): Promise<Map<string, readonly string[]>> {
  const metrics = new Map<string, readonly string[]>(METRIC_TABLE.map(({ name, labels }) => [name, labels]));
  for (const one of Object.values(PROGRAM_METRICS)) metrics.set(one.name, 'labels' in one ? one.labels : ['file']);
  for (const part of ['bucket', 'sum', 'count']) metrics.set(`${SETTLE_HISTOGRAM.name}_${part}`, ['le']);
  const text = await (await RunMetrics.open({ version: '1', ofProcess: true })).text();
  for (const [, name = ''] of text.matchAll(/^# TYPE ((?:process|nodejs)_\w+) /gm)) metrics.set(name, []);
  return metrics.set('up', []);
}

/** The metrics that a file names, with the labels it asks them for. */
function named(file: string): [name: string, labels: string[]][] {
  const text = readFileSync(join(FOLDER, file), 'utf8').replaceAll('\\"', '"');
  const found = text.matchAll(/\b((?:stompctl|process|nodejs)_\w+|up(?=\{))(?:\{([^}]*)\})?/g);
  return [...found].map(([, name = '', selector = '']) => [
    name,
    [...selector.matchAll(/(\w+)\s*=~?"/g)].map(([, l = '']) => l),
  ]);
}

describe('etc/monitoring', () => {
  it('holds a dashboard and rules', () => {
    assert.deepEqual(FILES, ['stompctl-dashboard.json', 'stompctl-rules.yml']);
  });

  for (const file of FILES) {
    it(`${file} names metrics and labels that are there`, async () => {
      const metrics = await known();
      const all = named(file);
      assert.ok(all.length > 10);
      for (const [name, labels] of all) {
        const has = metrics.get(name);
        assert.ok(has !== undefined, `${file}: there is no metric ${name}`);
        const wrong = labels.filter((label) => !has.includes(label) && !OF_PROMETHEUS.includes(label));
        assert.deepEqual(wrong, [], `${file}: ${name}`);
      }
    });
  }

  it('the dashboard is one that Grafana imports: panels with places of their own, and a source to choose', () => {
    const dashboard: {
      panels: {
        id: number;
        title: string;
        gridPos: { x: number; y: number; w: number; h: number };
        targets: object[];
      }[];
      templating: { list: { name: string }[] };
    } = JSON.parse(readFileSync(join(FOLDER, 'stompctl-dashboard.json'), 'utf8'));
    assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
    assert.deepEqual(
      dashboard.templating.list.map(({ name }) => name),
      ['source', 'job', 'instance'],
    );
    const taken = new Set<string>();
    for (const { title, gridPos: place, targets } of dashboard.panels) {
      assert.ok(targets.length > 0 && place.x + place.w <= 24, title);
      for (let x = place.x; x < place.x + place.w; x += 1) {
        for (let y = place.y; y < place.y + place.h; y += 1) {
          assert.ok(!taken.has(`${x} ${y}`), `${title} lies over another panel`);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });
});
