/**
 * What commands that look into the store share: where they print, and opening the store that the configuration names,
 * beside a gateway that runs on it. They never make a store or keys, and never move a damaged one.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { auditSeal } from '../audit/seal.ts';
import { userKeys } from '../chain/identity.ts';
import { type Config, vaspsOf } from '../config.ts';
import { errorCode } from '../error-code.ts';
import type { Secrets, Store } from '../ports.ts';
import { openSecrets } from '../secrets.ts';
import { openLmdbStore } from '../stores/lmdb.ts';
import { damageOf } from '../stores/lmdb-header.ts';
import { openRedisStore } from '../stores/redis/open.ts';
import { EXIT_CONFIGURATION } from './config.ts';

/** Where a command writes to. */
export interface Output {
  /** To standard output, as it is; resolves when more may come. */
  readonly write: (text: string) => Promise<void>;
  /** A line to standard error. */
  readonly printError: (line: string) => void;
  /** Shows a line that takes the place of the one before; absent where nobody watches. */
  readonly progress?: ((line: string) => void) | undefined;
}

/** What was asked for failed. */
export const EXIT_FAILED = 1;

export function processOutput(): Output {
  const { stdout, stderr } = process;
  // Whoever reads has seen enough: `sapgw audit export | head`.
  stdout.on('error', (error) => process.exit(errorCode(error) === 'EPIPE' ? 0 : EXIT_FAILED));
  return {
    write: (text) =>
      stdout.write(text) ? Promise.resolve() : new Promise((resolve) => void stdout.once('drain', resolve)),
    printError: (line) => void stderr.write(`${stderr.isTTY ? '\r\x1b[K' : ''}${line}\n`),
    progress: stderr.isTTY ? (line) => void stderr.write(`\r\x1b[K${line}`) : undefined,
  };
}

export interface OpenedStore {
  readonly store: Store;
  readonly secrets: Secrets;
  /** Names of the VASPs that the configuration knows. */
  readonly vasps: readonly string[];
  readonly userKey: (vasp: string, userId: string) => string;
}

/** The store and the keys; undefined after it was said why not, and the exit status set. */
export async function openConfigured(config: Config, { printError }: Output): Promise<OpenedStore | undefined> {
  const failed = (problem: string): undefined => {
    printError(problem);
    process.exitCode = EXIT_CONFIGURATION;
    return undefined;
  };
  if (config.store.kind === 'memory') {
    const { host, port } = config.admin;
    const api = `http://${host.includes(':') ? `[${host}]` : host}:${port}/api/v1`;
    return failed(`store memory: lives inside the running gateway only; ask its admin API, ${api}`);
  }
  const absent = config.store.kind === 'lmdb' ? notThere(config.store.directory) : undefined;
  if (absent !== undefined) return failed(absent);
  if (config.secret.kind === 'file' && !existsSync(config.secret.path)) {
    return failed(
      `${config.secret.path}: is not there; without the gateway's keys nobody is found: --secret-file names them`,
    );
  }
  const secrets = openSecrets(config.secret);
  if (secrets.kind === 'failed') return failed(secrets.problem);
  const seal = auditSeal(secrets.secrets);
  const opened =
    config.store.kind === 'lmdb'
      ? openLmdbStore(config.store.directory, 0, seal)
      : await openRedisStore({ address: config.store.address, seal, whenNew: 'fail' });
  if (opened.kind === 'failed') return failed(opened.problem);
  const vasps = vaspsOf(config);
  const userKey = userKeys(secrets.secrets, vasps);
  return { store: opened.store, secrets: secrets.secrets, vasps: vasps.map(({ name }) => name), userKey };
}

/** Why a directory has no store that can be looked into. */
function notThere(directory: string): string | undefined {
  if (!existsSync(join(directory, 'data.mdb'))) return `${directory}: holds no store; --store or --config names it`;
  const damage = damageOf(directory);
  return damage === undefined ? undefined : `${directory}: is damaged: ${damage}`;
}

/** The VASPs to look at; undefined after it was said that the one named is not among them. */
export function vaspsAsked(
  known: readonly string[],
  asked: string | undefined,
  { printError }: Output,
): readonly string[] | undefined {
  if (asked === undefined) return known;
  if (known.includes(asked)) return [asked];
  printError(`--vasp: the configuration has no VASP ${asked}; it has ${known.join(', ')}`);
  process.exitCode = EXIT_CONFIGURATION;
  return undefined;
}
