# A queue outside: what is added to it, the program adds. Its path must be a value of callback-data.
package Messaging::Message::Queue;
use strict;
use warnings;
use Messaging::Message ();

sub new {
    my($class, @list) = @_;
    my %option = @list == 1 && ref($list[0]) eq "HASH" ? %{ $list[0] } : @list;
    my($type) = $class =~ /::(DQ[SN])$/ ? $1 : $option{type} || "DQS";
    Messaging::Message::_die("$class: missing option: path") unless defined($option{path}) or $type eq "NULL";
    Messaging::Message::_die("$class: unsupported queue type: $type") unless $type =~ /^(?:DQ[SN]|NULL)$/;
    return(bless({ path => $option{path}, type => $type }, "Messaging::Message::Queue::$type"));
}

sub add_message {
    my($self, $message) = @_;
    Messaging::Message::_die(ref($self) . "::add_message(): not a message")
        unless ref($message) and UNIVERSAL::isa($message, "Messaging::Message");
    $message->body_ref();
    Stompctl::tap($self->{path}, $self->{type}, $message) unless $self->{type} eq "NULL";
    # its name is known only when it is there
    return("00000000/00000000000000");
}

sub path { return($_[0]{path}) }
sub id { return($_[0]{path}) }

our $AUTOLOAD;

sub AUTOLOAD {
    my($name) = $AUTOLOAD =~ /(\w+)$/;
    return if $name eq "DESTROY";
    Messaging::Message::_die("the method $name of Messaging::Message::Queue is not there in a callback: add_message is");
}

@Messaging::Message::Queue::DQS::ISA = @Messaging::Message::Queue::DQN::ISA =
    @Messaging::Message::Queue::NULL::ISA = ("Messaging::Message::Queue");
$INC{"Messaging/Message/Queue/DQS.pm"} = $INC{"Messaging/Message/Queue/DQN.pm"} = $INC{"Messaging/Message/Queue.pm"};

1;
