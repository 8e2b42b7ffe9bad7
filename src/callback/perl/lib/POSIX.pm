# The part of POSIX that needs no operating system.
package POSIX;
use strict;
use warnings;
use Errno ();
use Messaging::Message ();

our $VERSION = "2.23";

my %Value = (
    CHAR_BIT => 8, CHAR_MAX => 127, CHAR_MIN => -128, INT_MAX => 2147483647, INT_MIN => -2147483648,
    LONG_MAX => 9223372036854775807, LONG_MIN => -9223372036854775807 - 1, SHRT_MAX => 32767, SHRT_MIN => -32768,
    UCHAR_MAX => 255, UINT_MAX => 4294967295, ULONG_MAX => 18446744073709551615, USHRT_MAX => 65535, PATH_MAX => 4096,
    DBL_DIG => 15, DBL_EPSILON => 2.22044604925031308e-16, DBL_MAX => 1.79769313486231571e+308,
    DBL_MIN => 2.22507385850720138e-308, DBL_MANT_DIG => 53, DBL_MAX_EXP => 1024, DBL_MIN_EXP => -1021,
    FLT_DIG => 6, FLT_EPSILON => 1.1920928955078125e-07, FLT_MAX => 3.40282346638528860e+38, FLT_RADIX => 2,
    EXIT_SUCCESS => 0, EXIT_FAILURE => 1, RAND_MAX => 2147483647, CLOCKS_PER_SEC => 1000000, BUFSIZ => 8192, EOF => -1,
    LC_CTYPE => 0, LC_NUMERIC => 1, LC_TIME => 2, LC_COLLATE => 3, LC_MONETARY => 4, LC_MESSAGES => 5, LC_ALL => 6,
    SIGHUP => 1, SIGINT => 2, SIGQUIT => 3, SIGKILL => 9, SIGUSR1 => 10, SIGUSR2 => 12, SIGPIPE => 13, SIGALRM => 14,
    SIGTERM => 15, SIGCHLD => 17, WNOHANG => 1, WUNTRACED => 2, O_RDONLY => 0, O_WRONLY => 1, O_RDWR => 2,
    SEEK_SET => 0, SEEK_CUR => 1, SEEK_END => 2,
    M_PI => 3.14159265358979324, M_E => 2.71828182845904524, M_SQRT2 => 1.41421356237309505,
    M_LN2 => 0.693147180559945309, M_LN10 => 2.30258509299404568,
    FP_NAN => 0, FP_INFINITE => 1, FP_ZERO => 2, FP_SUBNORMAL => 3, FP_NORMAL => 4,
);
$Value{INFINITY} = 9**9**9;
$Value{NAN} = -sin(9**9**9);
$Value{$_} = Errno->can($_)->() foreach @Errno::EXPORT_OK;

my @Numbers = qw(floor ceil fmod pow round trunc lround rint fmax fmin fabs tan asin acos atan sinh cosh tanh log10 log2
    cbrt ldexp frexp modf isnan isinf isfinite copysign hypot expm1 log1p remainder signbit);
my @Text = qw(strtol strtoul strtod isatty toupper tolower strstr strcoll strerror abs atan2 cos exp sin sqrt log getenv
    sprintf printf time gmtime localtime difftime);
my @Time = qw(strftime mktime asctime ctime clock setlocale localeconv tzname tzset);
my %Absent = map({ $_ => 1 } qw(fork pipe dup dup2 open close read write lseek kill pause alarm wait waitpid nice getpid
    getppid getuid geteuid getgid getegid setsid setuid setgid ttyname tcgetpgrp uname access mkfifo ctermid cuserid
    sigaction sigprocmask sigsuspend _exit abort exit system tmpnam times sysconf pathconf));
our @EXPORT_OK = (keys(%Value), @Numbers, @Text, @Time, keys(%Absent));
my %Offered = map({ $_ => 1 } @EXPORT_OK);
my %Tag = (
    limits_h => [ grep(/_(?:MAX|MIN|BIT)$/, keys(%Value)) ], float_h => [ grep(/^(?:DBL|FLT)_/, keys(%Value)) ],
    errno_h => [ @Errno::EXPORT_OK ], math_h => [ @Numbers ], time_h => [ @Time ], locale_h => [ grep(/^LC_|locale/, keys(%Offered)) ],
    sys_wait_h => [ qw(WNOHANG WUNTRACED) ], signal_h => [ grep(/^SIG/, keys(%Value)) ], fcntl_h => [ grep(/^(?:O_|SEEK_)/, keys(%Value)) ],
    stdlib_h => [ qw(EXIT_SUCCESS EXIT_FAILURE strtol strtod strtoul abs) ],
);
# what Perl has itself, and what would hide it, is exported only when named
my %Own = map({ $_ => 1 } @Text, qw(round trunc), keys(%Absent));

