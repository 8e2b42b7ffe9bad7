# Encode asks for Storable when it is loaded. Copies can be made; files and frozen images are not there.
package Storable;
use strict;
use warnings;
use Messaging::Message ();

our $VERSION = "3.37";
our @EXPORT_OK = qw(dclone freeze nfreeze thaw store nstore retrieve);

sub import {
    my($class, @names) = @_;
    my $to = caller();
    no strict "refs";
    *{"${to}::$_"} = \&{"Storable::$_"} foreach @names;
}

sub dclone {
    my($data) = @_;
    my $type = ref($data) or return($data);
    my $class = Scalar::Util::blessed($data);
    $type = Scalar::Util::reftype($data) if defined($class);
    my $copy;
    if ($type eq "HASH") {
        $copy = { map({ $_ => dclone($data->{$_}) } keys(%$data)) };
    } elsif ($type eq "ARRAY") {
        $copy = [ map({ dclone($_) } @$data) ];
    } elsif ($type eq "SCALAR" or $type eq "REF") {
        my $value = dclone($$data);
        $copy = \$value;
    } else {
        Messaging::Message::_die("Storable::dclone(): cannot copy a $type");
    }
    return(defined($class) ? bless($copy, $class) : $copy);
}

require Scalar::Util;

foreach my $name (qw(freeze nfreeze thaw store nstore retrieve)) {
    no strict "refs";
    *{"Storable::$name"} = sub {
        Messaging::Message::_die("Storable::$name is not there in a callback: it reaches no file; use JSON for text that others read");
    };
}

1;
