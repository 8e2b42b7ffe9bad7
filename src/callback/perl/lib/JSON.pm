# JSON under the names of JSON and JSON::XS; JSON::PP does the work.
package JSON;
use strict;
use warnings;
use JSON::PP ();

our $VERSION = "4.10";
our @ISA = ("JSON::PP");
our @EXPORT = qw(encode_json decode_json to_json from_json);

sub import {
    my($class, @names) = @_;
    my $to = caller();
    no strict "refs";
    *{"${to}::$_"} = \&{"JSON::$_"} foreach @names ? grep(/^(?:en|de)code_json$|^(?:to|from)_json$/, @names) : @EXPORT;
}

sub encode_json { return(JSON::PP::encode_json($_[0])) }
sub decode_json { return(JSON::PP::decode_json($_[0])) }
sub to_json { my($data, $option) = @_; return(_with($option)->encode($data)) }
sub from_json { my($text, $option) = @_; return(_with($option)->decode($text)) }
sub true { return($JSON::PP::true) }
sub false { return($JSON::PP::false) }
sub is_bool { return(JSON::PP::is_bool($_[0])) }
sub null { return(undef) }

our($true, $false) = ($JSON::PP::true, $JSON::PP::false);

sub _with {
    my($option) = @_;
    my $json = JSON::PP->new->allow_nonref;
    foreach my $name (keys(%{ $option || {} })) {
        $json->$name($option->{$name});
    }
    return($json);
}

1;
