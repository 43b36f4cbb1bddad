/** Which VASP a message belongs to: by the host and the path that the client asked for. */

/** What a VASP is chosen by, as configured. */
export interface Route {
  /** Prefixes of paths, whole segments; `/` takes every path. */
  readonly paths: readonly string[];
  /** Host names, lower case, without port; `*.example.com` takes those below; empty takes every host. */
  readonly hosts: readonly string[];
}

/** The route with the longest prefix that fits; a route that names hosts wins over one that takes all. */
export function routeOf<R extends Route>(routes: readonly R[], target: string, host: string): R | undefined {
  let best: R | undefined;
  let bestScore = -1;
  for (const route of routes) {
    const hostScore = route.hosts.length === 0 ? 0 : 1;
    if (hostScore === 1 && !route.hosts.some((pattern) => fitsHost(pattern, host))) continue;
    for (const prefix of route.paths) {
      const score = hostScore * 100_000 + prefix.length;
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

function fitsHost(pattern: string, host: string): boolean {
  const name = host.replace(/:[0-9]+$/, '').toLowerCase();
  return pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern;
}
