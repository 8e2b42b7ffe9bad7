# Directory queues as far as a callback can have them: messages, serialized, can be added.
package Directory::Queue;
use strict;
use warnings;
use Messaging::Message ();
use Messaging::Message::Queue ();

sub new {
    my($class, %option) = @_;
    my $type = $class =~ /Normal$/ || ($option{type} || "") eq "Normal" ? "DQN" : "DQS";
    my $queue = Messaging::Message::Queue->new(path => $option{path}, type => $type);
    return(bless({ queue => $queue, path => $option{path} }, "Directory::Queue::" . ($type eq "DQN" ? "Normal" : "Simple")));
}

sub path { return($_[0]{path}) }
sub id { return($_[0]{path}) }

sub add {
    my($self, @data) = @_;
    my $message;
    if (@data == 1) {
        my $data = ref($data[0]) ? ${ $data[0] } : $data[0];
        $message = eval { Messaging::Message->deserialize($data) }
            or Messaging::Message::_die("Directory::Queue::add(): only a serialized message can be added in a callback");
    } else {
        my %field = @data;
        my %header = map({ /^(.*?)\t(.*)$/ ? ($1 => $2) : () } split(/\n/, $field{header} || ""));
        my $text = defined($field{text});
        $message = Messaging::Message->new(header => \%header, body => $text ? $field{text} : $field{binary}, text => $text);
    }
    $self->{queue}->add_message($message);
    return("");
}

sub add_ref { my($self, $ref) = @_; return($self->add($ref)) }

our $AUTOLOAD;

sub AUTOLOAD {
    my($name) = $AUTOLOAD =~ /(\w+)$/;
    return if $name eq "DESTROY";
    Messaging::Message::_die("the method $name of Directory::Queue is not there in a callback: add is");
}

@Directory::Queue::Simple::ISA = @Directory::Queue::Normal::ISA = ("Directory::Queue");
$INC{"Directory/Queue/Simple.pm"} = $INC{"Directory/Queue/Normal.pm"} = $INC{"Directory/Queue.pm"};

1;
