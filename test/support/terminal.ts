import { runPython } from './python.js';
import type { Cleaning } from './temp-folder.js';

/** What Node cannot be: a terminal. Types each text of a step once its prompt has been seen, and copies what is shown. */
const TERMINAL = `
import json, os, pty, select, sys, time
steps, argv = json.loads(sys.argv[1]), sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execv(argv[0], argv)
shown, seen = b'', 0
deadline = time.monotonic() + 60
while time.monotonic() < deadline:
    while steps and steps[0][0].encode() in shown[seen:]:
        prompt, text = steps.pop(0)
        seen = shown.index(prompt.encode(), seen) + len(prompt.encode())
        os.write(fd, text.encode())
    ready, _, _ = select.select([fd], [], [], 1)
    if not ready:
        continue
    try:
        data = os.read(fd, 65536)
    except OSError:
        break
    if not data:
        break
    shown += data
if time.monotonic() >= deadline:
    os.kill(pid, 9)
_, status = os.waitpid(pid, 0)
print(json.dumps({'shown': shown.decode(), 'code': os.waitstatus_to_exitcode(status), 'left': steps}))
`;

export interface TerminalEnd {
  readonly shown: string;
  /** the exit code, or minus the number of the signal */
  readonly code: number;
}

/** Runs a command on a terminal: each step waits for a prompt, then types. Rejects when a prompt never came. */
export async function onTerminal(
  test: Cleaning,
  argv: readonly [string, ...string[]],
  steps: readonly (readonly [prompt: string, typed: string])[],
): Promise<TerminalEnd> {
  const text = await runPython(test, TERMINAL, JSON.stringify(steps), ...argv);
  const { shown, code, left }: { shown: string; code: number; left: unknown[] } = JSON.parse(text);
  if (left.length > 0) throw new Error(`never shown: ${JSON.stringify(left)}\n${shown}`);
  return { shown, code };
}

/** Closes the terminal once it has shown something and the file is there, then sends the signal, if any. */
const CLOSING = `
import json, os, pty, select, signal, sys, time
sent, ready, argv = sys.argv[1], sys.argv[2], sys.argv[3:]
pid, fd = pty.fork()
if pid == 0:
    os.execv(argv[0], argv)
deadline = time.monotonic() + 60
shown = b''
while time.monotonic() < deadline and not (shown and (ready == '' or os.path.exists(ready))):
    if select.select([fd], [], [], 0.1)[0]:
        shown += os.read(fd, 65536)
os.close(fd)
if sent != '':
    os.kill(pid, signal.Signals[sent])
status = 0
while time.monotonic() < deadline:
    ended, status = os.waitpid(pid, os.WNOHANG)
    if ended:
        break
    time.sleep(0.02)
else:
    os.kill(pid, 9)
    _, status = os.waitpid(pid, 0)
print(os.waitstatus_to_exitcode(status))
`;

/** Closes the terminal of a command that has shown something (and made the file `ready`); the exit code, or minus the signal. */
export async function whenTerminalCloses(
  test: Cleaning,
  argv: readonly [string, ...string[]],
  { ready = '', signal = '' }: { readonly ready?: string; readonly signal?: NodeJS.Signals | '' },
): Promise<number> {
  return Number(await runPython(test, CLOSING, signal, ready, ...argv));
}
