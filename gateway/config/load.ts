/**
 * Reads the configuration: a YAML file, overridden by the environment, overridden by flags, all checked by one schema.
 * Every problem is listed at once, each with its place: `file:line:column: key.path: what is wrong` in the file,
 * `SAPGW_LISTEN: what is wrong` outside it. Nothing but the file is read, nothing is changed, and what comes out is
 * complete. Relative paths in the file are relative to the file's directory, all others to the working directory.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { Config, SecretSource, StoreConfig, VaspConfig } from '../config.ts';
import { errorCode } from '../error-code.ts';
import { isRecord } from '../yaml/data.ts';
import { readYaml, type YamlDocument } from '../yaml/document.ts';
import { compareProblems, formatProblem, keyPathOf, type Path, type Problem } from '../yaml/problem.ts';
import { type Finding, shapeOf } from '../yaml/shape.ts';
import { withSuggestion } from '../yaml/wording.ts';
import { bearersOf } from './bearers.ts';
import { checkCir } from './check-cir.ts';
import { checkVasps } from './check-vasps.ts';
import { checkWebhooks } from './check-webhooks.ts';
import { checkWorkers } from './check-workers.ts';
import { CONFIG_SCHEMA, unserved, type WrittenConfig } from './schema.ts';
import {
  type ConfigFlags,
  type Environment,
  type Override,
  overridesOf,
  SECRET_VARIABLE,
  suspiciousVariables,
  UPSTREAM_VASP,
} from './sources.ts';

export type ConfigResult =
  | { readonly kind: 'valid'; readonly config: Config }
  /** Whole lines, ready to print, sorted by place: the file from top to bottom, then environment and flags. */
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

export interface ConfigInput {
  /** Path of the YAML file; SAPGW_CONFIG names one too. Without one the defaults hold. */
  readonly file?: string | undefined;
  readonly env: Environment;
  readonly flags: ConfigFlags;
}

/** Loads and checks everything. A start stops on `invalid` with exit status 2. */
export function loadConfig({ file, env, flags }: ConfigInput): ConfigResult {
  const name = file ?? (env.SAPGW_CONFIG || undefined);
  const read = name === undefined ? NO_FILE : readFile(name);
  const overrides = overridesOf(env, flags);
  const value = overridden(read.value, overrides);
  const shape = shapeOf(CONFIG_SCHEMA, value, read.document?.written ?? (() => undefined));
  const found =
    shape.kind === 'right'
      ? [
          ...checkVasps(shape.value),
          ...checkCir(shape.value),
          ...checkWorkers(shape.value),
          ...checkWebhooks(shape.value),
          ...unserved(shape.value).map(notServed),
        ]
      : shape.findings;
  const elsewhere = suspiciousVariables(env);
  for (const finding of found) {
    const origin = originOf(finding.path, overrides);
    const message = withSuggestion(finding.message, finding.suggestion);
    if (origin !== undefined) elsewhere.push(`${origin.place}: ${message}`);
    else if (read.document !== undefined) read.document.report(finding.path, finding.message, finding);
    else if (read.problems.length === 0) elsewhere.push(`${keyPathOf(finding.path)}: ${message}`);
  }
  const inFile = (read.document ?? read).problems.toSorted(compareProblems);
  const problems = [...inFile.map(formatProblem), ...elsewhere];
  if (shape.kind === 'wrong' || problems.length > 0) return { kind: 'invalid', problems };
  const base = name === undefined ? '.' : dirname(name);
  return { kind: 'valid', config: configOf(shape.value, secretOf(env, flags), pathsOf(base, overrides)) };
}

interface ReadFile {
  readonly value: unknown;
  /** Where problems are reported to; undefined when there is nothing that they could be placed in. */
  readonly document: YamlDocument | undefined;
  /** Why there is no document although a file was named. */
  readonly problems: readonly Problem[];
}

const NO_FILE: ReadFile = { value: {}, document: undefined, problems: [] };

function readFile(file: string): ReadFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const message = `cannot be read: ${errorCode(error)}`;
    return { ...NO_FILE, problems: [{ path: file, line: 1, column: 1, keyPath: '', message, severity: 'error' }] };
  }
  const { readable, document } = readYaml({ path: file, text });
  if (!readable) return { ...NO_FILE, problems: document.problems };
  return { value: withoutEmpty(document.value ?? {}), document, problems: [] };
}

