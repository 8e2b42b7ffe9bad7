package Messaging::Message;
use strict;
use warnings;
our $VERSION = "1.7";

my %Option = map({ $_ => 1 } qw(header body body_ref text));

# dies at the place of the caller's caller
sub _die {
    my($text) = @_;
    my $level = 0;
    $level++ while (caller($level))[0] =~ /^Messaging::Message/;
    my(undef, $file, $line) = caller($level);
    die("$text at $file line $line.\n");
}

my %Type = (ARRAY => "arrayref", HASH => "hashref", CODE => "coderef", SCALAR => "scalarref", REF => "scalarref", GLOB => "globref");

# in the words of Params::Validate, which the module itself uses
sub _refuse {
    my($what, $method, $value, $allowed) = @_;
    my $type = ref($value);
    my $is = !defined($value) ? "undef" : $type eq "" ? "scalar" : $Type{$type} || "object";
    my $shown = defined($value) ? "\"$value\"" : "undef";
    my $article = $is =~ /^[aeiou]/ ? "an" : "a";
    _die("$what ($shown) to Messaging::Message::$method was $article '$is', which is not one of the allowed types: $allowed");
}

sub new {
    my($class, @list) = @_;
    my %option = @list == 1 && ref($list[0]) eq "HASH" ? %{ $list[0] } : @list;
    foreach my $name (keys(%option)) {
        _die("Messaging::Message: unknown option: $name") unless $Option{$name};
        _die("Messaging::Message: undefined option: $name") unless defined($option{$name}) or $name eq "text";
    }
    _die("Messaging::Message: body and body_ref are mutually exclusive") if exists($option{body}) and exists($option{body_ref});
    _refuse("The 'body' parameter", "new", $option{body}, "scalar") if ref($option{body});
    my $body = defined($option{body}) ? $option{body} : "";
    my $self = bless({ header => {}, body_ref => \$body, text => $option{text} ? 1 : 0 }, $class);
    $self->header($option{header}) if $option{header};
    $self->body_ref($option{body_ref}) if $option{body_ref};
    return($self);
}

sub header {
    return($_[0]{header}) if @_ == 1;
    my($self, $header) = @_;
    _refuse("Parameter #1", "header", $header, "hashref") unless ref($header) eq "HASH";
    _die("Messaging::Message: the header holds something that is no text")
        if grep(!defined($_) || ref($_), values(%$header));
    $self->{header} = $header;
    return($self);
}

sub header_field {
    my($self, $name, $value) = @_;
    _refuse("Parameter #1", "header_field", $name, "scalar") if !defined($name) or ref($name);
    return($self->{header}{$name}) if @_ < 3;
    _refuse("Parameter #2", "header_field", $value, "scalar") if !defined($value) or ref($value);
    $self->{header}{$name} = $value;
    return($self);
}

sub body_ref {
    return($_[0]{body_ref} || _bring($_[0])) if @_ == 1;
    my($self, $ref) = @_;
    _refuse("Parameter #1", "body_ref", $ref, "scalarref") unless ref($ref) eq "SCALAR";
    $self->{body_ref} = $ref;
    return($self);
}

sub body {
    return(${ $_[0]{body_ref} || _bring($_[0]) }) if @_ == 1;
    my($self, $body) = @_;
    _refuse("Parameter #1", "body", $body, "scalar") if !defined($body) or ref($body);
    $self->{body_ref} = \$body;
    return($self);
}

# the body was left at home: the message starts over, with it
sub _bring {
    my($self) = @_;
    if ($Stompctl::from_home and $Stompctl::from_home == $self) {
        $Stompctl::asked_home = 1;
        die("the body is on its way\n");
    }
    _die("the body of an earlier message is gone: name \$bdy or body in the callback to have bodies kept");
}

sub text {
    return($_[0]{text} ? 1 : 0) if @_ == 1;
    my($self, $text) = @_;
    _refuse("Parameter #1", "text", $text, "scalar undef") if ref($text);
    $self->{text} = $text ? 1 : 0;
    return($self);
}

sub copy {
    my($self) = @_;
    my $body = $self->body();
    return(bless({ header => { %{ $self->{header} } }, body_ref => \$body, text => $self->{text} }, ref($self)));
}

sub equal {
    my($self, $other) = @_;
    return(0) unless !!$self->text() eq !!$other->text() and $self->body() eq $other->body();
    my($mine, $theirs) = ($self->{header}, $other->{header});
    return(0) unless %$mine == %$theirs;
    exists($theirs->{$_}) && $mine->{$_} eq $theirs->{$_} or return(0) foreach keys(%$mine);
    return(1);
}

sub size {
    my($self) = @_;
    my $size = 1 + length(${ $self->body_ref() });
    my $header = $self->{header};
    $size += 2 + length($_) + length($header->{$_}) foreach keys(%$header);
    return($size);
}

sub jsonify {
    my($self) = @_;
    my %object;
    my $body = $self->body();
    $object{header} = { map({ $_ => "$self->{header}{$_}" } keys(%{ $self->{header} })) } if %{ $self->{header} };
    if ($self->{text}) {
        require JSON::PP;
        $object{text} = $JSON::PP::true;
    } elsif ($body =~ /[^\t\n\r\x20-\x7e]/) {
        require MIME::Base64;
        $body = MIME::Base64::encode_base64(_octets($body), "");
        $object{encoding} = "base64";
    }
    $object{body} = $body if length($body);
    return(\%object);
}

sub _octets {
    my($text) = @_;
    utf8::downgrade($text, 1) or _die("Messaging::Message: the body is bytes but holds a wide character");
    return($text);
}

sub dejsonify {
    my($class, $object) = @_;
    my %option = (header => $object->{header} || {}, text => $object->{text} ? 1 : 0);
    my $body = defined($object->{body}) ? $object->{body} : "";
    foreach my $encoding (reverse(split(/\+/, $object->{encoding} || ""))) {
        if ($encoding eq "base64") {
            require MIME::Base64;
            $body = MIME::Base64::decode_base64($body);
        } elsif ($encoding eq "utf8") {
            $option{text} ? utf8::decode($body) : utf8::encode($body);
        } else {
            _die("Messaging::Message: the encoding $encoding is not there in a callback: base64 and utf8 are");
        }
    }
    return($class->new(%option, body => $body));
}

my $Json;

sub _json {
    require JSON::PP;
    return($Json ||= JSON::PP->new->canonical);
}

sub stringify { my($self) = @_; return(_json()->encode($self->jsonify())) }
sub stringify_ref { my($self) = @_; my $text = $self->stringify(); return(\$text) }

sub serialize {
    my($self) = @_;
    my $text = $self->stringify();
    utf8::encode($text);
    return($text);
}

sub serialize_ref { my($self) = @_; my $bytes = $self->serialize(); return(\$bytes) }
sub destringify { my($class, $text) = @_; return($class->dejsonify(_json()->decode($text))) }
sub destringify_ref { my($class, $ref) = @_; return($class->destringify($$ref)) }

sub deserialize {
    my($class, $bytes) = @_;
    utf8::decode($bytes);
    return($class->destringify($bytes));
}

sub deserialize_ref { my($class, $ref) = @_; return($class->deserialize($$ref)) }

1;
