import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Stands for `logger`: appends its arguments, then each line of its input, to the file given first. `DIE` ends it. */
const [, , file = '', ...args] = process.argv;

appendFileSync(file, `started ${args.join(' ')}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line.includes('HANG')) await new Promise(() => setInterval(() => undefined, 1000));
  appendFileSync(file, `${line}\n`);
  if (line.includes('DIE')) process.exit(1);
}
