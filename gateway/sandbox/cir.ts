/**
 * The sandbox calls its clients [P9]: an STCP server, and a URL for each session that answers 200 when something waits and
 * 204 when nothing does. Calls are made once; whoever misses one finds the Poll flag at the next answer.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { childTexts, type Element, element } from '../csp/element.ts';
import { type CspVersion, isAtLeast } from '../csp/versions.ts';
import { somethingWaits } from './polling.ts';
import type { SandboxSession, SandboxState } from './state.ts';

/** Where the sandbox calls from. */
export interface CirPlace {
  readonly tcp: { readonly host: string; readonly port: number };
  /** The start of the URLs; a session's secret follows. */
  readonly url: string;
}

const MOST_LINE_CHARACTERS = 256;

/** What the answer to a CapabilityList says of CIR, each element by its name. */
export function cirElements(
  { cir }: SandboxState,
  session: SandboxSession,
  list: Element,
  version: CspVersion,
): { readonly methods: readonly Element[]; readonly tcp: readonly Element[]; readonly url: Element | undefined } {
  const wanted = new Set(cir === undefined ? [] : childTexts(list, 'SupportedCIRMethod'));
  const stcp = cir !== undefined && wanted.has('STCP');
  const shttp = cir !== undefined && wanted.has('SHTTP') && isAtLeast(version, '1.2');
  const methods = [...(stcp ? ['STCP'] : []), ...(shttp ? ['SHTTP'] : [])];
  return {
    methods: methods.map((method) => element('SupportedCIRMethod', method)),
    tcp: stcp ? [element('TCPAddress', cir.tcp.host), element('TCPPort', cir.tcp.port)] : [],
    url: shttp
      ? element(version === '1.3' ? 'CIRHTTPAddress' : 'CIRURL', [element('URL', cir.url + session.cirSecret)])
      : undefined,
  };
}

/** Whether something waits for the session with this secret; undefined when there is none. */
export function waitsAt(state: SandboxState, secret: string): boolean | undefined {
  for (const session of state.sessions.values())
    if (session.cirSecret === secret) return somethingWaits(state, session);
  return undefined;
}

/** The STCP server. Connections are of this machine's own phones and gateways, so they are bounded in their lines alone. */
export function stcpServer(state: SandboxState): { readonly server: Server; close(): void } {
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MOST_LINE_CHARACTERS) socket.destroy();
      for (const line of lines) heard(state, socket, line.trim());
    });
  });
  return {
    server,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

function heard(state: SandboxState, socket: Socket, line: string): void {
  const id = /^HELO\s+(\S+)$/i.exec(line)?.[1];
  if (id === undefined) {
    socket.write('OK\r\n');
    return;
  }
  const session = state.sessions.get(id);
  if (session === undefined) {
    socket.destroy();
    return;
  }
  session.channel?.close();
  const channel = {
    wake: () => void socket.write(`WVCI ${session.version} ${session.cookie}\r\n`),
    close: () => socket.destroy(),
  };
  session.channel = channel;
  socket.on('close', () => {
    if (session.channel === channel) session.channel = undefined;
  });
  socket.write('OK\r\n');
  if (somethingWaits(state, session)) channel.wake();
}
