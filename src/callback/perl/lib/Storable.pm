# Encode asks for Storable when it is loaded. Copies and images in memory can be made; files cannot be reached. An image is
# of this module's own form: only it can thaw it.
package Storable;
use strict;
use warnings;
use Messaging::Message ();

our $VERSION = "3.37";
our @EXPORT_OK = qw(dclone freeze nfreeze thaw store nstore retrieve);

my $MARK = "pst0stompctl";

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

sub freeze {
    my($data) = @_;
    ref($data) or Messaging::Message::_die("Not a reference");
    return($MARK . _image($data));
}

*nfreeze = \&freeze;

sub thaw {
    my($image) = @_;
    index($image, $MARK) == 0
        or Messaging::Message::_die("Storable::thaw(): not an image that freeze made in this callback");
    my $at = length($MARK);
    return(_value(\$image, \$at));
}

# a letter, the class, and a count with what it counts
sub _image {
    my($data) = @_;
    return("u") unless defined($data);
    my $type = ref($data);
    if ($type eq "") {
        my $wide = utf8::is_utf8($data);
        utf8::encode($data) if $wide;
        return(($wide ? "w" : "b") . pack("V/a*", $data));
    }
    my $class = Scalar::Util::blessed($data);
    my $head = defined($class) ? pack("V/a*", $class) : pack("V", 0);
    $type = Scalar::Util::reftype($data);
    return("A" . $head . pack("V", scalar(@$data)) . join("", map({ _image($_) } @$data))) if $type eq "ARRAY";
    return("H" . $head . pack("V", 2 * keys(%$data)) . join("", map({ _image($_) } %$data))) if $type eq "HASH";
    return("S" . $head . _image($$data)) if $type eq "SCALAR" or $type eq "REF";
    Messaging::Message::_die("Can't store $type items");
}

sub _value {
    my($image, $at) = @_;
    my $letter = substr($$image, $$at++, 1);
    return(undef) if $letter eq "u";
    my $field = substr($$image, $$at + 4, unpack("V", substr($$image, $$at, 4)));
    $$at += 4 + length($field);
    return($field) if $letter eq "b";
    utf8::decode($field), return($field) if $letter eq "w";
    my $data;
    if ($letter eq "S") {
        my $value = _value($image, $at);
        $data = \$value;
    } else {
        my $count = unpack("V", substr($$image, $$at, 4));
        $$at += 4;
        my @list = map({ scalar(_value($image, $at)) } 1 .. $count);
        $data = $letter eq "H" ? {@list} : \@list;
    }
    return(length($field) ? bless($data, $field) : $data);
}

foreach my $name (qw(store nstore retrieve)) {
    no strict "refs";
    *{"Storable::$name"} = sub {
        Messaging::Message::_die("Storable::$name is not there in a callback: it reaches no file; use JSON for text that others read");
    };
}

1;
