/**
 * The effective configuration as an operator would write it: every key with its value, defaults filled in, paths
 * absolute, secrets hidden. What it prints can be used as a configuration file.
 */
import { stringify } from 'yaml';
import type { Address, Config, StoreConfig, VaspConfig } from '../config.ts';
import { shownRedisAddress } from '../stores/redis/address.ts';
import { formatDuration, formatSize } from '../yaml/durations.ts';
import { writtenBearers } from './bearers.ts';

/** The configuration as data, in the operator's words; for `config print --json`. */
export function writtenForm(config: Config): Readonly<Record<string, unknown>> {
  const { limits } = config;
  const admin = formatAddress(config.admin);
  return withoutUndefined({
    listen: formatAddress(config.listen),
    tls: config.tls,
    admin: config.adminTokenFile === undefined ? admin : { listen: admin, tokenFile: config.adminTokenFile },
    policies: config.policies,
    store: writtenStore(config.store),
    onStoreLoss: config.onStoreLoss,
    secretFile: config.secret.kind === 'file' ? config.secret.path : undefined,
    workers: config.workers,
    publicUrl: config.publicUrl,
    vasps: Object.fromEntries(config.vasps.map((vasp) => [vasp.name, writtenVasp(vasp)])),
    cir: withoutUndefined({
      tcp: config.cir.tcp === undefined ? undefined : formatAddress(config.cir.tcp),
      udp: config.cir.udp === undefined ? undefined : formatAddress(config.cir.udp),
      advertise: config.cir.advertise,
      blindInterval: formatDuration(config.cir.blindIntervalMillis),
    }),
    clients: config.clients,
    subscriberNumber: config.subscriberNumber,
    askingCode: config.askingCode,
    serviceContact: config.serviceContact,
    webhooks: withoutUndefined({ ...config.webhooks }),
    bearers: writtenBearers(config.bearers),
    subscribers: config.subscribersFile === undefined ? undefined : { file: config.subscribersFile },
    audit: config.audit.keepMillis === undefined ? undefined : { keep: formatDuration(config.audit.keepMillis) },
    limits: {
      body: formatSize(limits.bodyBytes),
      answer: formatSize(limits.answerBytes),
      connections: limits.connections,
      requests: limits.requests,
      headers: limits.headers,
      headerSize: formatSize(limits.headerBytes),
      headerTimeout: formatDuration(limits.headerTimeoutMillis),
      requestTimeout: formatDuration(limits.requestTimeoutMillis),
      keepAliveTimeout: formatDuration(limits.keepAliveTimeoutMillis),
      sessionGrace: formatDuration(limits.sessionGraceMillis),
      sessionIdle: formatDuration(limits.sessionIdleMillis),
      sessions: limits.cachedSessions,
      negotiations: limits.negotiations,
      cirConnections: limits.cirConnections,
      systemMessages: limits.systemMessages,
      systemMessagesPerUser: limits.systemMessagesPerUser,
      mailboxMessages: limits.mailboxMessages,
      linger: formatDuration(limits.lingerMillis),
      drain: formatDuration(limits.drainMillis),
    },
    log: config.log,
  });
}

/** YAML, ready to print. */
export function configPrint(config: Config): string {
  const notes = [
    ...(config.useSandbox ? ['# No VASP is configured: the sandbox is started and used.'] : []),
    ...(config.store.kind === 'redis' && config.store.address.password !== undefined
      ? ['# The password of the store is not shown.']
      : []),
    ...(config.secret.kind === 'keys' ? ['# The keys come from SAPGW_SECRET and are not shown.'] : []),
  ];
  return [...notes, stringify(writtenForm(config), { lineWidth: 0, aliasDuplicateObjects: false })].join('\n');
}

/** `127.0.0.1:8080`, `[::1]:8080`. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function writtenStore(store: StoreConfig): string {
  if (store.kind === 'memory') return 'memory:';
  return store.kind === 'lmdb' ? `lmdb:${store.directory}` : shownRedisAddress(store.address);
}

function writtenVasp({ name: _, timeoutMillis, health, ...vasp }: VaspConfig): unknown {
  const probes = health === undefined ? undefined : { every: formatDuration(health.everyMillis) };
  return withoutUndefined({ ...vasp, timeout: formatDuration(timeoutMillis), health: probes });
}

function withoutUndefined(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));
}
