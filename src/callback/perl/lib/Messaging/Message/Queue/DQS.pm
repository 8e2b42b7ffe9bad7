require Messaging::Message::Queue;
1;
