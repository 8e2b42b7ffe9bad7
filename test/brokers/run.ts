import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ofShare } from '../support/folder-tests.js';
import { type BrokerKind, brokerKinds, brokerVariable, openBroker, type RealBroker } from '../support/real-brokers.js';

/**
 * Runs the files of this folder whose name contains one of the arguments (all of them without arguments; `--share 1/2`: one of two halves) against one
 * set of brokers: starting them is slow. Files learn of the brokers as of external ones, through the environment;
 * a test that kills a broker starts its own. Exits with the code of the test runner, 1 when a broker does not start.
 */
async function main(args: readonly string[]): Promise<number> {
  const { values, positionals: wanted } = parseArgs({
    args: [...args],
    options: { share: { type: 'string', default: '1/1' } },
    allowPositionals: true,
  });
  const [share = 1, shares = 1] = values.share.split('/').map(Number);
  const names = (await readdir(import.meta.dirname))
    .filter((name) => name.endsWith('.test.js'))
    .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
  const files = ofShare(names, share, shares).map((name) => join(import.meta.dirname, name));
  if (files.length === 0) throw new Error(`run(${wanted.join(' ')}): no test file has such a name`);

  const started = await Promise.allSettled(brokerKinds().map(openBroker));
  const brokers = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  try {
    for (const result of started) if (result.status === 'rejected') throw result.reason;
    for (const { kind, uri } of brokers) process.stdout.write(`${kind} at ${uri}\n`);
    const code = await runTests(files, environment(brokers));
    if (code !== 0) await showLogs(brokers);
    return code;
  } finally {
    await Promise.all(brokers.map((broker) => broker.stop()));
  }
}

function environment(brokers: readonly RealBroker[]): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const { kind, host, port, user, pass, vhost, webUri, tlsUri, webTlsUri, amqpUri, amqpTlsUri } of brokers) {
    const userInfo = `${encodeURIComponent(user)}:${encodeURIComponent(pass)}`;
    variables[brokerVariable(kind)] = `stomp://${userInfo}@${host}:${port}/${encodeURIComponent(vhost)}`;
    const offered = { WEB: webUri, TLS: tlsUri, WEB_TLS: webTlsUri, AMQP: amqpUri, AMQP_TLS: amqpTlsUri };
    for (const [what, uri] of Object.entries(offered)) {
      if (uri !== undefined) variables[`${brokerVariable(kind)}_${what}`] = uri;
    }
  }
  return variables;
}

/** One file at a time: the brokers already share two cores with the tests. */
function runTests(files: readonly string[], variables: Readonly<Record<string, string>>): Promise<number> {
  const args = ['--test', '--test-reporter=spec', '--test-concurrency=1', ...files];
  const child = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...variables } });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // Ctrl-C reaches the child as well; waiting for its end is what lets the brokers be stopped
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

async function showLogs(brokers: readonly RealBroker[]): Promise<void> {
  for (const broker of brokers) {
    const kind: BrokerKind = broker.kind;
    process.stdout.write(`\n--- the end of the log of ${kind}\n${await broker.logTail()}\n`);
  }
}

process.exitCode = await main(process.argv.slice(2));
