package Messaging::Message::Queue;

# Stands in for CPAN's Messaging::Message::Queue: takes copies and forgets them.
use strict;
use warnings;

sub new {
    my($class, @given) = @_;
    my %option = @given == 1 && ref($given[0]) eq "HASH" ? %{ $given[0] } : @given;
    die("missing option: type\n") unless defined($option{type});
    die("unsupported type: $option{type}\n") unless $option{type} =~ /^(DQN|DQS|NULL)$/;
    return(bless({ %option }, $class));
}

sub add_message {
    my($self, $msg) = @_;
    die("not a Messaging::Message\n") unless ref($msg) and UNIVERSAL::isa($msg, "Messaging::Message");
    $msg->serialize();
    return("00000000/00000000000000");
}

1;
