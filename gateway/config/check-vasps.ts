/** What must hold between the VASPs of a configuration: every client request has at most one VASP that it belongs to. */
import type { Finding } from '../yaml/shape.ts';
import type { WrittenConfig } from './schema.ts';

/** Two VASPs that would claim the same request: the same path for a host that both take. */
export function checkVasps(config: WrittenConfig): Finding[] {
  const vasps = Object.entries(config.vasps);
  return vasps.flatMap(([name, vasp], index) =>
    vasps.slice(0, index).flatMap(([earlier, other]): Finding[] => {
      const path = vasp.paths.find((one) => other.paths.includes(one));
      if (path === undefined || !shareHost(vasp.hosts, other.hosts)) return [];
      const message = `takes the same requests as ${earlier} (path ${path}); give each its own paths or hosts`;
      return [{ path: ['vasps', name], at: 'key', message }];
    }),
  );
}

/** A VASP with hosts stands before one without, so only like and like can clash. */
function shareHost(one: readonly string[], other: readonly string[]): boolean {
  if (one.length === 0 || other.length === 0) return one.length === other.length;
  return one.some((host) => other.includes(host));
}
