/**
 * Where Redis is, as the operator writes it: `redis://HOST:PORT/DB` (`rediss:` by TLS) for one server,
 * `redis-sentinel://HOST:PORT,HOST:PORT/NAME/DB` for a group that Sentinels watch, `redis-cluster://HOST:PORT,HOST:PORT` for a
 * Cluster. A user and a password may stand before the hosts, `?prefix=NAME` says what the keys begin with, and
 * `?sentinelAuth=same` that the Sentinels want that user and password too. What is shown of it has no password.
 */

import type { RedisAddress } from '../../config.ts';

export type { RedisAddress } from '../../config.ts';

/** What is right, for who wrote something else. */
export const REDIS_FORM =
  'redis://HOST:PORT/DB, redis-sentinel://HOST:PORT,HOST:PORT/NAME or redis-cluster://HOST:PORT,HOST:PORT';

const PORTS = { single: 6379, sentinel: 26379, cluster: 6379 } as const;
const USUAL_PREFIX = 'sapgw';
const FORM =
  /^redis(?<tls>s?)(?:-(?<kind>sentinel|cluster))?:\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^/?#@]+)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?$/;
const HOST = /^(?<host>[a-zA-Z0-9._-]+|\[[0-9a-fA-F:.]+\])(?::(?<port>\d{1,5}))?$/;
const PREFIX = /^[a-zA-Z0-9_.-]{1,40}$/;
const SAME = 'same';

/** Undefined when it is none. */
export function parseRedisAddress(text: string): RedisAddress | undefined {
  const groups = FORM.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const kind = groups.kind === 'sentinel' || groups.kind === 'cluster' ? groups.kind : 'single';
  const hosts = (groups.hosts ?? '').split(',').map((one) => hostOf(one, PORTS[kind]));
  const query = new URLSearchParams(groups.query ?? '');
  const prefix = query.get('prefix') ?? USUAL_PREFIX;
  const path = (groups.path ?? '').split('/');
  const [group, db] = kind === 'sentinel' ? [path.shift() ?? '', path.shift() || '0'] : ['', path.shift() || '0'];
  const isWhole =
    hosts.every((one) => one !== undefined) &&
    (kind !== 'single' || hosts.length === 1) &&
    (kind !== 'sentinel' || group !== '') &&
    (kind !== 'cluster' || db === '0') &&
    path.length === 0 &&
    /^\d{1,4}$/.test(db) &&
    PREFIX.test(prefix) &&
    [...query.keys()].every((name) => name === 'prefix' || (kind === 'sentinel' && name === 'sentinelAuth')) &&
    (query.get('sentinelAuth') ?? SAME) === SAME;
  if (!isWhole) return undefined;
  return {
    kind,
    tls: groups.tls === 's',
    hosts: hosts.flatMap((one) => one ?? []),
    db: Number(db),
    group,
    username: decoded(groups.user),
    password: decoded(groups.password),
    isAuthOfSentinels: query.has('sentinelAuth'),
    prefix,
  };
}

const HIDDEN = '***';

/** As the operator would write it, with `***` for passwords: fit for logs and for eyes. */
export function shownRedisAddress(address: RedisAddress): string {
  const { kind, tls, hosts, db, group, username, password, prefix, isAuthOfSentinels } = address;
  const scheme = `redis${tls ? 's' : ''}${kind === 'single' ? '' : `-${kind}`}`;
  const user = encodeURIComponent(username ?? '');
  const who = password === undefined ? user : `${user}:${HIDDEN}`;
  const list = hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',');
  const path = kind === 'cluster' ? '' : kind === 'single' ? `/${db}` : `/${group}${db === 0 ? '' : `/${db}`}`;
  const query = [
    ...(prefix === USUAL_PREFIX ? [] : [`prefix=${prefix}`]),
    ...(isAuthOfSentinels ? [`sentinelAuth=${SAME}`] : []),
  ];
  return `${scheme}://${who === '' ? '' : `${who}@`}${list}${path}${query.length === 0 ? '' : `?${query.join('&')}`}`;
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
