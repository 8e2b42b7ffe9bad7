/** How the built-in functions of the dialect are parsed and in what context their arguments stand. */
export interface FunctionShape {
  /** `unary`: at most one argument, binds tighter than comparison; `list`: takes all that follows; `none`: takes nothing */
  readonly parse: 'unary' | 'list' | 'none';
  /** works on `$_` when given nothing */
  readonly topic?: boolean;
  /**
   * a letter an argument: `s` scalar, `l` list (all the rest), `a` array, `h` array or hash, `v` something that can be
   * assigned; `?` before it: may be missing
   */
  readonly args: string;
}

const unaryOnTopic: FunctionShape = { parse: 'unary', topic: true, args: '?s' };

export const FUNCTIONS: ReadonlyMap<string, FunctionShape> = new Map<string, FunctionShape>([
  ...['lc', 'uc', 'lcfirst', 'ucfirst', 'length', 'chr', 'ord', 'hex', 'oct', 'abs', 'int', 'quotemeta', 'sqrt'].map(
    (name): [string, FunctionShape] => [name, unaryOnTopic],
  ),
  ...['sin', 'cos', 'exp', 'log', 'ref', 'fc'].map((name): [string, FunctionShape] => [name, unaryOnTopic]),
  ['defined', { parse: 'unary', topic: true, args: '?v' }],
  ['exists', { parse: 'unary', args: 'v' }],
  ['delete', { parse: 'unary', args: 'v' }],
  ['undef', { parse: 'unary', args: '?v' }],
  ['scalar', { parse: 'unary', args: 's' }],
  ['chomp', { parse: 'unary', topic: true, args: '?v' }],
  ['chop', { parse: 'unary', topic: true, args: '?v' }],
  ['pos', { parse: 'unary', topic: true, args: '?v' }],
  ['keys', { parse: 'unary', args: 'h' }],
  ['values', { parse: 'unary', args: 'h' }],
  ['each', { parse: 'unary', args: 'h' }],
  ['shift', { parse: 'unary', args: '?a' }],
  ['pop', { parse: 'unary', args: '?a' }],
  ['localtime', { parse: 'unary', args: '?s' }],
  ['gmtime', { parse: 'unary', args: '?s' }],
  ['rand', { parse: 'unary', args: '?s' }],
  ['time', { parse: 'none', args: '' }],
  ['wantarray', { parse: 'none', args: '' }],
  ['push', { parse: 'list', args: 'al' }],
  ['unshift', { parse: 'list', args: 'al' }],
  ['splice', { parse: 'list', args: 'a?s?sl' }],
  ['join', { parse: 'list', args: 'sl' }],
  ['split', { parse: 'list', args: 's?s?s' }],
  ['reverse', { parse: 'list', args: 'l' }],
  ['substr', { parse: 'list', args: 'vs?s?s' }],
  ['index', { parse: 'list', args: 'ss?s' }],
  ['rindex', { parse: 'list', args: 'ss?s' }],
  ['sprintf', { parse: 'list', args: 'sl' }],
  ['atan2', { parse: 'list', args: 'ss' }],
  ['die', { parse: 'list', args: 'l' }],
  ['warn', { parse: 'list', args: 'l' }],
]);

/** Functions outside the dialect, and what to do instead. */
export const REFUSED: ReadonlyMap<string, string> = new Map([
  ...['system', 'exec', 'fork', 'wait', 'waitpid', 'kill', 'qx', 'alarm', 'sleep', 'exit', 'syscall'].map(
    (name): [string, string] => [name, 'callbacks cannot reach the system; return a string to drop a message'],
  ),
  ...['open', 'close', 'opendir', 'readdir', 'unlink', 'rename', 'mkdir', 'rmdir', 'stat', 'lstat', 'chdir'].map(
    (name): [string, string] => [name, 'callbacks cannot reach files; use print, or a tap queue (docs/callbacks.md)'],
  ),
  ...['binmode', 'eof', 'read', 'sysread', 'syswrite', 'seek', 'flock', 'fileno', 'select', 'readline', 'glob'].map(
    (name): [string, string] => [name, 'callbacks cannot reach files'],
  ),
  ...['socket', 'connect', 'gethostbyname', 'getpwnam', 'getpwuid', 'getppid', 'umask', 'chmod', 'chown'].map(
    (name): [string, string] => [name, 'callbacks cannot reach the system'],
  ),
  ...['pack', 'unpack', 'vec', 'sprintf_v'].map((name): [string, string] => [
    name,
    'in JavaScript use a DataView on bdy (docs/callbacks.md)',
  ]),
  ['require', 'modules cannot be loaded; write the function itself, or the callback in JavaScript'],
  ['format', 'use sprintf'],
  ['write', 'use print'],
  ['tie', 'use an ordinary variable'],
  ['untie', 'use an ordinary variable'],
  ['bless', 'use plain hashes'],
  ['goto', 'use a loop or a sub'],
  ['redo', 'write the loop so that it is not needed'],
  ['dump', 'use die'],
  ['study', 'leave it out'],
  ['reset', 'assign the variables'],
  ['lcfirst_', 'use lcfirst'],
  ['srand', 'leave it out'],
  ['caller', 'pass what is needed as an argument'],
  ['prototype', 'leave it out'],
  ['given', 'use if and elsif'],
  ['when', 'use if and elsif'],
  ['try', 'use eval { … }'],
]);
