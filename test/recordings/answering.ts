/** How a client that knows System Messages logs in again: the same Login-Request with its answers put in. */
import { childText, type Element, element } from '../../gateway/csp/element.ts';
import { scanEnvelope } from '../../gateway/csp/envelope.ts';
import { locateChildren } from '../../gateway/csp/locate.ts';
import { elementEdit, removeRange, splice } from '../../gateway/csp/splice.ts';
import type { Encoding } from '../../gateway/csp/versions.ts';

/** The login with a SystemMessageResponseList that chooses one option of every message; the other bytes as they were. */
export function withAnswers(body: Buffer, encoding: Encoding, asked: Element, option: number): Buffer {
  const { version, transactions } = scanEnvelope(body, encoding);
  const range = transactions[0]?.primitiveRange;
  if (range === undefined) throw new Error('a login without a primitive');
  const children = locateChildren(body, encoding, version, range);
  const old = children.find(({ name }) => name === 'SystemMessageResponseList');
  if (old !== undefined) return withAnswers(removeRange(body, encoding, old.range), encoding, asked, option);
  const last = children.at(-1)?.range;
  if (last === undefined) throw new Error('a login without content');
  const list = element(
    'SystemMessageResponseList',
    asked.children.map((message) =>
      element('SystemMessageResponse', [
        element('SystemMessageID', childText(message, 'SystemMessageID') ?? ''),
        element('ChosenOptionID', option),
      ]),
    ),
  );
  const behind = { ...last, start: last.end, pageAtStart: last.pageAtEnd };
  return splice(body, encoding, [elementEdit(encoding, version, behind, list)]);
}
