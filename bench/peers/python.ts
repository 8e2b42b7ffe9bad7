import { existsSync } from 'node:fs';
import type { OpenBroker } from '../measure/bench-brokers.js';
import { type Figures, runCommand } from '../measure/command-run.js';

/** What a site writes that has no stompctl: Debian's python3-dirq and python3-stomp, and some lines that join them. Nothing is synced. */
const PYTHON = '/usr/bin/python3';

const MOVE = `
import sys, time
from dirq.QueueSimple import QueueSimple
source, target, count = QueueSimple(sys.argv[1]), QueueSimple(sys.argv[2]), 0
started = time.time()
name = source.first()
while name:
    if source.lock(name):
        target.add(source.get(name))
        source.remove(name)
        count += 1
    name = source.next()
print("processed %d messages in %.3f seconds" % (count, time.time() - started))
`;

const CONNECT = `
import json, stomp, sys, threading, time
from dirq.QueueSimple import QueueSimple
host, port, user, password, vhost, destination, path, total, window = sys.argv[1:10]
total, window = int(total), int(window)
queue = QueueSimple(path)
connection = stomp.Connection12([(host, int(port))], vhost=vhost)
done = threading.Event()
`;

const SEND = `${CONNECT}
room = threading.Semaphore(window)
class Listener(stomp.ConnectionListener):
    removed = 0
    def on_receipt(self, frame):
        queue.remove(frame.headers["receipt-id"])
        self.removed += 1
        room.release()
        if self.removed == total:
            done.set()
connection.set_listener("", Listener())
connection.connect(user, password, wait=True)
started = time.time()
name = queue.first()
while name:
    if queue.lock(name):
        message = json.loads(queue.get(name))
        header = dict(message["header"], persistent="true")
        header.pop("destination")
        if not room.acquire(timeout=60):
            sys.exit("no receipt in 60 seconds")
        connection.send(destination, message["body"], headers=header, receipt=name)
    name = queue.next()
if not done.wait(60):
    sys.exit("no receipts in 60 seconds")
print("processed %d messages in %.3f seconds" % (total, time.time() - started))
connection.disconnect()
`;

const RECEIVE = `${CONNECT}
class Listener(stomp.ConnectionListener):
    stored = 0
    def on_message(self, frame):
        queue.add(json.dumps({"header": frame.headers, "body": frame.body, "text": True}))
        connection.ack(frame.headers["ack"])
        self.stored += 1
        if self.stored == total:
            done.set()
connection.set_listener("", Listener())
connection.connect(user, password, wait=True)
started = time.time()
prefetch = {"prefetch-count": str(window), "activemq.prefetchSize": str(window)}
connection.subscribe(destination, id="1", ack="client-individual", headers=prefetch)
if not done.wait(120):
    sys.exit("not all came in 120 seconds")
print("processed %d messages in %.3f seconds" % (total, time.time() - started))
connection.disconnect(receipt="bye")
`;

const SCRIPTS = { send: SEND, receive: RECEIVE };

/** Are Debian's packages of these names installed? */
export function hasPython(...packages: readonly ('dirq' | 'stomp')[]): boolean {
  return packages.every((name) => existsSync(`/usr/lib/python3/dist-packages/${name}`));
}

/** From queue to queue: lock, get, add, remove. */
export function pythonMove(from: string, to: string, messages: number): Promise<Figures> {
  return runCommand([PYTHON, '-c', MOVE, from, to], messages);
}

/** `send`: from a queue to a broker, each removed at its receipt; `receive`: into a queue, each acknowledged when it was added. */
export function pythonBroker(
  way: keyof typeof SCRIPTS,
  { host, port, user, pass, vhost }: OpenBroker,
  {
    destination,
    path,
    messages,
    window,
  }: Readonly<Record<'destination' | 'path', string>> & Record<'messages' | 'window', number>,
): Promise<Figures> {
  const given = [host, port, user, pass, vhost, destination, path, messages, window].map(String);
  return runCommand([PYTHON, '-c', SCRIPTS[way], ...given], messages);
}
