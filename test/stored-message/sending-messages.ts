/** SendMessage-Requests and the answers of VASPs, for tests of what is kept for users who are away. */
import { children, childText, type Element, element } from '../../gateway/csp/element.ts';
import { result } from '../../gateway/csp/status.ts';

export const userId = (id: string): Element => element('UserID', id);
export const list = (id: string): Element => element('ContactList', id);
export const group = (id: string): Element => element('Group', [element('GroupID', id)]);

/** To users by their ids, and to whatever else there is. */
export function sendTo(...recipients: readonly (string | Element)[]): Element {
  const named = recipients.map((one) => (typeof one === 'string' ? element('User', [userId(one)]) : one));
  return element('SendMessage-Request', [
    element('DeliveryReport', 'F'),
    element('MessageInfo', [
      element('ContentSize', 5),
      element('Recipient', named),
      element('Sender', [element('User', [userId('wv:alice@im.example')])]),
    ]),
    element('ContentData', 'hello'),
  ]);
}

export function detail(code: number, ...entities: readonly (string | Element)[]): Element {
  const ids = entities.map((one) => (typeof one === 'string' ? userId(one) : one));
  return element('DetailedResult', [element('Code', code), element('Description', `words of ${code}`), ...ids]);
}

export function vaspSays(code: number, details: readonly Element[] = [], messageId?: string): Element {
  return element('SendMessage-Response', [
    result(code, `words of ${code}`, ...details),
    messageId === undefined ? undefined : element('MessageID', messageId),
  ]);
}

/** `201 id=m1 / 532 carol / 507 bob erin`: all that an answer tells its sender. */
export function shown(answer: Element | undefined): string {
  if (answer === undefined) return 'as the VASP said';
  const said = children(answer, 'Result')[0];
  const id = childText(answer, 'MessageID');
  const details = children(said, 'DetailedResult').map((one) =>
    one.children
      .filter(({ name }) => name !== 'Description')
      .map(({ text, children: parts }) => text.trim() + parts.map((part) => part.text).join('.'))
      .join(' '),
  );
  return [`${childText(said, 'Code')}${id === undefined ? '' : ` id=${id}`}`, ...details].join(' / ');
}
