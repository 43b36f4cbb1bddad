/** http-proxy with connections to the VASP kept alive and nothing inspected, in its own process; tells its port. */
import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';

const vaspPort = Number(process.argv[2]);
const proxy = httpProxy.createProxyServer({
  target: `http://127.0.0.1:${vaspPort}`,
  agent: new Agent({ keepAlive: true, maxSockets: 256 }),
});
proxy.on('error', (_error, _request, response) => response.destroy());
const server = createServer((request, response) => proxy.web(request, response));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.send?.({ port: address.port });
});
process.on('disconnect', () => process.exit(0));
