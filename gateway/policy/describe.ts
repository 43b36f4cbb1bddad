/**
 * Parts of a policy set in an operator's words: what a level holds by names of the service tree, what a ruling leads to,
 * when somebody is asked again. One wording for every command that tells about policies.
 */
import { SERVICE_NAMES, ServiceSet, serviceSetOf } from '../csp/service-tree.ts';
import { formatDuration } from '../yaml/durations.ts';
import type { AskMode, OffLinePolicy, PolicySet, WithoutSystemMessages } from './model.ts';

/** The gateway's public address where none is configured: in tests and explanations. */
export const SAMPLE_PUBLIC_URL = 'https://gateway.example';

/** A set in as few names of the service tree as say it: features where they are whole, then functions, then codes. */
export function serviceNames(set: ServiceSet): readonly string[] {
  const names: string[] = [];
  let left = set;
  // Wide names stand before those that they hold.
  for (const name of SERVICE_NAMES) {
    const below = serviceSetOf(name) ?? ServiceSet.NONE;
    if (below.isEmpty || !below.minus(set).isEmpty || below.meet(left).isEmpty) continue;
    names.push(name);
    left = left.minus(below);
  }
  return names;
}

/** Such as `FundamentalFeat, PresenceFeat`, `everything` or `nothing`. */
export function describeServices(set: ServiceSet): string {
  if (set.isAll) return 'everything';
  return set.isEmpty ? 'nothing' : serviceNames(set).join(', ');
}

/** The level of the set that grants exactly this; undefined when none does, as where two levels met. */
export function levelGranting(set: PolicySet, granted: ServiceSet): string | undefined {
  return [...set.levels.values()].find((level) => level.set.equals(granted))?.name;
}

/** Such as `the level presence-only (FundamentalFeat, PresenceFeat)`. */
export function describeGranted(set: PolicySet, granted: ServiceSet): string {
  const name = levelGranting(set, granted);
  return name === undefined ? describeServices(granted) : `the level ${name} (${describeServices(granted)})`;
}

/** Such as `grants full` or `denies: "No."`; `say` chooses and fills a text. */
export function describeRuling(
  ruling: WithoutSystemMessages,
  say: (texts: ReadonlyMap<string, string>) => string,
): string {
  if (ruling.kind === 'grant') return `grants ${ruling.level.name}`;
  if (ruling.kind === 'deny') return `denies: ${JSON.stringify(say(ruling.texts))}`;
  if (ruling.kind === 'proceed') return 'lets in';
  return 'asks in a conversation with the service contact';
}

/** Such as `asked again when the version is raised`. */
export function describeAsk(ask: AskMode): string {
  switch (ask.mode) {
    case 'every-login':
      return 'asked at every login';
    case 'once':
      return 'asked once, never again';
    case 'on-change':
      return 'asked again when the version changes';
    case 'every':
      return `asked again after ${formatDuration(ask.everyMillis)}, and when the version changes`;
  }
}

/** How often an unanswered question goes out, and for how long an answer counts. */
export const describePatience = ({ resend, timeoutMillis }: OffLinePolicy): string =>
  `within ${formatDuration(timeoutMillis)}, or sent ${resend + 1} times without one`;
