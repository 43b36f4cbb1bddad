/**
 * CIR of one machine: the hub with its listeners and its ways out, in the one process or in the primary of several, and
 * what of it each process tells its clients. Served is what is configured; with the sandbox, STCP on this machine.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { CirService } from '../chain/capability-negotiation.ts';
import { Datagrams } from '../cir/datagrams.ts';
import { CirHub, DEFAULT_CIR_HUB } from '../cir/hub.ts';
import { CIR_PATH } from '../cir/page.ts';
import { SYSTEM_SCHEDULE } from '../cir/schedule.ts';
import { DEFAULT_STCP_SERVER, StcpServer } from '../cir/stcp-server.ts';
import { httpAsker } from '../cir/vasp-poll.ts';
import type { CirAddress, CirOffer } from '../cir-ports.ts';
import type { Config, VaspConfig } from '../config.ts';
import type { Base } from './base.ts';
import { cannotListen } from './listening.ts';

export interface OpenCir {
  readonly hub: CirHub;
  /** What clients are told of it, the same in every process. */
  readonly offer: CirListeners;
  close(): Promise<void>;
}

export type CirListeners = Pick<CirOffer, 'tcp' | 'udp'>;

export type CirResult =
  | { readonly kind: 'open'; readonly cir: OpenCir }
  /** Sentences, each with its place; nothing is left listening. */
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

/** Of the channels over HTTP to one VASP. */
const ASKER = { connections: 16, timeoutMillis: 10_000 } as const;
/** For a VASP's answer that is under way when everything is closed. */
const CLOSE_MILLIS = 1_000;

/** @param attaching whom clients' connections are told to; the hub when absent */
export async function openCir(
  base: Base,
  vasps: readonly VaspConfig[],
  attaching: (hub: CirHub) => Pick<CirHub, 'attach' | 'detach'> = (hub) => hub,
): Promise<CirResult> {
  const { config, store, metrics } = base;
  const asker = httpAsker(ASKER);
  const udp = config.cir.udp;
  const datagrams = udp === undefined ? undefined : new Datagrams(udp.host);
  const room = new Map(vasps.map(({ name, cirConnections }) => [name, cirConnections]));
  const hub = new CirHub({
    ...base,
    settings: {
      ...DEFAULT_CIR_HUB,
      blindMillis: config.cir.blindIntervalMillis,
      vaspChannels: (vasp) => room.get(vasp) ?? 0,
    },
    vasps: base.vaspNames,
    sessions: store.sessions,
    schedule: SYSTEM_SCHEDULE,
    random: Math.random,
    asker,
    sendDatagram: datagrams === undefined ? undefined : (text, host, port) => datagrams.send(text, host, port),
  });
  const server = new StcpServer({
    hub: attaching(hub),
    settings: { ...DEFAULT_STCP_SERVER, connections: config.limits.cirConnections },
    schedule: SYSTEM_SCHEDULE,
    metrics,
  });
  const close = async (): Promise<void> => {
    hub.close();
    await server.close();
    await datagrams?.close();
    await Promise.race([asker.close(), delay(CLOSE_MILLIS, undefined, { ref: false })]);
  };
  const tcp = config.cir.tcp ?? (config.useSandbox ? { host: '127.0.0.1', port: 0 } : undefined);
  try {
    const heard = tcp === undefined ? undefined : await server.listen(tcp);
    const sent = udp === undefined ? undefined : await datagrams?.listen(udp);
    return { kind: 'open', cir: { hub, offer: offerOf(config, heard, sent), close } };
  } catch (error) {
    await close();
    return { kind: 'failed', problems: [cannotListen(error)] };
  }
}

function offerOf({ cir }: Config, tcp: CirAddress | undefined, udp: CirAddress | undefined): CirListeners {
  const told = (host: string): string | undefined => cir.advertise ?? (isWildcard(host) ? undefined : host);
  const tcpHost = tcp === undefined ? undefined : told(tcp.host);
  return {
    tcp: tcp === undefined || tcpHost === undefined ? undefined : { host: tcpHost, port: tcp.port },
    udp: udp === undefined ? undefined : { host: told(udp.host), port: udp.port },
  };
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** What the chain of one process needs of CIR. */
export function cirService(
  cir: CirService['cir'],
  listeners: CirListeners,
  vasps: readonly VaspConfig[],
  /** Where clients reach the listener; undefined where nobody said it. */
  publicUrl: () => string | undefined,
): CirService {
  const hosts = new Map(vasps.map(({ name, url, cirHosts }) => [name, [hostOf(url), ...cirHosts]]));
  return {
    cir,
    offer: () => {
      const base = publicUrl();
      return { ...listeners, url: base === undefined ? undefined : base + CIR_PATH };
    },
    hosts: (vasp) => hosts.get(vasp) ?? [],
  };
}

function hostOf(url: string): string {
  return new URL(url).hostname.toLowerCase().replace(/^\[(.*)\]$/, '$1');
}
