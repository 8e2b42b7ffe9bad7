package Messaging::Message;

# Stands in for CPAN's Messaging::Message, which Debian does not have: the methods that callbacks use, with the same
# results and the same complaints as far as a callback can see them.
use strict;
use warnings;
use Encode qw();
use JSON qw();
use MIME::Base64 qw();
use Scalar::Util qw();

our $VERSION = "1.5";
my $json = JSON->new();

# the real module words it otherwise: callbacks see that it died, the comparison does not look at the words
sub complain { my($text) = @_; die("bad argument: $text\n") }

sub plain { my($what, $value) = @_; complain("$what is not a scalar") if !defined($value) or ref($value); return($value) }

sub table {
    my($value) = @_;
    complain("header is not a hash") unless ref($value) eq "HASH";
    complain("header is not a hash of strings") if grep(!defined($_) || ref($_), values(%$value));
    return($value);
}

sub new {
    my($class, @given) = @_;
    my %option = @given == 1 && ref($given[0]) eq "HASH" ? %{ $given[0] } : @given;
    foreach my $name (keys(%option)) {
        complain("unknown option: $name") unless $name =~ /^(header|body|body_ref|text)$/;
    }
    complain("body and body_ref are mutually exclusive") if exists($option{body}) and exists($option{body_ref});
    my $body = exists($option{body}) ? plain("body", $option{body}) : "";
    my $ref = exists($option{body_ref}) ? $option{body_ref} : \$body;
    complain("body_ref is not a reference to a scalar") unless ref($ref) eq "SCALAR";
    my $header = exists($option{header}) ? table($option{header}) : {};
    return(bless({ header => $header, body_ref => $ref, text => $option{text} ? 1 : 0 }, $class));
}

sub header {
    my($self, @value) = @_;
    return($self->{header}) unless @value;
    $self->{header} = table($value[0]);
    return($self);
}

sub header_field {
    my($self, $name, @value) = @_;
    plain("name", $name);
    return($self->{header}{$name}) unless @value;
    $self->{header}{$name} = plain("value", $value[0]);
    return($self);
}

sub body_ref {
    my($self, @value) = @_;
    return($self->{body_ref}) unless @value;
    complain("body_ref is not a reference to a scalar") unless ref($value[0]) eq "SCALAR";
    $self->{body_ref} = $value[0];
    return($self);
}

sub body {
    my($self, @value) = @_;
    return(${ $self->{body_ref} }) unless @value;
    my $body = plain("body", $value[0]);
    $self->{body_ref} = \$body;
    return($self);
}

sub text {
    my($self, @value) = @_;
    return($self->{text}) unless @value;
    complain("text is not a boolean") if ref($value[0]);
    $self->{text} = $value[0] ? 1 : 0;
    return($self);
}

sub copy {
    my($self) = @_;
    my %header = %{ $self->{header} };
    my $body = ${ $self->{body_ref} };
    return(bless({ header => \%header, body_ref => \$body, text => $self->{text} }, ref($self)));
}

sub size {
    my($self) = @_;
    my $size = 1 + length(${ $self->{body_ref} });
    $size += 2 + length($_) + length($self->{header}{$_}) foreach keys(%{ $self->{header} });
    return($size);
}

sub jsonify {
    my($self) = @_;
    my %object;
    $object{text} = JSON::true() if $self->{text};
    $object{header} = $self->{header} if %{ $self->{header} };
    my $body = ${ $self->{body_ref} };
    return(\%object) if $body eq "";
    if (!$self->{text} and $body =~ /[^\t\n\r\x20-\x7e]/) {
        die("Base64 encoding failed: Wide character in subroutine entry\n") if $body =~ /[^\x00-\xff]/;
        $body = MIME::Base64::encode_base64($body, "");
        $object{encoding} = "base64";
    }
    $object{body} = $body;
    return(\%object);
}

sub stringify { my($self) = @_; return($json->encode($self->jsonify())) }
sub stringify_ref { my($self) = @_; my $text = $self->stringify(); return(\$text) }
sub serialize { my($self) = @_; return(Encode::encode("UTF-8", $self->stringify(), Encode::FB_CROAK())) }
sub serialize_ref { my($self) = @_; my $bytes = $self->serialize(); return(\$bytes) }

sub dejsonify {
    my($class, $object) = @_;
    my $body = exists($object->{body}) ? $object->{body} : "";
    my $encoding = $object->{encoding} || "";
    $body = MIME::Base64::decode_base64($body) if $encoding =~ /base64/;
    $body = Encode::decode("UTF-8", $body, Encode::FB_CROAK()) if $encoding =~ /utf8/;
    return($class->new(header => $object->{header} || {}, body => $body, text => $object->{text}));
}

sub destringify { my($class, $text) = @_; return($class->dejsonify($json->decode($text))) }
sub destringify_ref { my($class, $ref) = @_; return($class->destringify($$ref)) }

sub deserialize {
    my($class, $bytes) = @_;
    return($class->destringify(Encode::decode("UTF-8", $bytes, Encode::FB_CROAK())));
}

sub deserialize_ref { my($class, $ref) = @_; return($class->deserialize($$ref)) }

1;
