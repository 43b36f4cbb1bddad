/**
 * Where configuration comes from besides the file: environment variables and flags. One table says which variable and
 * which flag set which key. An empty variable counts as not set; a variable that begins with SAPGW_ and looks like a
 * slip of a known one is a problem, because otherwise the gateway would quietly run without it.
 */
import { nearest } from '../yaml/nearest.ts';
import type { Path } from '../yaml/problem.ts';
import { withSuggestion } from '../yaml/wording.ts';

/** A value set outside the file. `place` is how problems name it. */
export interface Override {
  readonly place: string;
  readonly path: Path;
  readonly value: unknown;
}

/** Flags of the command line that configure, as commander names them. */
export interface ConfigFlags {
  readonly listen?: string;
  readonly admin?: string;
  readonly policies?: string;
  readonly store?: string;
  readonly onStoreLoss?: string;
  readonly secretFile?: string;
  readonly workers?: string;
  readonly publicUrl?: string;
  readonly upstream?: string;
  readonly logLevel?: string;
}

/** The environment, as `process.env` is. */
export type Environment = Readonly<Record<string, string | undefined>>;

interface Source {
  readonly flag: keyof ConfigFlags;
  /** The flag as it is typed. */
  readonly option: string;
  readonly variable: string;
  readonly path: Path;
  readonly help: string;
}

export const UPSTREAM_VASP = 'default';
export const SECRET_VARIABLE = 'SAPGW_SECRET';

/** `upstream` makes one VASP for every path and takes the place of all that the file names. */
export const SOURCES: readonly Source[] = [
  {
    flag: 'listen',
    option: '--listen',
    variable: 'SAPGW_LISTEN',
    path: ['listen'],
    help: 'address for clients, 127.0.0.1:8080 unless told',
  },
  {
    flag: 'admin',
    option: '--admin',
    variable: 'SAPGW_ADMIN',
    path: ['admin'],
    help: 'address for health, metrics and the API, 127.0.0.1:8081 unless told',
  },
  {
    flag: 'policies',
    option: '--policies',
    variable: 'SAPGW_POLICIES',
    path: ['policies'],
    help: 'folder of policy files, ./policies unless told',
  },
  {
    flag: 'store',
    option: '--store',
    variable: 'SAPGW_STORE',
    path: ['store'],
    help: 'memory:, lmdb:DIRECTORY or redis://HOST:PORT/DB, lmdb:./data unless told',
  },
  {
    flag: 'onStoreLoss',
    option: '--on-store-loss',
    variable: 'SAPGW_ON_STORE_LOSS',
    path: ['onStoreLoss'],
    help: 'ask or deny: what becomes of a login while the store cannot be had; ask unless told',
  },
  {
    flag: 'secretFile',
    option: '--secret-file',
    variable: 'SAPGW_SECRET_FILE',
    path: ['secretFile'],
    help: 'file with the keys, ./secret unless told',
  },
  {
    flag: 'workers',
    option: '--workers',
    variable: 'SAPGW_WORKERS',
    path: ['workers'],
    help: 'processes that serve clients, or auto for one a core; 1 unless told',
  },
  {
    flag: 'publicUrl',
    option: '--public-url',
    variable: 'SAPGW_PUBLIC_URL',
    path: ['publicUrl'],
    help: "URL at which users' browsers reach the gateway",
  },
  {
    flag: 'upstream',
    option: '--upstream',
    variable: 'SAPGW_UPSTREAM',
    path: ['vasps', UPSTREAM_VASP, 'url'],
    help: 'URL of the one VASP, for every path',
  },
  {
    flag: 'logLevel',
    option: '--log-level',
    variable: 'SAPGW_LOG_LEVEL',
    path: ['log', 'level'],
    help: 'trace, debug, info, warn, error or silent; info unless told',
  },
];

/** What environment and flags set, later ones overriding earlier ones. */
export function overridesOf(env: Environment, flags: ConfigFlags): Override[] {
  const fromEnvironment = SOURCES.map(({ variable, path }) => ({ place: variable, path, value: env[variable] }));
  const fromFlags = SOURCES.map(({ flag, option, path }) => ({ place: option, path, value: flags[flag] }));
  const set = [...fromEnvironment.filter(({ value }) => value !== ''), ...fromFlags];
  return set.filter(({ value }) => value !== undefined);
}

/** Variables that look like slips of ours. Others are let be: container platforms set SAPGW_PORT and its like by themselves. */
export function suspiciousVariables(env: Environment): string[] {
  const known = ['SAPGW_CONFIG', SECRET_VARIABLE, ...SOURCES.map(({ variable }) => variable)];
  return Object.keys(env)
    .filter((name) => name.startsWith('SAPGW_') && !known.includes(name))
    .filter((name) => !/^SAPGW_(SERVICE_|PORT(_|$))/.test(name))
    .flatMap((name) => {
      const near = nearest(
        name.slice(6),
        known.map((one) => one.slice(6)),
      );
      return near === undefined ? [] : [`${name}: ${withSuggestion('unknown variable', `SAPGW_${near}`)}`];
    });
}
