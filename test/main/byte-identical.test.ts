/**
 * What no rule changes goes through the running gateway byte for byte, both ways: messages of every version and encoding, in
 * every spelling that XML and WBXML allow, compared by SHA-256 where the VASP reads and where the client reads [X3,
 * reliability B5]. They are made by a seeded random number.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { Pool } from 'undici';
import { element } from '../../gateway/csp/element.ts';
import { toDocument } from '../../gateway/csp/message.ts';
import { PRIMITIVES } from '../../gateway/csp/primitives.ts';
import { endsSession, resultCode } from '../../gateway/csp/status.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import { randomOf, SEED } from '../csp/envelope-samples.ts';
import { pick, type Random, randomDocument } from '../csp/generated.ts';
import { spellWbxml, spellXml } from '../csp/spellings.ts';
import { loginRequest, loginResponse, message, SPELLINGS, type Spelling } from '../gateway/messages.ts';
import { start, testConfig, vaspConfig } from './running.ts';

const MESSAGES = 10_000;
const AT_A_TIME = 32;

/** These have a meaning for the gateway; what it does about them is tested elsewhere. */
const NOT_PASSED = new Set([
  ...['Login-Request', 'Logout-Request', 'Service-Request', 'ClientCapability-Request', 'GetSPInfo-Request'],
  ...['Polling-Request', 'KeepAlive-Request', 'KeepAlive-Response', 'Login-Response', 'Service-Response', 'Disconnect'],
]);
const namesThat = (opens: readonly string[]) =>
  [...PRIMITIVES.values()]
    .filter((row) => opens.includes(row.opens) && !NOT_PASSED.has(row.name))
    .map(({ name }) => name);
const ASKING = namesThat(['client']);
const ANSWERING = namesThat(['reply']);

interface Case {
  readonly spelling: Spelling;
  readonly request: Buffer;
  readonly answer: Buffer;
}

function randomCase(index: number, random: Random): Case {
  const spelling = SPELLINGS[index % SPELLINGS.length] as Spelling;
  const ids = Array.from({ length: 1 + (random(5) === 0 ? random(3) : 0) }, (_, place) => `${index}-${place}`);
  const bytes = (mode: 'Request' | 'Response', names: readonly string[]): Buffer => {
    const transactions = ids.map((id) => ({
      mode,
      id,
      primitive: element(pick(random, names), randomContent(spelling, random)),
    }));
    const { version, encoding } = spelling;
    const document = toDocument({ version, sessionType: 'Inband', sessionId: sessionOf(spelling), transactions });
    return encoding === 'xml' ? spellXml(document, random) : spellWbxml(document, version, random);
  };
  return { spelling, request: bytes('Request', ASKING), answer: bytes('Response', ANSWERING) };
}

function randomContent({ version }: Spelling, random: Random) {
  const session = randomDocument(version, random).children.find(({ name }) => name === 'Session');
  const transaction = session?.children.find(({ name }) => name === 'Transaction');
  const content = transaction?.children.find(({ name }) => name === 'TransactionContent')?.children[0]?.children ?? [];
  return content.filter((child) => !endsSession(resultCode(element('Status', [child]))));
}

const sessionOf = ({ version, encoding }: Spelling): string => `session-${version}-${encoding}`;
const typeOf = ({ version, encoding }: Spelling): string => contentTypeOf(version, encoding);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test(`${MESSAGES} mixed messages, by SHA-256, seed ${SEED}`, async () => {
  const random = randomOf(SEED);
  const atVasp = new Map<string, string>();
  const answers = new Map<string, Buffer>();
  const vasp = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const number = String(request.headers['x-number']);
      atVasp.set(number, `${atVasp.has(number) ? 'twice ' : ''}${sha256(Buffer.concat(chunks))}`);
      response.setHeader('Content-Type', request.headers['content-type'] ?? '');
      response.end(answers.get(number));
      answers.delete(number);
    });
  });
  vasp.listen(0, '127.0.0.1');
  await once(vasp, 'listening');
  const url = `http://127.0.0.1:${(vasp.address() as AddressInfo).port}`;
  const gateway = await start(testConfig({ vasps: [vaspConfig('v', url)], useSandbox: false }));
  const pool = new Pool(`http://127.0.0.1:${gateway.listen.port}`, { connections: AT_A_TIME, pipelining: 1 });
  const post = async (number: string, spelling: Spelling, body: Buffer): Promise<Buffer> => {
    const headers = { 'content-type': typeOf(spelling), 'x-number': number };
    const reply = await pool.request({ path: '/', method: 'POST', headers, body });
    return Buffer.from(await reply.body.arrayBuffer());
  };
  const wrong: string[] = [];
  try {
    for (const spelling of SPELLINGS) {
      const number = `login ${sessionOf(spelling)}`;
      answers.set(number, message(spelling, undefined, [['1', loginResponse(200, sessionOf(spelling))]], 'Response'));
      await post(number, spelling, message(spelling, undefined, [['1', loginRequest()]]));
    }
    let next = 0;
    const client = async (): Promise<void> => {
      while (next < MESSAGES) {
        const index = next++;
        const number = String(index);
        const { spelling, request, answer } = randomCase(index, random);
        answers.set(number, answer);
        const got = sha256(await post(number, spelling, request));
        if (atVasp.get(number) !== sha256(request)) wrong.push(`${number}: the VASP read other bytes`);
        if (got !== sha256(answer)) wrong.push(`${number}: the client read other bytes`);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, client));
  } finally {
    await pool.close();
    await gateway.stop();
    vasp.close();
  }
  expect(wrong).toEqual([]);
  expect(atVasp.size).toBe(MESSAGES + SPELLINGS.length);
});
