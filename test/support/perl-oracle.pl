# Runs callback snippets in real Perl, as stompclt wraps them, and tells what became of the message.
# Standard input: a JSON list of { name, code, binary }; standard output: a JSON object, name => outcome.
use strict;
use warnings;
use JSON::PP;

package Messaging::Message;
sub new {
    my($class, %o) = @_;
    my $body = defined($o{body}) ? $o{body} : "";
    return(bless({ header => $o{header} || {}, body_ref => $o{body_ref} || \$body, text => $o{text} ? 1 : 0 }, $class));
}
sub header { my $s = shift; return($s->{header}) unless @_; $s->{header} = $_[0]; return($s) }
sub body_ref { my $s = shift; return($s->{body_ref}) unless @_; $s->{body_ref} = $_[0]; return($s) }
sub text { my $s = shift; return($s->{text}) unless @_; $s->{text} = $_[0] ? 1 : 0; return($s) }
sub body { my $s = shift; return(${ $s->{body_ref} }) unless @_; my $b = $_[0]; $s->{body_ref} = \$b; return($s) }
sub header_field {
    my($s, $k, @v) = @_;
    return($s->{header}{$k}) unless @v;
    die("undefined value\n") unless defined($v[0]);
    $s->{header}{$k} = $v[0];
    return($s);
}
sub copy {
    my($s) = @_;
    my %h = %{ $s->{header} };
    my $b = ${ $s->{body_ref} };
    return(bless({ header => \%h, body_ref => \$b, text => $s->{text} }, ref($s)));
}
sub size {
    my($s) = @_;
    my $n = 1 + length(${ $s->{body_ref} });
    $n += 2 + length($_) + length($s->{header}{$_}) for keys(%{ $s->{header} });
    return($n);
}

package main;

sub run {
    my($snippet, $number) = @_;
    my $code = $snippet->{code};
    # stompclt reads bytes
    utf8::encode($code);
    if ($code !~ /^\s*sub\s/m) {
        $code =~ s/^\s+//; $code =~ s/\s+$//;
        $code .= "\n;" unless substr($code, -1) eq ";";
        $code = "our(\%hdr, \$bdy);\nsub check (\$) {\nmy \$msg = \$_[0];\nlocal *hdr = \$msg->header();\n"
            . "local *bdy = \$msg->body_ref();\n$code\nreturn(\$msg);\n}\n";
    }
    my $package = "callback$number";
    my $printed = "";
    open(my $out, ">", \$printed) or die;
    my $old = select($out);
    my $msg = Messaging::Message->new(header => { %{ $snippet->{header} } }, body => $snippet->{body}, text => $snippet->{text});
    my $result = eval {
        no strict 'refs';
        eval("package $package; use strict; use warnings qw(FATAL all);\n$code\n1") or die($@);
        &{"${package}::start"}({}) if defined(&{"${package}::start"});
        my $r = &{"${package}::check"}($msg);
        &{"${package}::stop"}() if defined(&{"${package}::stop"});
        $r = { value => $r };
    };
    my $error = $@;
    select($old);
    close($out);
    utf8::decode($printed);
    my %outcome = (printed => $printed);
    if (!$result) {
        $outcome{rejected} = 1;
        $outcome{error} = "$error";
    } elsif (ref($result->{value}) eq "Messaging::Message") {
        my $m = $result->{value};
        if (grep(!defined($_) || ref($_), values(%{ $m->header() }))) {
            %outcome = (printed => $printed, rejected => 1, error => "bad header");
        } else {
            $outcome{header} = { map({ ($_ => "" . $m->header_field($_)) } keys(%{ $m->header() })) };
            $outcome{body} = $m->body();
            $outcome{text} = $m->text() ? JSON::PP::true : JSON::PP::false;
        }
    } elsif (!ref($result->{value}) && defined($result->{value}) && length($result->{value}) && $result->{value} ne "0") {
        $outcome{dropped} = "" . $result->{value};
    } else {
        $outcome{rejected} = 1;
        $outcome{error} = "bad result";
    }
    return(\%outcome);
}

my $json = JSON::PP->new->utf8->canonical;
my $snippets = $json->decode(do { local $/ = undef; <STDIN> });
my %all;
my $number = 0;
foreach my $snippet (@$snippets) {
    local $_;
    $all{ $snippet->{name} } = run($snippet, ++$number);
}
print($json->pretty->encode(\%all));
