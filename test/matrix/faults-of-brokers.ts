import { isScripted } from './broker-host.js';
import { pause } from './cell.js';
import type { Fault } from './fault.js';
import { toBroker, withBroker } from './paths.js';

/** so that a silent network costs seconds */
const SHORT_TIMEOUTS = [
  ...['--timeout-server', '1', '--timeout-client', '1'],
  ...['--timeout-broker', '3', '--timeout-connect', '3'],
];
const AWAY_MS = 5000;
const SILENT_MS = 4000;
const REFUSING_MS = 1500;
const DELAY_MS = 300;

const brokerKilled: Fault = {
  name: 'broker killed (-9) and started again',
  repeats: true,
  forgets: true,
  fits: withBroker,
  async strike(cell) {
    await cell.midLoad();
    await cell.host.kill('SIGKILL');
    await cell.host.start();
    return 1;
  },
};

const brokerStopped: Fault = {
  name: 'broker stopped for a while',
  repeats: true,
  fits: withBroker,
  async strike(cell) {
    await cell.midLoad();
    await cell.host.kill('SIGTERM');
    await pause(AWAY_MS);
    await cell.host.start();
    return 1;
  },
};

const cut: Fault = {
  name: 'connection cut',
  repeats: true,
  fits: withBroker,
  async strike(cell) {
    for (let count = 0; count < 4; count += 1) {
      await cell.midLoad();
      cell.proxy?.cut();
      await pause(cell.random.between(0, 400));
    }
    cell.proxy?.cutAfter(cell.random.between(1, 20_000));
    await cell.midLoad();
    await pause(400);
    return 5;
  },
};

const blackHole: Fault = {
  name: 'network black hole',
  repeats: true,
  fits: withBroker,
  args: () => SHORT_TIMEOUTS,
  async strike(cell) {
    await cell.midLoad();
    cell.proxy?.blackHole();
    await pause(SILENT_MS);
    cell.proxy?.cut();
    cell.proxy?.heal();
    return 1;
  },
};

const halfBlackHole: Fault = {
  name: 'network black hole towards stompctl alone',
  repeats: true,
  fits: withBroker,
  args: () => SHORT_TIMEOUTS,
  async strike(cell) {
    await cell.midLoad();
    cell.proxy?.blackHole('down');
    await pause(SILENT_MS);
    cell.proxy?.cut();
    cell.proxy?.heal();
    return 1;
  },
};

const slow: Fault = {
  name: 'slow network: receipts delayed',
  repeats: false,
  fits: withBroker,
  async strike(cell) {
    cell.proxy?.delay(DELAY_MS);
    for (let count = 0; count < 3; count += 1) {
      await cell.midLoad();
      await pause(DELAY_MS);
    }
    cell.proxy?.heal();
    return 1;
  },
};

const receiptsDelayed: Fault = {
  name: 'receipts delayed past the time-out, then back',
  repeats: true,
  fits: (path, broker) => toBroker(path) && broker === 'scripted',
  args: () => ['--timeout-broker', '1'],
  async strike(cell) {
    if (!isScripted(cell.host)) return 0;
    await cell.host.delayReceipts(1500);
    await cell.midLoad();
    await pause(2500);
    await cell.host.delayReceipts(0);
    // the sessions that it took that long
    return 3;
  },
};

const refusing: Fault = {
  name: 'broker refuses every SEND for a while',
  repeats: false,
  fits: (path, broker) => toBroker(path) && broker === 'scripted',
  async strike(cell) {
    if (!isScripted(cell.host)) return 0;
    await cell.host.refuseSends(true);
    await cell.midLoad();
    await pause(REFUSING_MS);
    await cell.host.refuseSends(false);
    return 1;
  },
};

export const FAULTS_OF_BROKERS: readonly Fault[] = [
  ...[brokerKilled, brokerStopped, cut, blackHole, halfBlackHole],
  ...[slow, receiptsDelayed, refusing],
];