{
    no strict "refs";
    while (my($name, $value) = each(%Value)) {
        *{"POSIX::$name"} = sub () { $value };
    }
    foreach my $name (keys(%Absent)) {
        *{"POSIX::$name"} = sub {
            Messaging::Message::_die("POSIX::$name is not there in a callback: it runs in a sandbox without an operating system");
        } unless defined(&{"POSIX::$name"});
    }
}

sub import {
    my($class, @names) = @_;
    my $to = caller();
    @names = grep(!$Own{$_} || /^strto[ld]/, @EXPORT_OK) unless @names;
    no strict "refs";
    foreach my $name (map({ /^:(\w+)$/ ? @{ $Tag{$1} || [] } : $_ } @names)) {
        next if $name eq "" or $name eq "()";
        $name =~ s/^&//;
        Messaging::Message::_die("\"$name\" is not exported by the POSIX module of callbacks") unless $Offered{$name};
        *{"${to}::$name"} = \&{"POSIX::$name"};
    }
}

our $AUTOLOAD;

sub AUTOLOAD {
    my($name) = $AUTOLOAD =~ /(\w+)$/;
    Messaging::Message::_die("POSIX::$name is not among what callbacks have of POSIX");
}

sub _whole { my($x) = @_; return($x != $x || abs($x) >= 2**52) }
sub floor { my $x = $_[0] + 0; return($x) if _whole($x); my $i = int($x); return($i > $x ? $i - 1 : $i) }
sub ceil { my $x = $_[0] + 0; return($x) if _whole($x); my $i = int($x); return($i < $x ? $i + 1 : $i) }
sub trunc { return(int($_[0])) }
sub round { my($x) = @_; return($x < 0 ? -floor(-$x + 0.5) : floor($x + 0.5)) }
*lround = \&round;
sub rint { my($x) = @_; my $f = floor($x); my $d = $x - $f; return($d > 0.5 || $d == 0.5 && $f % 2 ? $f + 1 : $f) }
sub fmod {
    my($x, $y) = @_;
    return($Value{NAN}) if $y == 0;
    return($x) if abs($y) == $Value{INFINITY};
    my($left, $by) = (abs($x), abs($y));
    while ($left >= $by) {
        my $step = $by;
        $step *= 2 while $step * 2 <= $left;
        $left -= $step;
    }
    return($x < 0 ? -$left : $left);
}
sub remainder { my($x, $y) = @_; return($x - $y * rint($x / $y)) }
sub pow { return($_[0]**$_[1]) }
sub fmax { return($_[0] > $_[1] ? $_[0] : $_[1]) }
sub fmin { return($_[0] < $_[1] ? $_[0] : $_[1]) }
sub fabs { return(CORE::abs($_[0])) }
sub tan { return(CORE::sin($_[0]) / CORE::cos($_[0])) }
sub asin { return(CORE::atan2($_[0], CORE::sqrt(1 - $_[0]**2))) }
sub acos { return(CORE::atan2(CORE::sqrt(1 - $_[0]**2), $_[0])) }
sub atan { return(CORE::atan2($_[0], 1)) }
sub sinh { return((CORE::exp($_[0]) - CORE::exp(-$_[0])) / 2) }
sub cosh { return((CORE::exp($_[0]) + CORE::exp(-$_[0])) / 2) }
sub tanh { my($x) = @_; return(1 - 2 / (CORE::exp(2 * $x) + 1)) }
sub _log { my($x, $base) = @_; my $l = CORE::log($x) / CORE::log($base); my $r = rint($l); return($base**$r == $x ? $r : $l) }
sub log10 { return(_log($_[0], 10)) }
sub log2 { return(_log($_[0], 2)) }
sub cbrt { my($x) = @_; return($x < 0 ? -((-$x)**(1 / 3)) : $x**(1 / 3)) }
sub hypot { return(CORE::sqrt($_[0]**2 + $_[1]**2)) }
sub expm1 { return(CORE::exp($_[0]) - 1) }
sub log1p { return(CORE::log(1 + $_[0])) }
sub ldexp { return($_[0] * 2**$_[1]) }
sub modf { my($x) = @_; return($x - int($x), int($x)) }
sub frexp {
    my($x) = @_;
    my $e = 0;
    return(0, 0) if $x == 0;
    while (CORE::abs($x) >= 1) { $x /= 2; $e++ }
    while (CORE::abs($x) < 0.5) { $x *= 2; $e-- }
    return($x, $e);
}
sub isnan { return($_[0] != $_[0] ? 1 : 0) }
sub isinf { return(CORE::abs($_[0]) == $Value{INFINITY} ? 1 : 0) }
sub isfinite { return(isnan($_[0]) || isinf($_[0]) ? 0 : 1) }
sub signbit { return($_[0] < 0 || "$_[0]" =~ /^-/ ? 1 : 0) }
sub copysign { my($x, $y) = @_; return(signbit($y) ? -CORE::abs($x) : CORE::abs($x)) }

