/**
 * The gateway under measurement, in its own process: the HTTP edge, the envelope scan of request and answer, the session
 * looked up and held to its level, and the upstream pool.
 */

import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { ServiceSet } from '../../gateway/csp/service-tree.ts';
import { encodingOfContentType } from '../../gateway/csp/versions.ts';
import { DEFAULT_HTTP_LIMITS } from '../../gateway/http/limits.ts';
import { createClientServer } from '../../gateway/http/server.ts';
import type { ClientReply, ClientRequest, Metrics } from '../../gateway/ports.ts';
import { createUpstream, DEFAULT_VASP_LIMITS } from '../../gateway/upstream/pool.ts';
import { serveMeasurements } from './proxy-target.ts';
import { SESSION_ID } from './upstream-server-messages.ts';

const vaspPort = Number(process.argv[2]);
const sessions = new Map([[SESSION_ID, { granted: ServiceSet.ALL }]]);
const nothing = (): void => {};
const metrics: Metrics = {
  login: nothing,
  negotiation: nothing,
  negotiationDuration: nothing,
  request: nothing,
  upstream: nothing,
  upstreamError: nothing,
  reject: nothing,
  sessions: nothing,
  policyReload: nothing,
};
const upstream = createUpstream(
  [{ ...DEFAULT_VASP_LIMITS, name: 'bench', url: `http://127.0.0.1:${vaspPort}` }],
  metrics,
);
const refusal: ClientReply = {
  statusCode: 400,
  headers: ['Content-Type', 'text/plain'],
  body: Buffer.from('refused\n'),
};

async function handle(request: ClientRequest): Promise<ClientReply> {
  const encoding = encodingOfContentType(request.contentType);
  if (encoding === undefined) return refusal;
  const envelope = scanEnvelope(request.body, encoding);
  const session = sessions.get(envelope.sessionId ?? '');
  if (session === undefined || !session.granted.has('MM')) return refusal;
  const result = await upstream.send('bench', request);
  if (result.kind === 'failed') return refusal;
  scanEnvelope(result.body, encoding, { tolerant: true });
  return { statusCode: result.statusCode, headers: result.headers, body: result.body };
}

const log = { info: nothing, warn: nothing, error: nothing };
const server = createClientServer({ handle, passThrough: () => false, metrics, log, limits: DEFAULT_HTTP_LIMITS });
const { port } = await server.listen('127.0.0.1', 0);
serveMeasurements(port);
