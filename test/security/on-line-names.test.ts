/**
 * Messages to users in their sessions name people, and are kept: no name, no text and no credential of theirs may be found in
 * the files of the store or in the log, however the message came about and whether its user is on-line or away.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decodeMessage } from '../../gateway/csp/codec.ts';
import { type Element, element } from '../../gateway/csp/element.ts';
import { contentTypeOf } from '../../gateway/csp/versions.ts';
import { openLmdbStore } from '../../gateway/stores/lmdb.ts';
import { CANARIES, loginRequest, loginResponse, message, sendMessage, statusOk } from '../gateway/messages.ts';
import { seal } from '../stores/records-of-tests.ts';
import { createRig, vaspAnswer } from '../transcripts/rig.ts';

const SPELLING = { version: '1.3', encoding: 'xml' } as const;
const TYPE = contentTypeOf(SPELLING.version, SPELLING.encoding);
const SESSION = 'canary-session-4b1d';
const AWAY = 'wv:canary-away@im.example';

const POLICY = (id: string, on: string) => ({
  path: `${id}.yaml`,
  text: [
    'kind: on-line-service',
    `id: ${id}`,
    'version: 1',
    'category: notification',
    `trigger: { on: ${on} }`,
    `message: { en: "For you${on === 'login' ? ', {user}' : ': {otherUser} is there'}." }`,
    'options:',
    '  - { id: ok, text: { en: OK }, do: [ { accept: true } ] }',
  ].join('\n'),
});

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sapgw-names-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

test('nothing of a user is readable in the store or the log', async () => {
  const opened = openLmdbStore(join(directory, 'store'), 0, seal);
  if (opened.kind === 'failed') throw new Error(opened.problem);
  const { store } = opened;
  const rig = createRig({ store, policies: [POLICY('hello', 'login'), POLICY('added', 'added-to-contact-list')] });
  const says = (primitive: Element) => vaspAnswer(message(SPELLING, SESSION, [['1', primitive]], 'Response'), TYPE);
  const send = async (...primitives: readonly Element[]) => {
    const asked = primitives.map((primitive): readonly [string, Element] => ['1', primitive]);
    const reply = await rig.send(message(SPELLING, SESSION, asked), TYPE);
    return reply.body.length === 0 ? [] : decodeMessage(reply.body, 'xml').transactions;
  };
  rig.upstream.queue.push(
    vaspAnswer(message(SPELLING, undefined, [['1', loginResponse(200, SESSION)]], 'Response'), TYPE),
  );
  await rig.send(message(SPELLING, undefined, [['1', loginRequest()]]), TYPE);
  rig.upstream.otherwise = says(statusOk);
  const added = element('AddNickList', [element('UserID', AWAY)]);
  await send(element('ListManage-Request', [element('ContactList', 'wv:juliet/friends@im.example'), added]));
  await send(sendMessage());
  rig.upstream.otherwise = { ...says(statusOk), body: Buffer.alloc(0) } as ReturnType<typeof says>;
  const polled = (await send(element('Polling-Request')))[0] ?? (await send(element('Polling-Request')))[0];
  const id = /sapgw\.[\w-]{22}/.exec(JSON.stringify(polled?.primitive))?.[0] ?? '';
  expect(JSON.stringify(polled?.primitive)).toContain('For you, wv:juliet@im.example.');
  const response = element('SystemMessageResponse', [element('SystemMessageID', id), element('ChosenOptionID', 1)]);
  await send(element('SystemMessage-User', [element('SystemMessageResponseList', [response])]));
  // Both messages and the session are there to be looked at.
  const kept = await store.systemMessages.slice(undefined, 10);
  expect(kept.map(({ policy, state }) => `${policy} ${state}`).sort()).toEqual(['added open', 'hello answered']);
  await store.close();
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = Buffer.concat(files.map((entry) => readFileSync(join(entry.parentPath, entry.name))));
  const written = [bytes.toString('latin1'), JSON.stringify(rig.log)];
  expect(bytes.length).toBeGreaterThan(10_000);
  for (const text of written) {
    for (const secret of ['juliet', 'canary-away', 'client.example', SESSION, ...Object.values(CANARIES)]) {
      expect([secret, text.toLowerCase().includes(secret.toLowerCase())]).toEqual([secret, false]);
    }
  }
});
