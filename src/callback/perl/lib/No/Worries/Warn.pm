package No::Worries::Warn;
use strict;
use warnings;
use No::Worries ();
use Messaging::Message ();

our @EXPORT_OK = qw(warnf);

sub import { my($class, @names) = @_; No::Worries::export($class, scalar(caller()), @names) }

sub warnf {
    my $text = No::Worries::text_of(@_);
    my(undef, $file, $line) = caller();
    warn($text =~ /\n\z/ ? $text : "$text at $file line $line.\n");
}

1;
