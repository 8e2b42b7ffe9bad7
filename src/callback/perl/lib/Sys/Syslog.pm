# What is said to syslog goes to the log of the program, which may itself be syslog's.
package Sys::Syslog;
use strict;
use warnings;

our $VERSION = "0.36";

my @Priority = qw(emerg alert crit err warning notice info debug);
my @Facility = qw(kern user mail daemon auth syslog lpr news uucp cron authpriv ftp);
my %Value = (LOG_PID => 1, LOG_CONS => 2, LOG_ODELAY => 4, LOG_NDELAY => 8, LOG_NOWAIT => 16, LOG_PERROR => 32);
$Value{"LOG_" . uc($Priority[$_])} = $_ foreach 0 .. $#Priority;
$Value{"LOG_" . uc($Facility[$_])} = $_ << 3 foreach 0 .. $#Facility;
$Value{"LOG_LOCAL$_"} = (16 + $_) << 3 foreach 0 .. 7;

foreach my $name (keys(%Value)) {
    my $value = $Value{$name};
    no strict "refs";
    *{"Sys::Syslog::$name"} = sub () { $value };
}

my %Tag = (
    standard => [qw(openlog syslog closelog setlogmask)],
    extended => [qw(setlogsock)],
    macros => [keys(%Value)],
);

sub import {
    my($class, @names) = @_;
    my $to = caller();
    @names = map({ /^:(\w+)$/ ? @{ $Tag{$1} || [] } : $_ } @names ? @names : qw(:standard :macros));
    no strict "refs";
    foreach my $name (@names) {
        defined(&{"Sys::Syslog::$name"}) or die("\"$name\" is not exported by the Sys::Syslog module\n");
        *{"${to}::$name"} = \&{"Sys::Syslog::$name"};
    }
}

my $mask = 0xff;

sub openlog { return(1) }
sub closelog { return(1) }
sub setlogsock { return(1) }
sub setlogmask { my($new) = @_; my $old = $mask; $mask = $new if $new; return($old) }

sub syslog {
    my($priority, $format, @list) = @_;
    my($number) = $priority =~ /^\d+$/ ? $priority & 7 : grep({ my $name = $Priority[$_]; $priority =~ /\b(?:log_)?$name\b/i } 0 .. 7);
    die("syslog: invalid level: $priority\n") unless defined($number);
    return(1) unless $mask & 1 << $number;
    my $text = @list ? sprintf($format, @list) : $format;
    chomp($text);
    Stompctl::log_line($number < 4 ? "error" : $number == 4 ? "warn" : $number < 7 ? "info" : "debug", $text);
    return(1);
}

1;
