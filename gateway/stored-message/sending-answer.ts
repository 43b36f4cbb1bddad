/**
 * The answer to a SendMessage-Request of which messages were kept for users who are away [X60]: what the VASP said, with
 * what became of those recipients in its place. Every recipient is told exactly one thing: kept, no room, try again, or
 * the VASP's own words.
 */
import { type Element, element, withChildren } from '../csp/element.ts';
import { result, STATUS } from '../csp/status.ts';
import { type CspVersion, isAtLeast } from '../csp/versions.ts';
import { readUserId } from '../policy/user-id.ts';
import { meantBy, type Sending, type SendingFailure } from './sending.ts';

/** What became of the message for somebody who is away. `refused`: not kept, and the VASP's answer stands. */
export type Fate = 'stored' | 'full' | 'refused' | 'failed';

/** Ids that a DetailedResult of 1.1 does not have [P4.1]. */
const SINCE_1_2: ReadonlySet<string> = new Set(['MessageID', 'ContactList', 'Domain']);

const TOLD: Readonly<Record<'full' | 'failed', { readonly code: number; readonly description: string }>> = {
  full: {
    code: STATUS.QUEUE_FULL,
    description: 'There is no room for more messages to this user until some are read.',
  },
  failed: { code: STATUS.SERVICE_UNAVAILABLE, description: 'Please try again later.' },
};

/**
 * @param fates of the recipients who are away, by user id
 * @param messageId of the kept messages; the VASP's stands where nothing was kept
 * @returns a SendMessage-Response in the form of the version; undefined when the VASP's answer stands as it is
 */
export function sendingAnswer(
  sending: Sending,
  fates: ReadonlyMap<string, Fate>,
  messageId: string | undefined,
  version: CspVersion,
): Element | undefined {
  const settled = new Map([...fates].filter(([, fate]) => fate !== 'refused').map(([id, fate]) => [bareOf(id), fate]));
  if (settled.size === 0) return undefined;
  const isKept = [...settled.values()].includes('stored');
  const failures = [
    ...sending.failures.flatMap((failure) => withoutSettled(sending, failure, settled)),
    ...(['full', 'failed'] as const).flatMap((fate) => told(fates, fate)),
  ];
  const isReached = isKept || sending.isReached;
  const id = isKept ? messageId : sending.messageId;
  return element('SendMessage-Response', [
    resultOf(sending, failures, isReached, version),
    isReached && id !== undefined ? element('MessageID', id) : undefined,
  ]);
}

function bareOf(userId: string): string {
  return readUserId(userId).bare;
}

/** What is left of the VASP's failure; one that named nobody is about somebody else. */
function withoutSettled(
  sending: Sending,
  failure: SendingFailure,
  settled: ReadonlyMap<string, Fate>,
): readonly SendingFailure[] {
  const entities = failure.entities.filter((entity) => {
    const userId = meantBy(sending, entity);
    return userId === undefined || !settled.has(bareOf(userId));
  });
  const isSettled = entities.length === 0 && failure.entities.length > 0;
  return isSettled ? [] : [{ ...failure, entities }];
}

function told(fates: ReadonlyMap<string, Fate>, fate: 'full' | 'failed'): readonly SendingFailure[] {
  const entities = [...fates].filter(([, one]) => one === fate).map(([userId]) => element('UserID', userId));
  return entities.length === 0 ? [] : [{ ...TOLD[fate], entities }];
}

function resultOf(
  { addressed, more }: Sending,
  failures: readonly SendingFailure[],
  isReached: boolean,
  version: CspVersion,
): Element {
  const [first] = failures;
  if (first === undefined) return result(STATUS.OK, 'Successfully completed.', ...more);
  const details = failures.map((failure) => detailedResult(failure, version));
  if (isReached) return result(STATUS.PARTIAL, 'Partially successful.', ...details, ...more);
  if (failures.some(({ code }) => code !== first.code)) {
    return result(STATUS.MULTIPLE_ERRORS, 'Multiple errors.', ...details, ...more);
  }
  return result(first.code, first.description, ...(addressed > 1 ? details : []), ...more);
}

function detailedResult({ code, description, entities }: SendingFailure, version: CspVersion): Element {
  const ids = isAtLeast(version, '1.2') ? entities : entities.filter(({ name }) => !SINCE_1_2.has(name));
  return withChildren(element('DetailedResult'), [
    element('Code', code),
    ...(description === undefined ? [] : [element('Description', description)]),
    ...ids,
  ]);
}
