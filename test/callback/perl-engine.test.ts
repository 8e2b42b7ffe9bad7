import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkWithoutBody, type EngineOutcome, runInEngine } from '../support/perl-engine.js';

const HEADER = { destination: '/queue/a' };

function run(
  code: string,
  over: { header?: Record<string, string>; body?: string; text?: boolean } = {},
): EngineOutcome {
  return runInEngine({ code, header: HEADER, body: 'text', text: true, ...over });
}

/** What the code prints. */
function printed(code: string): string {
  const outcome = run(code);
  assert.equal(outcome.error, undefined);
  return outcome.printed;
}

test('header names and values of any characters survive', () => {
  const header = { 'a b': '', '': 'empty name', nül: 'x\0y', 'line\n': '😀 \t', '\0': '\0\0' };
  assert.deepEqual(run('1', { header }).header, header);
  assert.deepEqual(run('$hdr{"seen"} = join("", sort(values(%hdr)))', { header: { a: '\0', b: 'é' } }).header, {
    a: '\0',
    b: 'é',
    seen: '\0é',
  });
});

test('bodies with NUL and bytes that are no UTF-8 survive, small and large, touched or not', () => {
  for (const body of ['\0\xff\xfe', '', '\xc3', '\0\xff'.repeat(100_000)]) {
    assert.equal(run('1', { body, text: false }).body, body);
    assert.equal(run('$bdy .= chr(255)', { body, text: false }).body, `${body}\xff`);
  }
});

test('a text body is characters', () => {
  const body = 'é😀'.repeat(50_000);
  assert.equal(run('$bdy = reverse($bdy); $hdr{n} = length($bdy)', { body }).header?.n, '100000');
  assert.equal(run('$bdy = reverse($bdy)', { body }).body, [...body].reverse().join(''));
});

test('a wide character in a binary body is refused', () => {
  assert.match(run('$bdy = "\\x{263a}"', { text: false }).error ?? '', /encode it first/);
});

test('a header value that is a reference, or undefined, is refused', () => {
  assert.match(run('$hdr{a} = [1]').error ?? '', /a header holds text/);
  assert.match(run('$hdr{a} = undef').error ?? '', /uninitialized/);
});

test('numbers print as Perl prints them', () => {
  assert.equal(
    printed('print join("|", 10 / 3, 0.1 + 0.2, 2**64, -7 % 3, ~5 & 0xFF, sprintf("%x", -1), 1e15, 1e-5), "\\n"'),
    '3.33333333333333|0.3|1.84467440737096e+19|2|250|ffffffffffffffff|1e+15|1e-05\n',
  );
  const { header, body } = run('$hdr{a} = 10/3; $hdr{b} = 2**64; $bdy = length($bdy)');
  assert.deepEqual([header?.a, header?.b, body], ['3.33333333333333', '1.84467440737096e+19', '4']);
});

test('die rejects with its text and line, an object with its text', () => {
  assert.equal(run('\n\ndie("why")').error, 'why at x.conf line 3.');
  assert.equal(run('die("why\\n")').error, 'why');
  assert.match(run('die({ a => 1 })').error ?? '', /^HASH\(/);
});

test('warnings are fatal, as under stompclt', () => {
  assert.match(run('my $x; print "$x"').error ?? '', /^Use of uninitialized value \$x in .* at x\.conf line 1\.$/);
});

for (const [what, code] of [
  ['fork', 'fork()'],
  ['system', 'system("ls")'],
  ['exec', 'exec("ls")'],
  ['running a command', 'my $x = `ls`'],
  ['socket', 'socket(my $s, 2, 1, 0)'],
  ['exit', 'exit(1)'],
] as const) {
  test(`${what} fails with a sentence that says why and what to do`, () => {
    assert.match(run(code).error ?? '', new RegExp(`^${what} is not there in a callback: .+ at x\\.conf line 1\\.$`));
  });
}

test('no file, environment or program of the host is reached', () => {
  assert.equal(
    printed(
      'print join("|", scalar(%ENV), -e "/etc/passwd" ? 1 : 0, open(my $f, "<", "/etc/passwd") ? 1 : 0, ' +
        'opendir(my $d, "/") ? 1 : 0, unlink("/etc/passwd"), open(my $p, "-|", "ls") ? 1 : 0, mkdir("/tmp/x") ? 1 : 0)',
    ),
    '0|0|0|0|0|0|0',
  );
});

test('files in memory can be written and read', () => {
  assert.equal(printed('my $s = ""; open(my $f, ">", \\$s); print $f "abc"; close($f); print $s'), 'abc');
});

test('alarm does nothing: callback-timeout is there', () => {
  assert.equal(printed('eval { local $SIG{ALRM} = sub { die("late") }; alarm(2); print("done"); alarm(0) }'), 'done');
});

test('a body left at home is asked for when the code wants it', () => {
  assert.equal(checkWithoutBody('$hdr{n} = 1'), 'complete');
  assert.equal(checkWithoutBody('$hdr{n} = length($bdy)'), 'needs-body');
  assert.equal(checkWithoutBody('sub check { my($m) = @_; eval { $m->size() }; return($m) }'), 'needs-body');
});