/** A key with nothing after it counts as absent: that is how a section looks whose lines are all commented out. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(([, one]) => one !== null);
  return Object.fromEntries(entries.map(([key, one]) => [key, withoutEmpty(one)]));
}

function overridden(value: unknown, overrides: readonly Override[]): unknown {
  if (!isRecord(value)) return value;
  const upstream = overrides.some(({ path }) => path[0] === 'vasps');
  const result: Record<string, unknown> = { ...value, ...(upstream ? { vasps: { [UPSTREAM_VASP]: {} } } : {}) };
  for (const override of overrides) setIn(result, override.path, override.value);
  return result;
}

function setIn(map: Record<string, unknown>, path: Path, value: unknown): void {
  const [first, ...rest] = path;
  const key = String(first);
  if (rest.length > 0) {
    const below = map[key];
    const copy: Record<string, unknown> = isRecord(below) ? { ...below } : {};
    setIn(copy, rest, value);
    map[key] = copy;
  } else if (key === 'admin' && isRecord(map[key])) {
    // The address alone is overridden; a token file beside it stays.
    map[key] = { ...map[key], listen: value };
  } else {
    map[key] = value;
  }
}

function originOf(path: Path, overrides: readonly Override[]): Override | undefined {
  return overrides.findLast((one) => one.path.every((step, index) => path[index] === step));
}

function notServed(path: Path): Finding {
  return { path, at: 'key', message: 'not served by this version yet' };
}

/** The flag is the strongest; in the environment the keys themselves are stronger than the name of a file. */
function secretOf(env: Environment, flags: ConfigFlags): string | undefined {
  return flags.secretFile === undefined ? env[SECRET_VARIABLE] || undefined : undefined;
}

type MakePath = (key: 'policies' | 'store' | 'secretFile' | 'other', path: string) => string;

function pathsOf(base: string, overrides: readonly Override[]): MakePath {
  return (key, path) => resolve(overrides.some((one) => one.path[0] === key) ? '.' : base, path);
}

function configOf(written: WrittenConfig, secret: string | undefined, at: MakePath): Config {
  const admin = 'host' in written.admin ? { listen: written.admin } : written.admin;
  const tokenFile = 'tokenFile' in admin ? admin.tokenFile : undefined;
  const { subscribers, limits, webhooks } = written;
  const source: SecretSource =
    secret === undefined
      ? { kind: 'file', path: at('secretFile', written.secretFile) }
      : { kind: 'keys', text: secret };
  const vasps = Object.entries(written.vasps).map(([name, vasp]) => vaspOf(name, vasp));
  return {
    listen: written.listen,
    tls:
      written.tls === undefined
        ? undefined
        : { cert: at('other', written.tls.cert), key: at('other', written.tls.key) },
    admin: admin.listen ?? { host: '127.0.0.1', port: 8081 },
    adminTokenFile: tokenFile === undefined ? undefined : at('other', tokenFile),
    policies: at('policies', written.policies),
    store: storeOf(written.store, at),
    onStoreLoss: written.onStoreLoss,
    secret: source,
    workers: written.workers === 'auto' ? availableParallelism() : written.workers,
    publicUrl: written.publicUrl,
    vasps,
    useSandbox: vasps.length === 0,
    cir: {
      tcp: written.cir.tcp,
      udp: written.cir.udp,
      advertise: written.cir.advertise,
      blindIntervalMillis: written.cir.blindInterval,
    },
    clients: written.clients,
    subscriberNumber: written.subscriberNumber,
    askingCode: written.askingCode,
    serviceContact: written.serviceContact,
    webhooks: {
      allow: webhooks.allow,
      keyFile: webhooks.keyFile === undefined ? undefined : at('other', webhooks.keyFile),
    },
    bearers: bearersOf(written.bearers, (path) => at('other', path)),
    subscribersFile: subscribers !== undefined && 'file' in subscribers ? at('other', subscribers.file) : undefined,
    audit: { keepMillis: written.audit.keep },
    limits: {
      bodyBytes: limits.body,
      answerBytes: limits.answer,
      connections: limits.connections,
      requests: limits.requests,
      headers: limits.headers,
      headerBytes: limits.headerSize,
      headerTimeoutMillis: limits.headerTimeout,
      requestTimeoutMillis: limits.requestTimeout,
      keepAliveTimeoutMillis: limits.keepAliveTimeout,
      sessionGraceMillis: limits.sessionGrace,
      sessionIdleMillis: limits.sessionIdle,
      cachedSessions: limits.sessions,
      negotiations: limits.negotiations,
      cirConnections: limits.cirConnections,
      systemMessages: limits.systemMessages,
      systemMessagesPerUser: limits.systemMessagesPerUser,
      mailboxMessages: limits.mailboxMessages,
      lingerMillis: limits.linger,
      drainMillis: limits.drain,
    },
    log: written.log,
  };
}

function storeOf(store: WrittenConfig['store'], at: MakePath): StoreConfig {
  if (store.kind === 'lmdb') return { kind: 'lmdb', directory: at('store', store.directory) };
  return store;
}

function vaspOf(name: string, { timeout, health, domain, ...vasp }: WrittenConfig['vasps'][string]): VaspConfig {
  const probes = health === undefined ? undefined : { everyMillis: health.every };
  return { ...vasp, name, domain, timeoutMillis: timeout, health: probes };
}
