import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInEngine } from '../support/perl-engine.js';

/** What a callback in Perl tries, and what it prints when it got there. */
const TRIES: Readonly<Record<string, string>> = {
  'reading /etc/passwd': 'if (open(my $f, "<", "/etc/passwd")) { print("got ", <$f>) }',
  'reading it with two arguments': 'if (open(my $f, "/etc/passwd")) { print("got ", <$f>) }',
  'reading it with sysopen': 'sysopen(my $f, "/etc/passwd", 0) and print("got it")',
  'reading it by a way that leads up': 'open(my $f, "<", "../../../../etc/passwd") and print("got it")',
  'reading it through /proc': 'open(my $f, "<", "/proc/self/environ") and print("got it")',
  'reading through a descriptor of the host':
    'for my $n (3 .. 40) { if (open(my $f, "<&=$n")) { print("got it") if -f $f } }',
  'looking for a file of the host': '(-e "/etc/passwd" or -d "/home" or -e "/proc/self") and print("got it")',
  'writing a file': 'open(my $f, ">", "/tmp/stompctl-perl-was-here") and print("got it")',
  'listing folders': 'opendir(my $d, "/etc") and print("got it")',
  'a glob': 'my @f = eval { glob("/etc/*") }; @f and print("got it")',
  'removing a file': 'unlink("/etc/passwd") and print("got it")',
  'renaming a file': 'rename("/etc/passwd", "/etc/x") and print("got it")',
  'a link': 'eval { symlink("/etc/passwd", "/tmp/x") } and print("got it")',
  'the environment': '(%ENV or exists $ENV{PATH} or exists $ENV{HOME}) and print("got it")',
  'requiring a file of the host': 'eval { require "/etc/passwd" } and print("got it")',
  'doing a file of the host': 'my $r = do "/etc/passwd"; defined($r) and print("got it")',
  'a module of the host': 'eval { require DBI; 1 } and print("got it")',
  'a module of the host by @INC':
    'eval { unshift(@INC, "/usr/share/perl5"); require Debconf::Config; 1 } and print("got it")',
  'loading a library':
    'eval { require DynaLoader; DynaLoader::dl_load_file("/lib/x86_64-linux-gnu/libc.so.6") } and print("got it")',
  fork: 'my $p = eval { fork() }; defined($p) and print("got it")',
  'a program': 'eval { system("true") == 0 } and print("got it")',
  'a program by a pipe': 'eval { open(my $p, "-|", "echo", "x") } and print("got it")',
  'a program in backquotes': 'my $x = eval { `echo x` }; defined($x) and length($x) and print("got it")',
  exec: 'eval { exec("true"); 1 } and print("got it")',
  'a signal': 'eval { kill(0, getppid()) } and print("got it")',
  'a socket': 'eval { socket(my $s, 2, 1, 0) } and print("got it")',
  'a socket module': 'eval { require IO::Socket::INET; IO::Socket::INET->new("127.0.0.1:1") } and print("got it")',
  'a name of a host': 'eval { (gethostbyname("localhost"))[4] } and print("got it")',
  'the users of the host': 'eval { (getpwuid(0))[7] } and print("got it")',
};

for (const [what, code] of Object.entries(TRIES)) {
  test(`a callback in Perl does not get at the host: ${what}`, () => {
    const message = { header: { n: '1' }, body: '', text: false };
    // what is printed shows that the code ran to its end
    const { printed, error } = runInEngine({ ...message, code: `no warnings; eval { ${code}; 1 }; print("end")` });
    assert.deepEqual([printed, error], ['end', undefined]);
  });
}
