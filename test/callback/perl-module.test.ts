import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePerlModule, sharedPerlModule } from '../../src/callback/perl/perl-module.js';
import { eventually } from '../support/eventually.js';

/** the bytes of Perl's file are 24 MiB */
const LESS_BYTES = 12 * 1024 * 1024;

const WAYS = { 'for all sandboxes': sharedPerlModule, 'for one thread': compilePerlModule } as const;

for (const [name, compile] of Object.entries(WAYS)) {
  test(`the bytes that Perl was compiled from are given back, without a collection: ${name}`, async () => {
    const before = process.memoryUsage().arrayBuffers;
    const module = await compile(17 * 1024 * 1024);
    await eventually(() => process.memoryUsage().arrayBuffers < before + LESS_BYTES);
    assert.ok(WebAssembly.Module.imports(module).length > 0);
  });
}
