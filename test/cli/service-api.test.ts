/** How commands ask a running service. */
import { createServer } from 'node:http';
import test from 'ava';
import { askService } from '../../cli/service-api.ts';

test.serial('a token that is set is sent, as a service behind IAP asks for one', async (t) => {
  const server = createServer((request, response) => {
    response.end(JSON.stringify({ seen: request.headers.authorization ?? 'none' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  try {
    t.deepEqual(await askService(`http://127.0.0.1:${port}`, '/v1/slos'), { seen: 'none' });
    process.env['HIGHWATER_API_TOKEN'] = 'abc';
    t.deepEqual(await askService(`http://127.0.0.1:${port}`, '/v1/slos'), { seen: 'Bearer abc' });
    t.deepEqual(await askService(`http://127.0.0.1:${port}`, '/v1/slos', {}), {
      seen: 'Bearer abc',
    });
  } finally {
    delete process.env['HIGHWATER_API_TOKEN'];
    server.closeAllConnections();
    server.close();
  }
});
