package No::Worries;
use strict;
use warnings;
our($ProgramName, $HostName) = ("stompctl", "localhost");

sub import {
    my($class, @names) = @_;
    no strict "refs";
    foreach my $name (grep(/^\$(?:ProgramName|HostName)$/, @names)) {
        my $bare = substr($name, 1);
        *{ caller() . "::$bare" } = \${$bare};
    }
}

# what to export: the names asked for, all with "*"
sub export {
    my($class, $to, @names) = @_;
    no strict "refs";
    my %offered = map({ $_ => 1 } @{"${class}::EXPORT_OK"});
    foreach my $name (map({ $_ eq "*" ? keys(%offered) : $_ } @names)) {
        next if $name eq "handler";
        Messaging::Message::_die("\"$name\" is not exported by $class in a callback") unless $offered{$name};
        *{"${to}::$name"} = \&{"${class}::$name"};
    }
}

# a text, or a format with its values, or code that gives either
sub text_of {
    my($format, @values) = @_;
    return("") unless defined($format);
    return(scalar($format->(@values))) if ref($format) eq "CODE";
    return(@values ? sprintf($format, @values) : $format);
}

1;
