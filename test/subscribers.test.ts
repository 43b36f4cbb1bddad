/** The file of who is admitted: who is, where they get text messages, and what is wrong in it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { openSubscribers, type Subscribers } from '../gateway/subscribers.ts';

const folder = mkdtempSync(join(tmpdir(), 'sapgw-subscribers-'));
const file = join(folder, 'subscribers.txt');
afterAll(() => rmSync(folder, { recursive: true }));

function opened(text?: string): Subscribers {
  if (text !== undefined) writeFileSync(file, text);
  const result = openSubscribers(text === undefined ? undefined : file);
  if (result.kind === 'failed') throw new Error(result.problems.join('\n'));
  return result;
}

const FILE = `# Who is admitted
wv:alice@im.example +358501234567   # her own phone
wv:bob@im.example

WV:Carol@IM.example\t+4915112345678\r
wv:+358409999999@im.example +358401111111
*@staff.im.example
`;

describe('who is admitted', () => {
  test.each([
    ['wv:alice@im.example', true],
    ['ALICE@im.example', true],
    ['wv:bob@im.example', true],
    ['wv:carol@im.example', true],
    ['wv:eve@staff.im.example', true],
    ['wv:eve@im.example', false],
    ['+358501234567', false],
  ])('%s: %s', (userId, isProvisioned) => {
    expect(opened(FILE).isProvisioned(userId)).toBe(isProvisioned);
  });

  test('everybody where there is no file', () => {
    expect(opened().isProvisioned('wv:eve@im.example')).toBe(true);
  });
});

describe('where somebody gets text messages', () => {
  test.each([
    ['wv:alice@im.example', '+358501234567'],
    ['wv:%61LICE@im.example', '+358501234567'],
    ['wv:carol@im.example', '+4915112345678'],
    ['wv:bob@im.example', undefined],
    ['wv:eve@staff.im.example', undefined],
    ['wv:+358501112222@im.example', '+358501112222'],
    ['wv:%2B358501112222@im.example', '+358501112222'],
    ['wv:+358409999999@im.example', '+358401111111'],
    ['+358501112222', '+358501112222'],
    ['wv:358501112222@im.example', undefined],
    ['wv:+0501112222@im.example', undefined],
    ['wv:+12@im.example', undefined],
    ['wv:+1234567890123456@im.example', undefined],
    ['wv:+358501112222/friends@im.example', undefined],
  ])('%s: %s', (userId, number) => {
    expect(opened(FILE).numberOf(userId)).toBe(number);
  });

  test("a user id without a domain is one of the VASP's, where that is known", () => {
    const { numberOf } = opened(FILE);
    expect(numberOf('wv:alice', 'im.example')).toBe('+358501234567');
    expect(numberOf('wv:alice@other.example', 'im.example')).toBeUndefined();
    expect(numberOf('wv:alice')).toBeUndefined();
    expect(numberOf('wv:+358501112222', 'im.example')).toBe('+358501112222');
  });

  test('without a file, the user id where it is a number', () => {
    expect(opened().numberOf('wv:+358501112222@im.example')).toBe('+358501112222');
    expect(opened().numberOf('wv:alice@im.example')).toBeUndefined();
  });
});

test('all that is wrong, each with its line', () => {
  writeFileSync(
    file,
    'wv:a@im.example 0501234567\nwv:b@im.example\nwv:c@im.example +358 501\n*@im.example +358501234567\nwv:d@x +35850a\n',
  );
  expect(openSubscribers(file)).toEqual({
    kind: 'failed',
    problems: [
      `${file}:1: what stands behind the user id must be a number such as +358501234567, with a plus and 7 to 15 digits`,
      `${file}:3: holds more than a user id and a number`,
      `${file}:4: a number is of one user, so no * and ? can stand before it`,
      `${file}:5: what stands behind the user id must be a number such as +358501234567, with a plus and 7 to 15 digits`,
    ],
  });
  expect(openSubscribers(join(folder, 'none'))).toEqual({
    kind: 'failed',
    problems: [`${join(folder, 'none')}: cannot be read: ENOENT`],
  });
});
