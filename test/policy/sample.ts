/**
 * Policies for tests, made the way the gateway makes them: from text.
 */
import type { LoginFacts, OffLinePolicy, PolicySet } from '../../gateway/policy/model.ts';
import { formatProblem, parsePolicySet } from '../../gateway/policy/parse.ts';

export const MINIMAL = 'kind: off-line-service\nid: sample\nversion: 1\npurpose: notice\nmessage: { en: Hello }\n';

/** The set of some texts; throws with every problem when it is invalid. */
export function setOf(...texts: readonly string[]): PolicySet {
  const files = texts.map((text, index) => ({ path: `${index}.yaml`, text }));
  const parsed = parsePolicySet(files, { hash: (text) => `hash of ${text.length}` });
  if (parsed.kind === 'invalid') throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return parsed.set;
}

/** The policy that {@link MINIMAL} and more keys make. */
export function policyOf(keys = ''): OffLinePolicy {
  const policy = setOf(MINIMAL + keys).policies[0];
  if (policy === undefined) throw new Error('the set has no policy');
  return policy;
}

export const LOGIN: LoginFacts = {
  userId: 'wv:Alice@im.example',
  vasp: 'friendly-im',
  clientId: 'http://client.example/IMPSAPP',
  version: '1.3',
  encoding: 'xml',
};

export const NOON = Date.parse('2026-06-01T12:00:00Z');
