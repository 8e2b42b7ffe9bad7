import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInEngine } from '../support/perl-engine.js';

const CASES: [what: string, code: string, printed: string][] = [
  [
    'JSON, Encode and others by their full names, without use',
    'print join("|", JSON::decode_json(q({"a":5}))->{a}, length(Encode::encode("UTF-8", "\\x{263a}")), List::Util::max(1, 3), Storable::dclone([7])->[0], File::Basename::basename("/a/b"))',
    '5|3|3|7|b',
  ],
  [
    'Storable freezes and thaws in memory',
    'use Storable qw(freeze thaw); my $d = thaw(freeze({ a => [1, undef, "\\x{263a}"], b => bless(\\(my $x = "x"), "C") })); print join("|", scalar(@{ $d->{a} }), defined($d->{a}[1]) ? 1 : 0, ord($d->{a}[2]), ref($d->{b}), map { $$_ } $d->{b})',
    '3|0|9786|C|x',
  ],
  [
    'a body that is no text is refused as Messaging::Message itself does',
    'eval { $msg->body([1]) }; my $e = $@; eval { $msg->body(undef) }; print $e =~ s/0x\\w+/0x0/r, $@',
    `Parameter #1 ("ARRAY(0x0)") to Messaging::Message::body was an 'arrayref', which is not one of the allowed types: scalar at x.conf line 1.\nParameter #1 (undef) to Messaging::Message::body was an 'undef', which is not one of the allowed types: scalar at x.conf line 1.\n`,
  ],
  [
    'Sys::Syslog has its constants',
    'use Sys::Syslog qw(:standard :macros); print LOG_WARNING, "|", LOG_LOCAL7',
    '4|184',
  ],
  [
    'END blocks run at the end, the last one first',
    'END { print "1" } END { print "2" }\nsub check ($) { print "c"; return($_[0]) } sub stop () { print "s" }',
    'cs21',
  ],
  ['POSIX rounds', 'use POSIX; print join("|", map { floor($_), ceil($_) } 1.5, -1.5, 2, -0.5)', '1|2|-2|-1|2|2|-1|0'],
  [
    'POSIX calculates',
    'use POSIX qw(fmod pow :limits_h); print join("|", fmod(-7, 3), fmod(1e17, 7), pow(2, 10), INT_MAX)',
    '-1|5|1024|2147483647',
  ],
  [
    'POSIX knows constants',
    'use POSIX; print join("|", DBL_MAX, EXIT_FAILURE, ENOENT, LONG_MAX, EAGAIN == EWOULDBLOCK)',
    '1.79769313486232e+308|1|44|9223372036854775807|1',
  ],
  [
    'POSIX formats times',
    'use POSIX qw(strftime); print strftime("%Y-%m-%dT%H:%M:%S %j %a %B %U %V %G %y %e|%-d", gmtime(1700000000))',
    '2023-11-14T22:13:20 318 Tue November 46 46 2023 23 14|14',
  ],
  ['POSIX carries days over', 'use POSIX; print strftime("%Y-%m-%d %a", 0, 0, 0, 32, 0, 124)', '2024-02-01 Thu'],
  [
    'mktime undoes localtime',
    'use POSIX; print join("|", map { mktime(localtime($_)) - $_ } 0, 1700000000, 1720000000)',
    '0|0|0',
  ],
  ['POSIX reads numbers', 'use POSIX; print join("|", strtol("0x1fz", 16), strtod("1.5e3x"))', '31|1|1500|1'],
  [
    'Encode',
    'use Encode; print join("|", length(decode("UTF-8", "\\xc3\\xa9")), length(encode_utf8("\\x{263a}")), Encode::is_utf8(decode_utf8("\\xc3\\xa9")) ? 1 : 0, ord(decode("latin1", "\\xe9")))',
    '1|3|1|233',
  ],
  [
    'Encode can croak',
    'use Encode; print eval { decode("UTF-8", "\\xff", Encode::FB_CROAK); 1 } ? "fine" : "croaked"',
    'croaked',
  ],
  [
    'JSON',
    'use JSON; print to_json({ a => [1, "b"] }, { canonical => 1 }), from_json("[5]")->[0], encode_json([JSON::true])',
    '{"a":[1,"b"]}5[true]',
  ],
  ['JSON objects', 'use JSON; print JSON->new->canonical->encode({ b => 1, a => undef })', '{"a":null,"b":1}'],
  ['JSON::XS', 'use JSON::XS; print encode_json([1]), JSON::XS->new->utf8->decode("[2]")->[0]', '[1]2'],
  ['Data::Dumper', 'use Data::Dumper; $Data::Dumper::Indent = 0; print Dumper({ a => 1 })', "$VAR1 = {'a' => 1};"],
  [
    'List::Util, MIME::Base64, Digest::MD5',
    'use List::Util qw(sum max); use MIME::Base64; use Digest::MD5 qw(md5_hex); print sum(1, 2), max(3, 4), encode_base64("x", ""), md5_hex("a")',
    '34eA==0cc175b9c0f1b6a831c399e269772661',
  ],
  [
    'Storable copies',
    'use Storable qw(dclone); my $a = { b => [1] }; my $c = dclone($a); $c->{b}[0] = 2; print $a->{b}[0], $c->{b}[0]',
    '12',
  ],
  [
    'Messaging::Message',
    'my $c = $msg->copy(); print join("|", $c->equal($msg), $msg->size(), ref(Messaging::Message->deserialize($msg->serialize())))',
    '1|15|Messaging::Message',
  ],
];

for (const [what, code, printed] of CASES) {
  test(`modules of callbacks: ${what}`, () => {
    const outcome = runInEngine({ code, header: { a: '/q' }, body: 'some text', text: true });
    assert.equal(outcome.error, undefined);
    assert.equal(outcome.printed, printed);
  });
}

test('a module that is missing is named, with what to do', () => {
  const outcome = runInEngine({ code: '\nuse Foo::Bar;', header: {}, body: '', text: true });
  assert.match(
    outcome.error ?? '',
    /^Can't locate Foo\/Bar\.pm in @INC, which is not among the modules of a callback: .+ at x\.conf line 2\./,
  );
});
