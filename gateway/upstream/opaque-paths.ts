/**
 * Which requests pass unread to a VASP. A pure decision, and a narrow one: whatever could be a message, or could name
 * another path to the VASP than it names to the gateway, is not opaque and goes through the inspection [X10].
 */
import { encodingOfContentType } from '../csp/versions.ts';

export interface OpaqueRoute {
  readonly vasp: string;
  /** The VASP's URL; its path does not matter here, the client's target is kept. */
  readonly url: string;
  /** Globs over the path: `*` stands for any text, so `/content/*` for everything below `/content/`. */
  readonly paths: readonly string[];
  /** Host names in lower case, without port; `*.example.com` takes those below. Every host when missing. */
  readonly hosts?: readonly string[];
  /** Without a byte from the VASP for this long, the request is given up. */
  readonly timeoutMillis: number;
}

const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;
const ENCODED_SEPARATOR = /%2f|%5c|%00|\\/i;

/** The first route that takes the request; undefined when it is not opaque. */
export function opaqueRouteOf<Route extends Pick<OpaqueRoute, 'paths' | 'hosts'>>(
  routes: readonly Route[],
  target: string,
  host: string,
  contentType: string,
): Route | undefined {
  if (routes.length === 0) return undefined;
  const question = target.indexOf('?');
  const path = question === -1 ? target : target.slice(0, question);
  const route = routes.find((candidate) => takesHost(candidate, host) && candidate.paths.some((p) => takes(p, path)));
  if (route === undefined) return undefined;
  const isAmbiguous = DOT_SEGMENT.test(path) || ENCODED_SEPARATOR.test(path) || path.includes('//');
  // COMPAT Baraza: takes messages at every path and as plain XML too [P17].
  return isAmbiguous || encodingOfContentType(contentType) !== undefined ? undefined : route;
}

/** Whether the glob takes the whole path. Each piece is looked for once, from the left: no pattern makes it slow. */
function takes(glob: string, path: string): boolean {
  const pieces = glob.split('*');
  const first = pieces[0] ?? '';
  const last = pieces[pieces.length - 1] ?? '';
  if (pieces.length === 1) return path === glob;
  if (!path.startsWith(first) || !path.endsWith(last) || path.length < first.length + last.length) return false;
  const end = path.length - last.length;
  let from = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = path.indexOf(piece, from);
    if (found === -1 || found + piece.length > end) return false;
    from = found + piece.length;
  }
  return true;
}

function takesHost(route: Pick<OpaqueRoute, 'hosts'>, host: string): boolean {
  if (route.hosts === undefined) return true;
  const name = host.replace(/:[0-9]+$/, '').toLowerCase();
  return route.hosts.some((taken) => (taken.startsWith('*.') ? name.endsWith(taken.slice(1)) : name === taken));
}
