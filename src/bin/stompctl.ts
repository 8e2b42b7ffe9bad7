#!/usr/bin/env node
import { installSignals } from '../daemon/signals.js';

// Before anything else is loaded: until there are listeners Node dies of HUP and opens its debugger on USR1.
const signals = installSignals();
const { main } = await import('../cli/main.js');
const { stdout, stderr, env, argv } = process;
const code = await main(argv.slice(2), env, { out: stdout, err: stderr, columns: stdout.columns, signals });
// Everything is settled and closed; what is left are timers of libraries, and output on its way to a slow reader.
process.exitCode = code;
await Promise.all([stdout, stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))));
process.exit();
