/** The gateways that recordings are replayed through: without a policy, and with a charge that was accepted or granted. */
import type { ServiceSet } from '../../gateway/csp/service-tree.ts';
import { chargePolicy, LEVELS, policyFolder } from '../main/running.ts';
import { policySetOf } from '../transcripts/rig.ts';

export interface World {
  readonly name: string;
  /** Folder of policy files. */
  readonly policies: () => string;
  readonly granted: ServiceSet;
  /** AnswerOptionID to choose when asked; undefined where nothing is asked. */
  readonly choose: number | undefined;
}

const levels = policySetOf([{ path: 'levels.yaml', text: LEVELS }]).levels;

function setOf(name: string): ServiceSet {
  const level = [...levels.values()].find((candidate) => candidate.name === name);
  if (level === undefined) throw new Error(`there is no level ${name}`);
  return level.set;
}

const charged = (level: string): string =>
  policyFolder({ 'levels.yaml': LEVELS, 'aoc.yaml': chargePolicy(`{ grant: ${level} }`) });

export const WORLDS: readonly World[] = [
  { name: 'no policy', policies: () => policyFolder({}), granted: setOf('full'), choose: undefined },
  { name: 'a charge accepted', policies: () => charged('full'), granted: setOf('full'), choose: 1 },
  {
    name: 'presence alone',
    policies: () => charged('presence-only'),
    granted: setOf('presence-only'),
    choose: 2,
  },
];
