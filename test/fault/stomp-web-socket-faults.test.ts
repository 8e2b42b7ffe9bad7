import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { StompSession } from '../../src/stomp/session.js';
import { startedBroker } from '../support/started-broker.js';

describe('a StompSession over WebSocket', () => {
  it('says when there is no WebSocket at its path', async (test) => {
    const web = createServer((_request, response) => {
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    test.after(() => {
      web.close();
    });
    const { port } = web.address() as { port: number };
    const endpoint = { transport: 'ws', host: '127.0.0.1', port, path: '/nowhere' } as const;
    await assert.rejects(StompSession.connect({ endpoint }), {
      code: 'CONNECT_FAILED',
      message: /no WebSocket at \/nowhere: .*404.*check port and path/,
    });
  });

  it('says when the port speaks plain STOMP', async (test) => {
    const broker = await startedBroker(test);
    const endpoint = { transport: 'ws', host: '127.0.0.1', port: broker.port } as const;
    await assert.rejects(StompSession.connect({ endpoint, connectTimeoutMs: 2000 }), {
      code: /^CONNECT_/,
      message: /WebSocket/,
    });
  });
});
