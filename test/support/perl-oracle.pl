# Runs callback snippets in real Perl, wrapped as stompclt wraps them, and tells what became of their messages.
# Standard input: a JSON list of { name, path, code, data, steps }; a step is "idle" or { header, body (Base64), text }.
# Standard output: a JSON list of { name, open, steps, stop, printed, logged }, texts that may hold bytes in Base64.
# Run it with -I of the folder `perl` beside it, or of the real Messaging::Message.
package main;
use strict;
use warnings qw(FATAL all);
# what stompclt has loaded when it reads the callback
use Config::General qw();
use Data::Dumper qw();
use Encode qw();
use Getopt::Long qw();
use IO::File qw();
use IO::Select qw();
use IO::Socket::INET qw();
use JSON qw();
use List::Util qw();
use MIME::Base64 qw();
use Messaging::Message qw();
use Messaging::Message::Queue qw();
use Pod::Usage qw();
use POSIX qw();
use Scalar::Util qw();
use Storable qw();
use Sys::Hostname qw();
use Sys::Syslog qw();
use Time::HiRes qw();
use Time::Local qw();

# stompclt declares the functions before it reads the code: one without its prototype is a fatal "Prototype mismatch"
sub callback::start($);
sub callback::check($);
sub callback::idle();
sub callback::stop();

use constant SECONDS_A_SNIPPET => 10;
my $json = JSON->new->utf8->canonical;

sub wrapped {
    my($snippet) = @_;
    my $code = Encode::encode("UTF-8", $snippet->{code}); # a file's bytes: only `use utf8` makes characters of them
    my $head = "package callback; use strict; use warnings qw(FATAL all);\n";
    return($head . $code) if $snippet->{path} or $code =~ /^\s*sub\s/m;
    $code =~ s/^\s+//;
    $code =~ s/\s+$//;
    $code .= ";" if substr($code, -1) ne ";";
    $code =~ s/^/  /mg;
    return(join("", $head, "our(%hdr, \$bdy);\n", "sub check (\$) {\n", "  my \$msg = \$_[0];\n",
        "  local *hdr = \$msg->header();\n", "  local *bdy = \$msg->body_ref();\n", $code, "\n", "  return(\$msg);\n}\n"));
}

# What goes to the sink. A header that is not text has no meaning on the wire; wide characters are no bytes.
sub passed {
    my($msg) = @_;
    my %header = %{ $msg->header() };
    return({ kind => "reject", error => "bad header" }) if grep(!defined($_) || ref($_), values(%header));
    my $text = $msg->text();
    my $body = $msg->body();
    $body = "" unless defined($body);
    if ($text) {
        $body = Encode::encode("UTF-8", $body, Encode::FB_CROAK());
    } elsif ($body =~ /[^\x00-\xff]/) {
        return({ kind => "reject", error => "bad body" });
    }
    return({ kind => "pass", header => { map({ ($_ => "$header{$_}") } keys(%header)) },
        body => MIME::Base64::encode_base64($body, ""), text => $text ? JSON::true() : JSON::false() });
}

sub checked {
    my($step) = @_;
    my $body = MIME::Base64::decode_base64($step->{body});
    $body = Encode::decode("UTF-8", $body, Encode::FB_CROAK()) if $step->{text};
    my $msg = Messaging::Message->new(header => { %{ $step->{header} } }, body => $body, text => $step->{text} ? 1 : 0);
    my $result;
    return({ kind => "reject", error => "$@" }) unless eval { $result = callback::check($msg); 1 };
    if (ref($result)) {
        return({ kind => "reject", error => "bad result" }) unless UNIVERSAL::isa($result, "Messaging::Message");
        my $outcome = eval { passed($result) };
        return($outcome || { kind => "reject", error => "$@" });
    }
    # stompclt takes a false result for the end of the queue: the message is gone and the run ends
    return($result ? { kind => "drop", reason => "$result" } : { kind => "end" });
}

sub hook {
    my($name, @argument) = @_;
    my $code = "callback"->can($name);
    return(undef) unless defined($code) and defined(&$code);
    return(eval { $code->(@argument); 1 } ? undef : "$@");
}

sub run {
    my($snippet, $tell) = @_;
    my $code = wrapped($snippet);
    eval($code); ## no critic
    return($tell->(open => "$@")) if $@;
    return($tell->(open => "no check")) unless defined(&callback::check);
    my $error = hook("start", { %{ $snippet->{data} } });
    return($tell->(open => $error)) if defined($error);
    foreach my $step (@{ $snippet->{steps} }) {
        if (ref($step)) {
            $tell->(step => checked($step));
        } else {
            $error = hook("idle");
            $tell->(step => defined($error) ? { kind => "reject", error => $error } : { kind => "idle" });
        }
    }
    $tell->(stop => hook("stop"));
}

sub spool { my($fh) = @_; seek($fh, 0, 0); local $/ = undef; my $all = <$fh>; return(MIME::Base64::encode_base64($all, "")) }

# Each snippet has a process of its own: what it leaves behind, and `exit`, concern nobody else.
sub forked {
    my($snippet) = @_;
    open(my $out, "+>", undef) or die("open: $!\n");
    open(my $err, "+>", undef) or die("open: $!\n");
    open(my $report, "+>", undef) or die("open: $!\n");
    my $pid = fork();
    die("fork: $!\n") unless defined($pid);
    if ($pid == 0) {
        open(STDOUT, ">&", $out) or die("dup: $!\n");
        open(STDERR, ">&", $err) or die("dup: $!\n");
        $| = 1;
        $Data::Dumper::Indent = 1;
        $Data::Dumper::Sortkeys = 1;
        alarm(SECONDS_A_SNIPPET);
        run($snippet, sub { syswrite($report, $json->encode({ @_ }) . "\n") });
        syswrite($report, $json->encode({ done => 1 }) . "\n");
        exit(0);
    }
    waitpid($pid, 0);
    my %told = (name => $snippet->{name}, steps => [], printed => spool($out), logged => spool($err));
    seek($report, 0, 0);
    while (my $line = <$report>) {
        my $told = $json->decode($line);
        push(@{ $told{steps} }, $told->{step}) if $told->{step};
        $told{$_} = $told->{$_} foreach grep(exists($told->{$_}), qw(open stop done));
    }
    push(@{ $told{steps} }, { kind => "exit" }) unless delete($told{done});
    return(\%told);
}

my $snippets = $json->decode(do { local $/ = undef; scalar(<STDIN>) });
close(STDIN);
open(STDIN, "<", "/dev/null") or die("open: $!\n");
print($json->encode([map({ forked($_) } @$snippets)]), "\n");
