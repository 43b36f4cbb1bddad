/** Two gateways, one after the other, on one store: the second goes on with what the first had made durable. */
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { child, childText, descendant, type Element } from '../../gateway/csp/element.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import { loginRequest, message, SPELLINGS, type Spelling, sendMessage } from '../gateway/messages.ts';
import { withAnswers } from '../recordings/answering.ts';
import { chargePolicy, LEVELS, policyFolder, start, temporaryFolder, testConfig, vaspConfig } from './running.ts';
import { TestVasp } from './vasp.ts';

test.each(SPELLINGS.filter(({ version }) => version === '1.3'))('a restart in between, $encoding', async (spelling) => {
  const vasp = await TestVasp.listen('S-17');
  const config = testConfig({
    useSandbox: false,
    vasps: [vaspConfig('v', vasp.url)],
    store: { kind: 'lmdb', directory: join(temporaryFolder(), 'data') },
    policies: policyFolder({ 'levels.yaml': LEVELS, 'aoc.yaml': chargePolicy('{ grant: full }', 'on-change') }),
  });
  const login = message(spelling, undefined, [['1', loginRequest()]]);
  const send = message(spelling, 'S-17', [['2', sendMessage()]]);

  const first = await start(config);
  const asked = await post(first.listen.port, login, spelling);
  const list = descendant(asked, 'Result', 'SystemMessageList');
  expect(list?.children).toHaveLength(1);
  expect(vasp.seen).toEqual([]);
  // Option 2: presence alone. The level has to outlive the restart too.
  const answers = withAnswers(login, spelling.encoding, list ?? asked, 2);
  const opened = await post(first.listen.port, answers, spelling);
  expect(childText(opened, 'SessionID')).toBe('S-17');
  expect(codeOf(await post(first.listen.port, send, spelling))).toBe('506');
  await first.stop();

  const second = await start(config);
  expect(codeOf(await post(second.listen.port, send, spelling))).toBe('506');
  expect(childText(await post(second.listen.port, login, spelling), 'SessionID')).toBe('S-17');
  expect(codeOf(await post(second.listen.port, send, spelling))).toBe('506');
  // The answers did their work once; nobody lives on them a second time.
  expect(vasp.seen).toHaveLength(2);
  await second.stop();
  await vasp.close();
});

const codeOf = (primitive: Element): string | undefined => childText(child(primitive, 'Result'), 'Code');

async function post(port: number, body: Buffer, { version, encoding }: Spelling): Promise<Element> {
  const headers = { 'content-type': contentTypeOf(version, encoding) };
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body });
  const [transaction] = decodeMessage(Buffer.from(await response.arrayBuffer()), encoding).transactions;
  if (transaction === undefined) throw new Error('an answer without a transaction');
  return transaction.primitive;
}
