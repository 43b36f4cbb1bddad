/** The texts that records of the audit chain name: kept once, under their hash. */
import { createHash } from 'node:crypto';
import type { ShownText } from '../audit-ports.ts';

export function shownTextOf(text: string): ShownText {
  return { hash: createHash('sha256').update(text, 'utf8').digest('hex'), text };
}
