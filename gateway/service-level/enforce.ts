/**
 * Whether a service level covers a transaction, in either direction [X31]. Most primitives are decided by their name
 * alone, from the table of primitives; three need a look inside, and only then is the transaction decoded.
 */
import { child, childText, type Element } from '../csp/element.ts';
import { PRIMITIVES } from '../csp/primitives.ts';
import { functionOfCode, type ServiceSet } from '../csp/service-tree.ts';

/** What the level does not cover; undefined when it covers the transaction. */
export interface NotCovered {
  /** The code that is missing, the first where any of several would do. */
  readonly code: string;
  /** A sentence for the user that names the service. */
  readonly description: string;
}

/**
 * Judges one transaction by its primitive.
 * @param decode gives the primitive's tree; called only when its content decides.
 */
export function notCovered(primitive: string, granted: ServiceSet, decode: () => Element): NotCovered | undefined {
  if (granted.isAll) return undefined;
  const needs = PRIMITIVES.get(primitive)?.needs ?? [];
  if (needs.length > 0 && !needs.some((code) => granted.has(code))) return missing(needs[0] ?? '', primitive);
  const code = codeOfContent(primitive, granted, decode);
  return code === undefined ? undefined : missing(code, primitive);
}

/** The code that the content of a covered primitive asks for besides and the level lacks. */
function codeOfContent(primitive: string, granted: ServiceSet, decode: () => Element): string | undefined {
  switch (primitive) {
    case 'SendMessage-Request':
      return !granted.has('MDELIV') && childText(decode(), 'DeliveryReport') === 'T' ? 'MDELIV' : undefined;
    case 'Search-Request':
      return !granted.has('ADVSR') && child(decode(), 'AdvancedCriteria') !== undefined ? 'ADVSR' : undefined;
    default:
      return undefined;
  }
}

function missing(code: string, primitive: string): NotCovered {
  return {
    code,
    description: `Your service level does not include ${primitive} (${functionOfCode(code)}, ${code}).`,
  };
}
