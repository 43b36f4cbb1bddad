/**
 * Which VASP a message belongs to: by the host and the path that the client asked for, as they are written. Nothing is decoded
 * or normalised, so that a message goes to the VASP that its bytes name.
 */

/** What a VASP is chosen by, as configured. */
export interface Route {
  /** Prefixes of paths, whole segments; `/` takes every path. */
  readonly paths: readonly string[];
  /** Host names, lower case, without port; `*.example.com` takes those below; empty takes every host. */
  readonly hosts: readonly string[];
}

/** Heavier than any path: a name of at most 255 characters is told before the longest target. */
const HOST_WEIGHT = 1_000_000;

/**
 * The most specific route that fits: an exact host before a wildcard, a longer wildcard before a shorter, any of them before
 * a route that takes every host; then the longest prefix of the path.
 */
export function routeOf<R extends Route>(routes: readonly R[], target: string, host: string): R | undefined {
  let best: R | undefined;
  let bestScore = -1;
  for (const route of routes) {
    const hostScore = route.hosts.length === 0 ? 0 : scoreOfHost(route.hosts, host);
    if (hostScore === undefined) continue;
    for (const prefix of route.paths) {
      const score = hostScore * HOST_WEIGHT + prefix.length;
      if (score > bestScore && fitsPath(prefix, target)) {
        best = route;
        bestScore = score;
      }
    }
  }
  return best;
}

function fitsPath(prefix: string, target: string): boolean {
  if (prefix === '/') return true;
  if (!target.startsWith(prefix)) return false;
  const next = target.charAt(prefix.length);
  return prefix.endsWith('/') || next === '' || next === '/' || next === '?';
}

/** How closely the host is named; undefined: not at all. */
function scoreOfHost(patterns: readonly string[], host: string): number | undefined {
  const name = host.replace(/\.?(?::[0-9]+)?$/, '').toLowerCase();
  let best: number | undefined;
  for (const pattern of patterns) {
    if (pattern.startsWith('*.') ? !name.endsWith(pattern.slice(1)) : name !== pattern) continue;
    const score = pattern.startsWith('*.') ? pattern.length : 1_000;
    if (best === undefined || score > best) best = score;
  }
  return best;
}
