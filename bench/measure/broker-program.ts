import { InProcessBroker } from '../../src/broker/in-process-broker.js';

/** The in-process broker in a process of its own: prints where it is, and lives until its standard input ends. */
const broker = await InProcessBroker.start({ server: 'RabbitMQ/3.10.8' });
process.stdout.write(`${broker.uri}\n`);
process.stdin.resume().once('end', () => void broker.kill());
