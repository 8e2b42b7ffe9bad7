/**
 * What the parser understands and the program cannot do yet. Each is refused at start with exit code 78 and its
 * sentence; none is ignored. Deleting a line here, and what stands behind it, makes the feature usable.
 */
export const LATER = {
  queueTypes: {
    DQN: 'queues of type DQN are not supported yet: use type=DQS',
    NULL: 'queues of type NULL are not supported yet: use type=DQS',
  },
  queueCompression: 'compression is not supported yet: leave it out, messages are stored uncompressed',
  metricsListen: 'metrics are not supported yet: leave it out',
  metricsTextfile: 'metrics are not supported yet: leave it out',
  /** by scheme of a broker URI */
  uriSchemes: {
    'stomp+ssl': 'TLS is not supported yet: use stomp:// or tcp://',
    ssl: 'TLS is not supported yet: use stomp:// or tcp://',
    'stomp+tls': 'TLS is not supported yet: use stomp:// or tcp://',
    tls: 'TLS is not supported yet: use stomp:// or tcp://',
    ws: 'WebSocket is not supported yet: use stomp:// or tcp://',
    wss: 'WebSocket is not supported yet: use stomp:// or tcp://',
    udp: 'UDP is not supported yet: use stomp:// or tcp://',
    failover: 'a choice of brokers is not supported yet: give one stomp:// or tcp:// URI',
    file: 'a file of broker URIs is not supported yet: give one stomp:// or tcp:// URI',
  },
  credentialSchemes: {
    x509: 'x509 credentials are not supported yet, since they need TLS: use the scheme plain',
  },
  sockopts: 'socket options are not supported yet: leave it out',
} as const;
