/** A Redis Cluster of three servers of a test's own, each with a third of the slots and without replicas. */
import { Redis } from 'ioredis';
import type { MadeCertificate } from './http/certificates.ts';
import { byTls, freePort, type RedisServer, startRedis } from './redis-program.ts';

export interface RedisCluster {
  /** Of a gateway with keys of its own: every call gives another. */
  url(): string;
  /** The server that a key is on now. */
  serverOf(key: string): Promise<RedisServer>;
  /** Brings the slot that a key is in to another server, with all keys in it. */
  move(key: string): Promise<void>;
  stop(): Promise<void>;
}

const SLOTS = 16_384;
const START_MILLIS = 20_000;
let gateways = 0;

/** @param certificate for localhost: clients, and the servers among themselves, come by TLS */
export async function startRedisCluster(certificate?: MadeCertificate): Promise<RedisCluster> {
  const bus = await Promise.all([freePort(), freePort(), freePort()]);
  const tls = certificate === undefined ? [] : await Promise.all(bus.map(() => freePort()));
  const servers = await Promise.all(
    bus.map((port, at) => startRedis([...clusterArguments(port), ...tlsArguments(tls[at], certificate)])),
  );
  const clients = servers.map(
    ({ port }) => new Redis({ host: '127.0.0.1', port, protocol: 2, disableClientInfo: true }),
  );
  const ids: string[] = [];
  for (const [at, client] of clients.entries()) {
    const [first, last] = [at, at + 1].map((third) => Math.floor((third * SLOTS) / servers.length));
    await client.cluster('ADDSLOTSRANGE', first ?? 0, (last ?? 0) - 1);
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', String(at + 1));
    ids.push(String(await client.call('CLUSTER', 'MYID')));
  }
  const [first] = clients;
  for (const [at, { port }] of servers.entries())
    if (at > 0) await first?.call('CLUSTER', 'MEET', '127.0.0.1', String(tls[at] ?? port), String(bus[at]));
  const stop = async (): Promise<void> => {
    for (const client of clients) client.disconnect();
    await Promise.all(servers.map((server) => server.stop()));
  };
  await allKnow(clients, SLOTS).catch(async (error: unknown) => {
    await stop();
    throw error;
  });

  /** The place of the server that has a slot, as one of them knows it. */
  async function ownerOf(slot: number): Promise<number> {
    const ranges = (await first?.cluster('SLOTS')) ?? [];
    const owner = ranges.find(([from, to]) => from <= slot && slot <= to);
    return servers.findIndex(({ port }) => port === owner?.[2]?.[1]);
  }
  const slotOf = async (key: string): Promise<number> => Number(await first?.call('CLUSTER', 'KEYSLOT', key));

  return {
    url: () => {
      const hosts = servers.map(({ port }, at) =>
        tls[at] === undefined ? `127.0.0.1:${port}` : `localhost:${tls[at]}`,
      );
      return `redis${tls.length > 0 ? 's' : ''}-cluster://${hosts.join(',')}?prefix=cluster-${process.pid}-${gateways++}`;
    },
    async serverOf(key) {
      const server = servers[await ownerOf(await slotOf(key))];
      if (server === undefined) throw new Error('nobody has the slot');
      return server;
    },
    async move(key) {
      const slot = await slotOf(key);
      const from = await ownerOf(slot);
      const to = (from + 1) % servers.length;
      const call = (at: number, ...args: readonly string[]): Promise<unknown> | undefined =>
        clients[at]?.call('CLUSTER', 'SETSLOT', String(slot), ...args);
      await call(to, 'IMPORTING', ids[from] ?? '');
      await call(from, 'MIGRATING', ids[to] ?? '');
      const keys = (await clients[from]?.call('CLUSTER', 'GETKEYSINSLOT', String(slot), '100000')) as string[];
      const target = ['127.0.0.1', String(servers[to]?.port), '', '0', '5000', 'KEYS'];
      if (keys.length > 0) await clients[from]?.call('MIGRATE', ...target, ...keys);
      for (const at of [to, from]) await call(at, 'NODE', ids[to] ?? '');
    },
    stop,
  };
}

/** A part that is away leaves the others alone. */
function clusterArguments(bus: number): readonly string[] {
  return [
    ...['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-node-timeout', '10000'],
    ...['--cluster-require-full-coverage', 'no', '--appendfsync', 'no'],
  ];
}

function tlsArguments(port: number | undefined, certificate: MadeCertificate | undefined): readonly string[] {
  if (port === undefined || certificate === undefined) return [];
  return [
    ...byTls(port, certificate),
    ...['--tls-cluster', 'yes', '--cluster-announce-hostname', 'localhost'],
    ...['--cluster-preferred-endpoint-type', 'hostname'],
  ];
}

async function allKnow(clients: readonly Redis[], slots: number): Promise<void> {
  const until = Date.now() + START_MILLIS;
  for (const client of clients) {
    for (;;) {
      const told = String(await client.cluster('INFO'));
      const known = `cluster_known_nodes:${clients.length}`;
      if (told.includes('cluster_state:ok') && told.includes(`cluster_slots_ok:${slots}`) && told.includes(known))
        break;
      if (Date.now() > until) throw new Error('the servers did not become a Cluster');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
