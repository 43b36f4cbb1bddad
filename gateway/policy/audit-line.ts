/**
 * Recorded decisions as the audit chain's export writes them: a JSON object a line. Only what replaying needs is looked
 * at; more keys may stand there, and erased records are known by `erased`.
 */
import * as z from 'zod';
import { keyPathOf } from '../yaml/problem.ts';
import { shapeOf } from '../yaml/shape.ts';

const moment = z.iso.datetime({ offset: true }).describe('a date and time such as 2026-12-01T00:00:00.000Z');
const name = z.string().min(1).describe('a name');

const decisionSchema = z.object({
  sequence: z.int().min(1).describe('a whole number from 1'),
  user: name,
  vasp: name,
  policy: name,
  version: z.int().min(1).describe('a whole number from 1'),
  outcome: z.enum(['accepted', 'shown']),
  option: z.string().nullish().describe('the id of an option, or null'),
  decidedAt: moment,
  level: z.string().nullish().describe('the name of a level, or null'),
  csp: z.enum(['1.1', '1.2', '1.3']),
});

/** So many things that are wrong with one line are told. */
const MOST_SAID = 2;

/** What one user decided about one policy. */
export interface RecordedDecision {
  readonly sequence: number;
  /** A keyed hash. */
  readonly user: string;
  readonly vasp: string;
  readonly policy: string;
  readonly version: number;
  readonly option: string | undefined;
  /** Wall-clock milliseconds. */
  readonly decidedAt: number;
  /** The level that the option granted then. */
  readonly level: string | undefined;
  readonly csp: '1.1' | '1.2' | '1.3';
}

export type AuditLine =
  | { readonly kind: 'decision'; readonly decision: RecordedDecision }
  | { readonly kind: 'erased' }
  | { readonly kind: 'wrong'; readonly message: string };

export function readAuditLine(line: string): AuditLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return {
      kind: 'wrong',
      message: 'this is no JSON; a record is one object a line, as `sapgw audit export` writes them',
    };
  }
  if (typeof value === 'object' && value !== null && 'erased' in value && value.erased === true)
    return { kind: 'erased' };
  const shape = shapeOf(decisionSchema, value, () => undefined);
  if (shape.kind === 'wrong') {
    const said = shape.findings.map(({ path, message }) =>
      path.length === 0 ? message : `${keyPathOf(path)}: ${message}`,
    );
    const more = said.length <= MOST_SAID ? '' : `; and ${said.length - MOST_SAID} more`;
    return { kind: 'wrong', message: `this is no record of a decision: ${said.slice(0, MOST_SAID).join('; ')}${more}` };
  }
  const { sequence, user, vasp, policy, version, option, decidedAt, level, csp } = shape.value;
  return {
    kind: 'decision',
    decision: {
      sequence,
      user,
      vasp,
      policy,
      version,
      option: option ?? undefined,
      decidedAt: Date.parse(decidedAt),
      level: level ?? undefined,
      csp,
    },
  };
}
