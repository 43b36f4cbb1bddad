/**
 * What the gateway is compared with: http-proxy as anybody would run it for speed, connections to the VASP kept alive,
 * nothing inspected. Its own process; tells its port, and its processor time when asked.
 */
import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';
import { serveMeasurements } from './proxy-target.ts';

const vaspPort = Number(process.argv[2]);
const proxy = httpProxy.createProxyServer({
  target: `http://127.0.0.1:${vaspPort}`,
  agent: new Agent({ keepAlive: true, maxSockets: 256 }),
});
proxy.on('error', (_error, _request, response) => response.destroy());
const server = createServer((request, response) => proxy.web(request, response));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') serveMeasurements(address.port);
});