sub abs { return(CORE::abs($_[0])) }
sub atan2 { return(CORE::atan2($_[0], $_[1])) }
sub cos { return(CORE::cos($_[0])) }
sub sin { return(CORE::sin($_[0])) }
sub exp { return(CORE::exp($_[0])) }
sub log { return(CORE::log($_[0])) }
sub sqrt { return(CORE::sqrt($_[0])) }
sub time { return(CORE::time()) }
sub gmtime { return(CORE::gmtime($_[0])) }
sub localtime { return(CORE::GLOBAL::localtime($_[0])) }
sub difftime { return($_[0] - $_[1]) }
sub sprintf { my($format, @list) = @_; return(CORE::sprintf($format, @list)) }
sub printf { my($format, @list) = @_; return(print(CORE::sprintf($format, @list))) }
sub getenv { return($ENV{ $_[0] }) }
sub isatty { return(0) }
sub toupper { return(uc($_[0])) }
sub tolower { return(lc($_[0])) }
sub strstr { return(index($_[0], $_[1])) }
sub strcoll { return($_[0] cmp $_[1]) }
sub strerror { local $! = $_[0]; return("$!") }
sub setlocale { return("C") }
sub localeconv { return({ decimal_point => "." }) }
sub tzset { return(1) }
sub tzname { return("UTC", "UTC") }
sub clock { return(int((CORE::times())[0] * 1e6)) }

