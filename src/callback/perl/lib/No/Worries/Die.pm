package No::Worries::Die;
use strict;
use warnings;
use No::Worries ();
use Messaging::Message ();

our @EXPORT_OK = qw(dief);

sub import { my($class, @names) = @_; No::Worries::export($class, scalar(caller()), @names) }

sub dief {
    my $text = No::Worries::text_of(@_);
    my(undef, $file, $line) = caller();
    die($text =~ /\n\z/ ? $text : "$text at $file line $line.\n");
}

1;
