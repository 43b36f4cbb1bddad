/**
 * What answers a RejectMessage-Request that names messages of the gateway, of the VASP, or of both [X63]: 200 when all of
 * them are gone, 201 with the wrong ones when some are, the one code when all were wrong for the same reason, else 900
 * [P4.1].
 */
import { child, childInteger, children, childText, type Element, element } from '../csp/element.ts';
import { endsSession, result, resultCode, STATUS, status } from '../csp/status.ts';
import { type CspVersion, isAtLeast } from '../csp/versions.ts';

/** MessageIDs that were not rejected, and why. */
interface Failure {
  readonly code: number;
  readonly description: string;
  readonly messageIds: readonly string[];
  /** As the VASP told it. */
  readonly details?: readonly Element[];
}

export interface Rejected {
  /** Messages of the gateway that are gone. */
  readonly done: readonly string[];
  /** Ids of the gateway's form that name no message of this user's. */
  readonly unknown: readonly string[];
}

/** Nothing was asked of the VASP. */
export function rejectAnswer({ done, unknown }: Rejected, version: CspVersion): Element {
  return told(done.length > 0, failuresOf(unknown), version);
}

/**
 * @param theirs the MessageIDs that the VASP was asked to reject
 * @param answer what it said; undefined: nothing
 * @returns undefined: what the VASP said stays
 */
export function rejectAnswerWith(
  { done, unknown }: Rejected,
  theirs: readonly string[],
  answer: Element | undefined,
  version: CspVersion,
): Element | undefined {
  const code =
    answer === undefined
      ? STATUS.SERVICE_UNAVAILABLE
      : (resultCode(answer) ?? childInteger(answer, 'Code') ?? STATUS.OK);
  if (endsSession(code)) return undefined;
  const isDone = code >= 200 && code < 300;
  // COMPAT InterVillage: a Status without a Result [P17].
  const said = child(answer, 'Result') ?? answer;
  const details = children(said, 'DetailedResult');
  const failure = {
    code,
    description: childText(said, 'Description') ?? '',
    messageIds: theirs,
    ...(details.length === 0 ? {} : { details }),
  };
  const failures = [...failuresOf(unknown), ...(isDone && code !== STATUS.PARTIAL ? [] : [failure])];
  return told(done.length > 0 || isDone, failures, version);
}

function failuresOf(unknown: readonly string[]): readonly Failure[] {
  if (unknown.length === 0) return [];
  return [{ code: STATUS.INVALID_MESSAGE_ID, description: 'There is no such message.', messageIds: unknown }];
}

function told(isSomeDone: boolean, failures: readonly Failure[], version: CspVersion): Element {
  const [first] = failures;
  if (first === undefined) return status(STATUS.OK);
  const isOneReason = failures.every(({ code }) => code === first.code);
  if (!isSomeDone && isOneReason) return status(first.code, first.description === '' ? undefined : first.description);
  const details = failures.flatMap((failure) => failure.details ?? detailsOf(failure, version));
  const code = isSomeDone ? STATUS.PARTIAL : STATUS.MULTIPLE_ERRORS;
  return element('Status', [result(code, undefined, ...details)]);
}

/** 1.1 has no MessageID in a DetailedResult: the description names them. A VASP may fail in part and not say in which. */
function detailsOf({ code, description, messageIds }: Failure, version: CspVersion): readonly Element[] {
  if (code === STATUS.PARTIAL || code === STATUS.MULTIPLE_ERRORS) return [];
  const hasIds = isAtLeast(version, '1.2');
  const text = hasIds ? description : `${description} ${messageIds.join(' ')}`.trim();
  return [
    element('DetailedResult', [
      element('Code', code),
      text === '' ? undefined : element('Description', text),
      ...(hasIds ? messageIds.map((id) => element('MessageID', id)) : []),
    ]),
  ];
}
