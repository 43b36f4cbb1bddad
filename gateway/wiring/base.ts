/**
 * What every process of the gateway stands on: clock, keys, subscribers, log, metrics, and the store. Made first; the parts
 * that one machine shares (`shared.ts`) and those that serve clients (`client-side.ts`) are built on it.
 */
import { performance } from 'node:perf_hooks';
import { type OpenMetrics, openMetrics } from '../admin/metrics.ts';
import { userKeys } from '../chain/identity.ts';
import { type Config, vaspsOf } from '../config.ts';
import { type Certificate, readCertificate } from '../http/certificate.ts';
import type { KeyRing } from '../keys/ring.ts';
import { type OpenLog, openLog } from '../log.ts';
import { type ParseFiles, setOfFolder } from '../policies/reading.ts';
import { readPolicyFolder } from '../policy-folder.ts';
import type { Clock, Secrets, Store } from '../ports.ts';
import { openSecrets } from '../secrets.ts';
import type { OpenedRedis } from '../stores/redis/open.ts';
import { type Timing, timedStore } from '../stores/timed.ts';
import { WriteTrouble } from '../stores/write-trouble.ts';
import { openSubscribers } from '../subscribers.ts';
import { policyReader } from './policies.ts';
import { openStore, tellOfStore } from './store.ts';
import { type OpenVaspStates, openVaspStates } from './vasps.ts';

export interface Base {
  readonly config: Config;
  /** Of the clients' listener, as it was read at the start; undefined where that speaks HTTP. */
  readonly certificate: Certificate | undefined;
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** The same: which keys are in it, and changing them. */
  readonly keyRing: KeyRing;
  readonly log: OpenLog;
  readonly metrics: OpenMetrics;
  /** Measured; see `stores/timed.ts`. */
  readonly store: Store;
  /** Where several machines share the store: the same, not measured, and the way to it. */
  readonly redis: OpenedRedis | undefined;
  /** With which stores are measured. */
  readonly timing: Timing;
  /** Whether it can be written. */
  readonly writeTrouble: WriteTrouble;
  /** In the order of the configuration; the sandbox alone where nothing is configured. */
  readonly vaspNames: readonly string[];
  /** What the operator has said of them, followed in each process. */
  readonly vaspStates: OpenVaspStates['vaspStates'];
  readonly stopFollowing: () => void;
  readonly readPolicies: ParseFiles;
  readonly userKey: (vasp: string, userId: string) => string;
  readonly isProvisioned: (userId: string) => boolean | Promise<boolean>;
  /** Where a user of a VASP gets text messages, in digits with a plus; undefined where nobody knows. */
  readonly numberOf: (vasp: string, userId: string) => string | undefined;
}

export type BaseResult =
  | { readonly kind: 'open'; readonly base: Base }
  /** Sentences, each with its place; nothing is left open. */
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

/** @param isFirst whether this is the process that looks after the store; false in a worker, where that is done already */
export async function openBase(config: Config, { isFirst }: { readonly isFirst: boolean }): Promise<BaseResult> {
  const clock: Clock = { wall: () => Date.now(), monotonic: () => performance.now() };
  const vasps = vaspsOf(config);
  const vaspNames = vasps.map(({ name }) => name);
  const domains = new Map(vasps.map(({ name, domain }) => [name, domain]));
  // Where nothing is configured the pages are reached as the sandbox is: on this machine.
  const readPolicies = policyReader({
    vasps: vaspNames,
    publicUrl: config.publicUrl ?? (config.useSandbox ? '' : 'none'),
    webhooks: config.webhooks.allow,
    bearers: [...config.bearers.keys()],
  });
  const secrets = openSecrets(config.secret);
  const subscribers = openSubscribers(config.subscribersFile);
  const certificate = config.tls === undefined ? undefined : readCertificate(config.tls);
  if (secrets.kind === 'failed' || subscribers.kind === 'failed' || certificate?.kind === 'failed') {
    const folder = setOfFolder(readPolicies, await readPolicyFolder(config.policies));
    const problems = [
      ...(folder.kind === 'failed' ? folder.problems : []),
      ...(secrets.kind === 'failed' ? [secrets.problem] : []),
      ...(subscribers.kind === 'failed' ? subscribers.problems : []),
      ...(certificate?.kind === 'failed' ? certificate.problems : []),
    ];
    return { kind: 'failed', problems };
  }
  const opened = await openStore(config.store, clock, secrets.secrets, isFirst);
  if (opened.kind === 'failed') return { kind: 'failed', problems: [opened.problem] };

  const log = openLog({ level: config.log.level });
  for (const warning of isFirst ? secrets.warnings : []) log.warn(warning);
  tellOfStore(opened, log, isFirst);
  const metrics = openMetrics({ processMetrics: true });
  const writeTrouble = new WriteTrouble(opened.redis?.connection);
  const timing: Timing = {
    clock,
    observe: metrics.storeDuration,
    failed: (error) => writeTrouble.failed(error),
  };
  const store = timedStore(opened.store, timing);
  const states = await openVaspStates({ vaspNames, store, clock, metrics, log });
  const base: Base = {
    config,
    certificate: certificate?.certificate,
    clock,
    secrets: secrets.secrets,
    keyRing: secrets.secrets,
    log,
    metrics,
    store,
    redis: opened.redis,
    timing,
    writeTrouble,
    vaspNames,
    vaspStates: states.vaspStates,
    stopFollowing: states.close,
    readPolicies,
    userKey: userKeys(secrets.secrets, vasps),
    isProvisioned: subscribers.isProvisioned,
    numberOf: (vasp, userId) => subscribers.numberOf(userId, domains.get(vasp)),
  };
  return { kind: 'open', base };
}

/** To be called last, when nothing uses it any more. */
export async function closeBase({ stopFollowing, store, log }: Base): Promise<void> {
  stopFollowing();
  await store.close();
  log.flush();
}
