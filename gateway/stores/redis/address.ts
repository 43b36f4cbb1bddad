/**
 * Where Redis is, as the operator writes it: `redis://HOST:PORT/DB` (`rediss:` by TLS) for one server,
 * `redis-sentinel://HOST:PORT,HOST:PORT/NAME` for a group that Sentinels watch, `redis-cluster://HOST:PORT,HOST:PORT` for a
 * Cluster. A user and a password may stand before the hosts, `?prefix=NAME` says what the keys begin with.
 */

export interface RedisAddress {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  readonly tls: boolean;
  /** At least one. Of a single server the only one. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  /** Of a single server and of a group; 0 for a Cluster, which has no other. */
  readonly db: number;
  /** What the Sentinels call the group; empty for others. */
  readonly group: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** What all keys of this gateway begin with. */
  readonly prefix: string;
}

const PORTS = { single: 6379, sentinel: 26379, cluster: 6379 } as const;
const FORM =
  /^redis(?<tls>s?)(?:-(?<kind>sentinel|cluster))?:\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^/?#@]+)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?$/;
const HOST = /^(?<host>[a-zA-Z0-9._-]+|\[[0-9a-fA-F:.]+\])(?::(?<port>\d{1,5}))?$/;
const PREFIX = /^[a-zA-Z0-9_.-]{1,40}$/;

/** Undefined when it is none. */
export function parseRedisAddress(text: string): RedisAddress | undefined {
  const groups = FORM.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const kind = groups.kind === 'sentinel' || groups.kind === 'cluster' ? groups.kind : 'single';
  const hosts = (groups.hosts ?? '').split(',').map((one) => hostOf(one, PORTS[kind]));
  const query = new URLSearchParams(groups.query ?? '');
  const prefix = query.get('prefix') ?? 'sapgw';
  const path = (groups.path ?? '').split('/');
  const [group, db] = kind === 'sentinel' ? [path.shift() ?? '', path.shift() ?? '0'] : ['', path.shift() || '0'];
  const isWhole =
    hosts.every((one) => one !== undefined) &&
    (kind !== 'single' || hosts.length === 1) &&
    (kind !== 'sentinel' || group !== '') &&
    (kind !== 'cluster' || db === '0') &&
    path.length === 0 &&
    /^\d{1,4}$/.test(db) &&
    PREFIX.test(prefix) &&
    [...query.keys()].every((name) => name === 'prefix');
  if (!isWhole) return undefined;
  return {
    kind,
    tls: groups.tls === 's',
    hosts: hosts.flatMap((one) => one ?? []),
    db: Number(db),
    group,
    username: decoded(groups.user),
    password: decoded(groups.password),
    prefix,
  };
}

function hostOf(text: string, usualPort: number): { readonly host: string; readonly port: number } | undefined {
  const groups = HOST.exec(text)?.groups;
  if (groups?.host === undefined) return undefined;
  const port = Number(groups.port ?? usualPort);
  return port > 0 && port < 65_536 ? { host: groups.host.replace(/^\[(.*)\]$/, '$1'), port } : undefined;
}

function decoded(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
