# The host's side of a callback: takes batches of messages, calls callback::check, hands out what became of each.
# Spoken with engine.ts through two files: one is read, one is written. See there for what is said.
package Stompctl;

# before anything else, so that the code sees no variable of ours
sub evaluate { eval($_[0]); return($@ eq "") }

use strict;
use warnings;
use Messaging::Message ();

open(our $IN, "<:unix", "/stompctl/in") or die("/stompctl/in: $!");
open(our $OUT, ">:unix", "/stompctl/out") or die("/stompctl/out: $!");
$| = 1;
%ENV = ();
$0 = "stompctl";

# larger bodies cross on their own, without copies in between
sub LARGE () { 65536 }
sub LONGEST_NAME () { 1000 }
sub TEXT () { 1 }
sub NO_BODY () { 2 }
sub APART () { 4 }
sub PACKED () { 8 }
sub WIDE () { 16 }

# message handed to check, and whether it asked for a body that was left at home
our($asked_home, $from_home);
# no outcome is wanted any more
our $stopped;
# names of the callback's END blocks, the last one first
our @at_end;
# names of functions whose lack was told
our %asked_for_user;

sub refuse {
    my($what, $instead) = @_;
    my(undef, $file, $line) = caller(1);
    die("$what is not there in a callback: $instead at $file line $line.\n");
}

BEGIN {
    my $no_process = "it runs in a sandbox without processes; give messages to a queue (tap) and let another program take them";
    my $no_net = "it runs in a sandbox without a network; let stompctl move messages to a broker";
    no strict "refs";
    foreach my $name (qw(fork exec system readpipe wait waitpid kill)) {
        *{"CORE::GLOBAL::$name"} = sub { refuse($name eq "readpipe" ? "running a command" : $name, $no_process) };
    }
    foreach my $name (qw(socket connect bind listen accept shutdown socketpair)) {
        *{"CORE::GLOBAL::$name"} = sub { refuse($name, $no_net) };
    }
    foreach my $name (qw(getpwnam getpwuid getgrnam getgrgid)) {
        *{"CORE::GLOBAL::$name"} = sub ($) {
            my(undef, $file, $line) = caller();
            return if $asked_for_user{$name}++;
            log_line("warn", "$name is not there in a callback, which knows no users: give names as callback-data at $file line $line");
            return;
        };
    }
    *CORE::GLOBAL::exit = sub (;$) { refuse("exit", "return a reason to drop the message, or die to reject it") };
    # callback-timeout limits each call: code that sets itself a limit as well goes on
    *CORE::GLOBAL::alarm = sub (;$) { 0 };
    *CORE::GLOBAL::localtime = sub (;$) {
        my $time = int(@_ && defined($_[0]) ? $_[0] : time());
        my($zone, $summer) = split(/ /, ask("z$time"));
        return(scalar(CORE::gmtime($time + $zone))) unless wantarray();
        my @fields = CORE::gmtime($time + $zone);
        $fields[8] = $summer + 0;
        return(@fields);
    };
}

sub say_to_host {
    defined(syswrite($OUT, $_[0])) or die("a callback may not give out more in one call\n");
}

# an outcome; refused when enough came out for now
sub outcome {
    defined(syswrite($OUT, $_[0])) or $stopped = 1;
    return;
}

sub receive {
    my $text = "";
    while (1) {
        my $got = sysread($IN, $text, 1 << 16, length($text));
        return($text) if !$got || $got < 1 << 16;
    }
}

sub ask {
    say_to_host($_[0]);
    return(receive());
}

sub bytes {
    my($text) = @_;
    utf8::encode($text) if utf8::is_utf8($text);
    return($text);
}

sub log_line {
    my($level, $text) = @_;
    utf8::encode($text);
    say_to_host("l$level\0$text");
}

