/** Seals the head of the audit chain: whoever can write the store but has not the gateway's keys cannot make another. */
import type { Secrets } from '../ports.ts';

export function auditSeal(secrets: Pick<Secrets, 'keyedHash'>): (text: string) => string {
  return (text) => secrets.keyedHash('audit-head', text);
}
