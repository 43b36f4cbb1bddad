/**
 * The configuration as it is written: every key of the operations contract, with its default. Keys of later versions
 * are here too, so that a file for them is checked and their use is answered in plain words; `unserved` lists what of
 * it this version does not do. A key that is not here is a problem, never ignored.
 */
import { z } from 'zod';
import { LOG_LEVELS } from '../config.ts';
import type { Path } from '../yaml/problem.ts';
import { BEARERS } from './bearers.ts';
import {
  ADDRESS_FORM,
  address,
  count,
  duration,
  file,
  hostName,
  language,
  name,
  network,
  numberHeader,
  pathGlob,
  pathPrefix,
  size,
  store,
  url,
  userId,
  workerCount,
} from './values.ts';

/** An empty section (`limits:` with everything below it commented out) is a section of defaults. */
const section = <T extends z.ZodRawShape>(shape: T) => z.strictObject(shape).prefault({} as never);

const VASP = z.strictObject({
  url: url(),
  paths: z.array(pathPrefix()).min(1).describe('a list of paths, at least one').default(['/']),
  hosts: z.array(hostName()).describe('a list of host names').default([]),
  language: language().default('en'),
  domain: hostName().optional(),
  encoding: z.enum(['same', 'xml', 'wbxml']).default('same'),
  passThrough: z.array(pathGlob()).describe('a list of paths').default([]),
  timeout: duration('100ms', '10m').default(15_000),
  connections: count(1, 100_000).default(256),
  waiting: count(0, 1_000_000).default(1024),
  health: z
    .strictObject({ every: duration('1s', '1h') })
    .describe('{ every: TIME }')
    .optional(),
  replaceTransactionIds: z.boolean().default(true),
  cirHosts: z.array(hostName()).describe('a list of host names').default([]),
  cirConnections: count(0, 1_000_000).default(20_000),
});

const CLIENT = z.strictObject({
  client: z.string().min(1).describe('a client id, with * for any text'),
  systemMessages: z.boolean(),
});

/** As proxies of operators were seen to name them [P8]. */
const NUMBER_HEADERS = [
  'MSISDN',
  'X-MSISDN',
  'X-Network-MSISDN',
  'X-Up-Calling-Line-ID',
  'X-Nokia-MSISDN',
  'X-WAP-Network-Client-MSISDN',
];

const LIMITS = {
  body: size('1KiB', '16MiB').default(512 * 1024),
  answer: size('1KiB', '64MiB').default(1024 * 1024),
  connections: count(1, 10_000_000).default(20_000),
  requests: count(1, 10_000_000).default(10_000),
  headers: count(8, 1000).default(64),
  headerSize: size('1KiB', '256KiB').default(16 * 1024),
  headerTimeout: duration('100ms', '10m').default(10_000),
  requestTimeout: duration('100ms', '30m').default(30_000),
  keepAliveTimeout: duration('100ms', '1h').default(65_000),
  sessionGrace: duration('0s', '30d').default(15 * 60_000),
  sessionIdle: duration('1m', '365d').default(24 * 3_600_000),
  sessions: count(1, 100_000_000).default(100_000),
  negotiations: count(1, 100_000_000).default(100_000),
  cirConnections: count(1, 10_000_000).default(20_000),
  systemMessages: count(1, 100_000_000).default(200_000),
  systemMessagesPerUser: count(1, 1000).default(20),
  mailboxMessages: count(1, 100_000_000).default(1_000_000),
  linger: duration('0s', '10m').default(200),
  drain: duration('0s', '10m').default(10_000),
};

export const CONFIG_SCHEMA = z.strictObject({
  listen: address().default({ host: '127.0.0.1', port: 8080 }),
  tls: z.strictObject({ cert: file(), key: file() }).describe('{ cert: FILE, key: FILE }').optional(),
  admin: z
    .union([address(), z.strictObject({ listen: address().optional(), tokenFile: file().optional() })])
    .describe(ADDRESS_FORM)
    .default({ host: '127.0.0.1', port: 8081 }),
  policies: file().default('./policies'),
  store: store().default({ kind: 'lmdb', directory: './data' }),
  onStoreLoss: z.enum(['ask', 'deny']).default('ask'),
  secretFile: file().default('./secret'),
  workers: workerCount().default(1),
  publicUrl: url().optional(),
  vasps: z.record(name(), VASP).describe('VASPs by name, such as { friendly-im: { url: URL } }').default({}),
  cir: section({
    tcp: address().optional(),
    udp: address().optional(),
    advertise: hostName().optional(),
    blindInterval: duration('10s', '1d').default(60_000),
  }),
  clients: z.array(CLIENT).describe('a list of { client, systemMessages }').default([]),
  subscriberNumber: section({
    headers: z.array(numberHeader()).describe('a list of header names').default(NUMBER_HEADERS),
    from: z.array(network()).describe('a list of addresses and networks').default([]),
  }),
  askingCode: count(300, 999).default(403),
  bearers: BEARERS,
  serviceContact: userId().optional(),
  webhooks: section({
    allow: z.array(url()).describe('a list of URLs').default([]),
    keyFile: file().optional(),
  }),
  subscribers: z
    .union([
      z.strictObject({ file: file() }),
      z.strictObject({ url: url(), cacheFor: duration('1s', '1d').default(5 * 60_000) }),
    ])
    .describe('{ file: PATH } or { url: URL }')
    .optional(),
  audit: section({ keep: duration('1d', '36500d').optional() }),
  limits: section(LIMITS),
  log: section({ level: z.enum(LOG_LEVELS).default('info'), access: z.boolean().default(false) }),
});

export type WrittenConfig = z.output<typeof CONFIG_SCHEMA>;

/** What is asked for and not done by this version, by path. Defaults are never among it. */
export function unserved(config: WrittenConfig): Path[] {
  const later: Path[] = [];
  if (config.subscribers !== undefined && 'url' in config.subscribers) later.push(['subscribers', 'url']);
  return later;
}