# value, and how many characters were not understood
sub strtol {
    my($text, $base) = @_;
    $base = 10 unless defined($base);
    my($head, $sign, $rest) = $text =~ /^(\s*([-+]?))(.*)$/s ? ($1, $2, $3) : ("", "", $text);
    if (($base == 0 or $base == 16) and $rest =~ s/^0x(?=[0-9a-f])//i) { $base = 16 }
    elsif ($base == 0) { $base = $rest =~ /^0/ ? 8 : 10 }
    my($value, $used) = (0, 0);
    foreach my $character (split(//, lc($rest))) {
        my $digit = $character =~ /\d/ ? $character : $character =~ /[a-z]/ ? ord($character) - 87 : 99;
        last if $digit >= $base;
        $value = $value * $base + $digit;
        $used++;
    }
    $value = -$value if $sign eq "-";
    return(wantarray() ? ($value, $used ? length($rest) - $used : length($text)) : $value);
}
*strtoul = \&strtol;
sub strtod {
    my($text) = @_;
    my($number) = $text =~ /^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)/;
    return(wantarray() ? (0, length($text)) : 0) unless defined($number);
    my($used) = $text =~ /^(\s*\Q$number\E)/;
    return(wantarray() ? ($number + 0, length($text) - length($used)) : $number + 0);
}

my @Day = qw(Sunday Monday Tuesday Wednesday Thursday Friday Saturday);
my @Month = qw(January February March April May June July August September October November December);

# days since 1970-01-01 of a year and month (from 0) that may lie outside of 0 to 11
sub _days {
    my($year, $month) = @_;
    $year += floor($month / 12);
    $month -= 12 * floor($month / 12);
    my $y = $month < 2 ? $year - 1 : $year;
    my $m = ($month + 10) % 12;
    return(365 * $y + floor($y / 4) - floor($y / 100) + floor($y / 400) + int((153 * $m + 2) / 5) - 719468);
}

sub _utc {
    my($sec, $min, $hour, $mday, $mon, $year) = @_;
    return(((_days($year + 1900, $mon) + $mday - 1) * 24 + $hour) * 3600 + $min * 60 + $sec);
}

sub mktime {
    my $utc = _utc(map({ defined($_) ? $_ : 0 } @_[ 0 .. 5 ]));
    my $time = $utc;
    # the zone of the answer, asked twice: the first guess may lie on the other side of a change
    $time = $utc - (_utc(CORE::GLOBAL::localtime($time)) - $time) for 1, 2;
    return($time);
}

sub ctime { return(asctime(CORE::GLOBAL::localtime($_[0]))) }
sub asctime { return(strftime("%a %b %e %H:%M:%S %Y\n", @_)) }

sub strftime {
    my($format, @t) = @_;
    Messaging::Message::_die("Usage: POSIX::strftime(fmt, sec, min, hour, mday, mon, year, wday = -1, yday = -1, isdst = -1)")
        if @t < 6;
    # out of range values carry over, and the days are worked out
    my $isdst = $t[8];
    @t = CORE::gmtime(_utc(map({ int($_) } @t[ 0 .. 5 ])));
    $format =~ s{%([-_0^#]?)([EO]?)([a-zA-Z%+])}{ _pad($1, _conversion($3, \@t, $isdst), "%$1$2$3") }ge;
    return($format);
}

sub _pad {
    my($flag, $text, $raw) = @_;
    return($raw) unless defined($text);
    $text =~ s/^[0 ]+(?=.)// if $flag eq "-";
    $text = uc($text) if $flag eq "^" or $flag eq "#";
    $text =~ s/^(0+)(?=.)/" " x length($1)/e if $flag eq "_";
    return($text);
}

sub _conversion {
    my($letter, $t, $isdst) = @_;
    my($sec, $min, $hour, $mday, $mon, $year, $wday, $yday) = @$t;
    my $two = sub { CORE::sprintf("%02d", $_[0]) };
    my $hour12 = $hour % 12 || 12;
    return("%") if $letter eq "%";
    return(substr($Day[$wday], 0, 3)) if $letter eq "a";
    return($Day[$wday]) if $letter eq "A";
    return(substr($Month[$mon], 0, 3)) if $letter eq "b" or $letter eq "h";
    return($Month[$mon]) if $letter eq "B";
    return($two->(int(($year + 1900) / 100))) if $letter eq "C";
    return($two->($mday)) if $letter eq "d";
    return(CORE::sprintf("%2d", $mday)) if $letter eq "e";
    return($two->($hour)) if $letter eq "H";
    return($two->($hour12)) if $letter eq "I";
    return(CORE::sprintf("%03d", $yday + 1)) if $letter eq "j";
    return(CORE::sprintf("%2d", $hour)) if $letter eq "k";
    return(CORE::sprintf("%2d", $hour12)) if $letter eq "l";
    return($two->($mon + 1)) if $letter eq "m";
    return($two->($min)) if $letter eq "M";
    return("\n") if $letter eq "n";
    return($hour < 12 ? "AM" : "PM") if $letter eq "p";
    return($hour < 12 ? "am" : "pm") if $letter eq "P";
    return(mktime(@$t[ 0 .. 5 ])) if $letter eq "s";
    return($two->($sec)) if $letter eq "S";
    return("\t") if $letter eq "t";
    return($wday || 7) if $letter eq "u";
    return($two->(int(($yday + 7 - $wday) / 7))) if $letter eq "U";
    return($wday) if $letter eq "w";
    return($two->(int(($yday + 7 - ($wday + 6) % 7) / 7))) if $letter eq "W";
    return($two->($year % 100)) if $letter eq "y";
    return($year + 1900) if $letter eq "Y";
    return(_iso($letter, $year + 1900, $yday, $wday)) if $letter =~ /[GgV]/;
    return(_zone($t)) if $letter eq "z";
    return(_zone($t) eq "+0000" ? "UTC" : _zone($t)) if $letter eq "Z";
    my %whole = (
        c => "%a %b %e %H:%M:%S %Y", D => "%m/%d/%y", F => "%Y-%m-%d", r => "%I:%M:%S %p", R => "%H:%M",
        T => "%H:%M:%S", x => "%m/%d/%y", X => "%H:%M:%S",
    );
    return(exists($whole{$letter}) ? strftime($whole{$letter}, @$t, $isdst) : undef);
}

# the week by ISO 8601, and its year
sub _iso {
    my($letter, $year, $yday, $wday) = @_;
    my $week = int(($yday - ($wday + 6) % 7 + 10) / 7);
    if ($week < 1) {
        $year--;
        my $days = _days($year + 1, 0) - _days($year, 0);
        $week = int(($yday + $days - ($wday + 6) % 7 + 10) / 7);
    } elsif ($week == 53) {
        my $last = (_days($year + 1, 0) + 3) % 7;
        ($year, $week) = ($year + 1, 1) if $last < 3;
    }
    return(CORE::sprintf("%02d", $letter eq "V" ? $week : $letter eq "g" ? $year % 100 : $year));
}

sub _zone {
    my($t) = @_;
    my $minutes = int((_utc(@$t[ 0 .. 5 ]) - mktime(@$t[ 0 .. 5 ])) / 60);
    return(CORE::sprintf("%s%02d%02d", $minutes < 0 ? "-" : "+", int(CORE::abs($minutes) / 60), CORE::abs($minutes) % 60));
}

1;
