package Socket;
die("Socket is not there in a callback: it runs in a sandbox without a network; let stompctl move messages to a broker\n");