# a header, for one look at it: names and values in a row; NUL between them unless one holds a NUL
sub header_text {
    my($header) = @_;
    my $text;
    {
        use warnings FATAL => "uninitialized";
        $text = join("\0", %$header);
    }
    if (index($text, "(0x") >= 0 and grep(ref($_), values(%$header))) {
        die("a header value is a reference: a header holds text\n");
    }
    utf8::encode($text);
    return(0, $text) if ($text =~ tr/\0//) == 2 * %$header - 1 or $text eq "" && !%$header;
    return(PACKED, pack("(V/a*)*", map({ my $field = "$_"; utf8::encode($field); $field } %$header)));
}

# text and body of a message as bytes; the body, if large, goes after the rest
sub give_message {
    my($start, $message, $say) = @_;
    my($flags, $header) = header_text($message->{header});
    my $body = ${ $message->{body_ref} };
    $body = "" unless defined($body);
    if ($message->{text}) {
        $flags |= TEXT;
        utf8::encode($body);
    } elsif (utf8::is_utf8($body) and !utf8::downgrade($body, 1)) {
        die("the body is bytes but holds a wide character: encode it first\n");
    }
    return($say->($start . chr($flags) . pack("V/a*", $header) . $body)) if length($body) < LARGE;
    $say->($start . chr($flags | APART) . pack("V/a*", $header));
    $say->($body);
}

sub tap {
    my($path, $type, $message) = @_;
    give_message("q" . pack("V/a*V/a*", bytes($path), bytes($type)), $message, \&say_to_host);
}

sub settle {
    my($message, $result, $home) = @_;
    my $class = ref($result);
    my $to = "";
    if ($class eq "HASH") {
        my @strange = grep($_ ne "to" && $_ ne "message", sort(keys(%$result)));
        return(outcome("rcheck returned { to, message } with \"" . bytes($strange[0]) . "\"")) if @strange;
        my $name = $result->{to};
        return(outcome("rcheck returned a hash whose \"to\" is no name"))
            if !defined($name) || ref($name) || $name eq "" || length($name) > LONGEST_NAME;
        $to = "o" . pack("V/a*", bytes("$name"));
        $result = exists($result->{message}) ? $result->{message} : $message;
        $class = ref($result);
        return(outcome("rcheck returned a hash whose \"message\" is none"))
            unless $class and UNIVERSAL::isa($result, "Messaging::Message");
    }
    if ($class eq "Messaging::Message" or $class and UNIVERSAL::isa($result, "Messaging::Message")) {
        if ($home and $result == $message) {
            my($flags, $header) = header_text($result->{header});
            die("the text flag cannot be changed without the body\n") if !!$result->{text} != !!$home->{text};
            return(outcome($to . "h" . chr($flags) . $header));
        }
        return(give_message($to . "m", $result, \&outcome));
    }
    return(outcome("rcheck returned a reference: " . bytes($class))) if $class;
    return(outcome("rcheck returned " . (defined($result) ? "\"" . bytes("$result") . "\"" : "nothing"))) unless $result;
    $result = "$result";
    utf8::encode($result);
    outcome("d" . $result);
}

sub thrown {
    my($error) = @_;
    $error = "$error";
    $error = "Died" if $error eq "";
    $error =~ s/ \(you may need to install the [\w:]+ module\) \(\@INC[^)]*\)/, which is not among the modules of a callback: put what it does into the callback/g;
    utf8::encode($error) if utf8::is_utf8($error);
    return($error);
}

