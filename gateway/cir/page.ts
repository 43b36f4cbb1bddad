/**
 * SHTTP for clients [X51, P9.4]: a GET at the session's own address is answered 200 when something waits and 204 when
 * nothing does. Every process answers it, by asking the hub. Addresses that are not the gateway's are somebody else's.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sessionOfToken } from '../chain/cir-token.ts';
import type { Cir } from '../cir-ports.ts';
import type { Secrets } from '../ports.ts';

/** The end of the path, whatever a front leaves before it. */
const PLACE = /\/cir\/([A-Za-z0-9_-]{44})$/;

/** What goes before the token in the addresses that clients are told. */
export const CIR_PATH = '/cir/';

export interface CirPage {
  /** True when the request is for a session's address: it is answered here. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
}

export function createCirPage(secrets: Secrets, cir: Pick<Cir, 'waits'>): CirPage {
  return {
    handle(request, response) {
      const { method, url = '' } = request;
      if (method !== 'GET' && method !== 'HEAD') return false;
      const [, token] = PLACE.exec(url) ?? [];
      const sessionKey = token === undefined ? undefined : sessionOfToken(secrets, token);
      if (sessionKey === undefined) return false;
      void cir.waits(sessionKey).then((waits) => answer(response, waits));
      return true;
    },
  };
}

/** A 204 has no Content-Length (RFC 9110, 8.6). */
function answer(response: ServerResponse, waits: boolean | undefined): void {
  if (waits === false) response.writeHead(204, ['Cache-Control', 'no-store']);
  else response.writeHead(waits === true ? 200 : 404, ['Cache-Control', 'no-store', 'Content-Length', '0']);
  response.end();
}
