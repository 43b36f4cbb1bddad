/**
 * What is kept of a login that the VASP accepted: acceptances, so that nobody is asked twice, and records with the texts
 * that were shown, so that it can be proven later [X19]. Users stand in them as keyed hashes.
 */
import { shownTextOf } from '../audit/shown-text.ts';
import type { AuditRecord, ShownText } from '../audit-ports.ts';
import type { Decision } from '../negotiation/decision.ts';
import type { Accepted, Secrets } from '../ports.ts';
import type { Login } from './login.ts';
import type { Pass } from './negotiation-memory.ts';

export function acceptedBy(secrets: Secrets, login: Login, { remember, decisions, levels }: Pass): Accepted {
  const texts = new Map<string, ShownText>();
  const records = decisions.map((decision) => {
    const shown = shownTextOf(decision.text);
    texts.set(shown.hash, shown);
    return recordOf(secrets, login, decision, shown.hash, levels);
  });
  return { remember, records, texts: [...texts.values()] };
}

function recordOf(
  secrets: Secrets,
  { facts, asked }: Login,
  decision: Decision,
  text: string,
  levels: readonly string[],
): AuditRecord {
  const { policy, option, level, outcome, language, presentedAt, decidedAt, tries, way, token } = decision;
  return {
    id:
      token === undefined
        ? secrets.keyedHash('shown', asked.userKey, policy.id, String(policy.version), String(decidedAt))
        : secrets.keyedHash('decision', token),
    user: asked.userKey,
    vasp: facts.vasp,
    policy: policy.id,
    version: policy.version,
    outcome,
    option,
    text,
    language,
    presentedAt,
    decidedAt,
    tries,
    way,
    level,
    granted: levels,
    csp: facts.version,
    charge: policy.charge,
  };
}