# reads the code; what is wrong with it, or nothing
sub adopt {
    my $code = receive();
    # stompclt has these loaded: code may name them without "use"
    foreach my $module (qw(Messaging::Message::Queue Directory::Queue No::Worries::Log No::Worries::Die No::Worries::Warn
        Data::Dumper Digest::MD5 Encode File::Basename File::Spec Getopt::Long IO::File JSON JSON::PP List::Util MIME::Base64
        POSIX Scalar::Util Storable Sys::Hostname Sys::Syslog Time::HiRes Time::Local)) {
        next unless $code =~ /\b$module\b/;
        my $file = $module;
        $file =~ s{::}{/}g;
        require("$file.pm");
    }
    # as stompclt sets them
    { no warnings "once"; $Data::Dumper::Indent = $Data::Dumper::Sortkeys = 1 }
    my $error = evaluate($code) ? "" : thrown($@);
    my @ends = $code =~ /\bsub (Stompctl::END_[0-9]+) /g;
    $error = "\"END {\" begins a line inside of a text: put something before it\n"
        unless length($error) or @ends == grep(defined(&$_), @ends);
    @at_end = reverse(@ends);
    $error = "missing function in callback: check(\$)\n" unless length($error) or defined(&callback::check);
    offer_log() unless length($error);
    say_to_host("a" . $error);
}

# log_info and the like can be called without a "use" unless the callback has its own
sub offer_log {
    require No::Worries::Log;
    no strict "refs";
    foreach my $name (qw(log_debug log_info log_warning log_error)) {
        *{"callback::$name"} = \&{"No::Worries::Log::$name"} unless defined(&{"callback::$name"});
    }
}

sub hook {
    my($name, @list) = split(/\0/, receive(), -1);
    my $code = callback->can($name);
    my $error = "";
    if ($code) {
        my %data = map({ utf8::decode($_); $_ } @list);
        eval { $name eq "start" ? $code->(\%data) : $code->(); 1 } or $error = thrown($@);
    }
    if ($name eq "stop") {
        no strict "refs";
        eval { &$_() foreach @at_end; 1 } or $error ||= thrown($@);
    }
    say_to_host("a" . $error);
}

sub check {
    my @parts = unpack("(V/a)*", receive());
    my $settling = 0;
    $stopped = 0;
    while (@parts) {
        my $ok = eval {
            while (@parts) {
                my $head = shift(@parts);
                my $body = shift(@parts);
                my $flags = ord($head);
                substr($head, 0, 1, "");
                my @list = $flags & PACKED ? unpack("(V/a)*", $head) : split(/\0/, $head, -1);
                if ($flags & WIDE) {
                    utf8::decode($_) for @list;
                }
                my %header = @list;
                if ($flags & APART) {
                    my $length = $body;
                    $body = "";
                    say_to_host("b");
                    sysread($IN, $body, $length);
                }
                utf8::decode($body) if $flags & TEXT;
                my $message = bless({ header => \%header, body_ref => \$body, text => $flags & TEXT }, "Messaging::Message");
                $from_home = $flags & NO_BODY ? $message : undef;
                my $home = $flags & NO_BODY ? { text => $message->{text} } : undef;
                delete($message->{body_ref}) if $home;
                my $result = callback::check($message);
                # the common case, without calls: a header that was looked at or changed
                if ($home and ref($result) and $result == $message and !$asked_home and $home->{text} == $message->{text}) {
                    use warnings FATAL => "uninitialized";
                    $settling = 1;
                    my $header = $message->{header};
                    my $text = join("\0", %$header);
                    if (index($text, "(0x") < 0 and ($text =~ tr/\0//) == 2 * %$header - 1) {
                        utf8::encode($text);
                        $settling = 0;
                        next if defined(syswrite($OUT, "h\0$text"));
                        $stopped = 1;
                        last;
                    }
                }
                die("the body is on its way\n") if $asked_home;
                # what dies from here on is no fault of the code but of what it returned
                $settling = 1;
                settle($message, $result, $home);
                $settling = 0;
                last if $stopped;
            }
            1;
        };
        return if $stopped;
        next if $ok;
        my $error = $@;
        if ($asked_home) {
            $asked_home = 0;
            say_to_host("n");
            return;
        }
        outcome(($settling ? "r" : "t") . thrown($error));
        $settling = 0;
        return if $stopped;
    }
}

1;
