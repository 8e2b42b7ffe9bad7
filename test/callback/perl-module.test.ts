import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedPerlModule } from '../../src/callback/perl/perl-module.js';
import { eventually } from '../support/eventually.js';

/** the bytes of Perl's file are 24 MiB */
const LESS_BYTES = 12 * 1024 * 1024;

test('the bytes that Perl was compiled from are given back, without a collection', async () => {
  const before = process.memoryUsage().arrayBuffers;
  const module = await sharedPerlModule(17 * 1024 * 1024);
  await eventually(() => process.memoryUsage().arrayBuffers < before + LESS_BYTES);
  assert.ok(WebAssembly.Module.imports(module).length > 0);
});
