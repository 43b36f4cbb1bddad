/**
 * A VASP's GetMessageList-Response with the gateway's messages in front [X63]: in the form that the VASP uses, which need not
 * be that of its version (COMPAT Baraza: MessageInfoList in all versions [P17]), and in the version's own where the VASP has
 * no list to give.
 */
import { child, childInteger, children, type Element, element, withChildren } from '../csp/element.ts';
import { endsSession, resultCode, STATUS } from '../csp/status.ts';
import { type CspVersion, isAtLeast } from '../csp/versions.ts';

const RESPONSE = 'GetMessageList-Response';
const LIST = 'MessageInfoList';
const INFO = 'MessageInfo';
const TOTAL = 'MessageTotalCount';

/**
 * @param answer what the VASP said
 * @param ours MessageInfos, the oldest first; not empty
 * @param most how many the client wants
 * @returns undefined: what the VASP said stays, because it cannot say now what there is
 */
export function mergedMessageList(
  answer: Element | undefined,
  ours: readonly Element[],
  most: number | undefined,
  version: CspVersion,
): Element | undefined {
  if (answer?.name === RESPONSE) return merged(answer, ours, most, version);
  return answer !== undefined && hasNoList(answer) ? oursAlone(ours, most, version) : undefined;
}

function merged(answer: Element, ours: readonly Element[], most: number | undefined, version: CspVersion): Element {
  const list = child(answer, LIST);
  const theirs = children(list ?? answer, INFO);
  if (list === undefined && theirs.length === 0) {
    return oursAlone(ours, most, version, childInteger(answer, TOTAL) ?? 0);
  }
  const shown = [...ours, ...theirs].slice(0, most);
  const others = answer.children.filter(({ name }) => name !== INFO && name !== LIST);
  return withChildren(answer, [
    ...(list === undefined ? shown : [withChildren(list, shown)]),
    ...others.map((other) => withMore(other, ours.length)),
  ]);
}

/** MessageTotalCount raised; every other element as it is. */
function withMore(other: Element, more: number): Element {
  if (other.name !== TOTAL) return other;
  const total = /^\s*\d{1,9}\s*$/.test(other.text) ? Number(other.text) : 0;
  return element(TOTAL, total + more);
}

function oursAlone(ours: readonly Element[], most: number | undefined, version: CspVersion, theirTotal = 0): Element {
  const shown = ours.slice(0, most);
  if (!isAtLeast(version, '1.3')) return element(RESPONSE, shown);
  return element(RESPONSE, [element(LIST, shown), element(TOTAL, ours.length + theirTotal)]);
}

/** Whether the VASP says that it has no such list: success without one, or a refusal that is not for the moment only. */
function hasNoList(status: Element): boolean {
  const code = resultCode(status) ?? childInteger(status, 'Code') ?? STATUS.OK;
  if (endsSession(code)) return false;
  const isForNow = code === STATUS.REQUEST_TIMEOUT || (code >= 500 && code < 600);
  return !isForNow || code === STATUS.NOT_IMPLEMENTED || code === STATUS.SERVICE_NOT_AGREED;
}
