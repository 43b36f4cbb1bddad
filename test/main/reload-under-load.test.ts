/**
 * Logins while the policies change under them: 200 a second for several seconds, a new set three times a second. No login
 * fails, and each finishes under the set that it began with: what was asked by one version is answered, granted and
 * recorded by that version, whatever is in force when the answer comes [policy-files §6].
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { childText, element } from '../../gateway/csp/element.ts';
import type { RunningGateway } from '../../gateway/main.ts';
import { withAnswers } from '../recordings/answering.ts';
import { askedBy, call, codeOf, loginOf, post, TOKEN, tokenFile } from './admin-calls.ts';
import { LEVELS, policyFolder, start, testConfig, vaspConfig } from './running.ts';
import { TestVasp } from './vasp.ts';

const LOGINS_A_SECOND = 200;
const SECONDS = 4;
const SWAP_MILLIS = 300;
/** How long a user takes to answer: longer than a set is in force. */
const THINKING_MILLIS = 700;

let vasp: TestVasp;
let gateway: RunningGateway;
let url: string;
let admin: string;
let folder: string;

beforeAll(async () => {
  vasp = await TestVasp.listen();
  folder = policyFolder({ 'levels.yaml': LEVELS, 'aoc.yaml': policy(1) });
  const vasps = [vaspConfig('v', vasp.url)];
  gateway = await start(testConfig({ policies: folder, useSandbox: false, vasps, adminTokenFile: tokenFile() }));
  url = `http://127.0.0.1:${gateway.listen.port}/`;
  admin = `http://127.0.0.1:${gateway.admin.port}`;
});
afterAll(async () => {
  await gateway.stop();
  await vasp.close();
});

/** The first option of odd versions grants everything, that of even ones presence alone; the text names the version. */
function policy(version: number): string {
  const [first, second] = version % 2 === 1 ? ['full', 'presence-only'] : ['presence-only', 'full'];
  return `kind: off-line-service
id: aoc
version: ${version}
purpose: advice-of-charge
message: { en: "Version ${version}. Do you accept?" }
options:
  - { id: first-${version}, text: { en: First }, grant: ${first} }
  - { id: second-${version}, text: { en: Second }, grant: ${second} }
timeout: 2m
`;
}

interface Login {
  readonly user: string;
  readonly code: string | undefined;
  readonly version: number;
}

/** Asked, answered after a while, and in every second case challenged and logged in after a while more. */
async function oneLogin(user: string, isFourWay: boolean): Promise<Login> {
  const login = isFourWay ? loginOf(user, DIGESTS) : loginOf(user);
  const asked = askedBy(await post(url, login));
  const version = Number(/Version (\d+)/.exec(asked?.texts[0] ?? '')?.[1]);
  await sleep(THINKING_MILLIS);
  let last = await post(url, asked === undefined ? login : withAnswers(login, 'xml', asked.list, 1));
  if (isFourWay && codeOf(last) === '401') {
    await sleep(THINKING_MILLIS);
    last = await post(url, loginOf(user, DIGEST));
  }
  const code = codeOf(last);
  return { user, version, code: childText(last, 'SessionID') === undefined ? `${code}, no session` : code };
}

const DIGESTS = element('SupportedDigestSchema', [element('DigestSchema', 'MD5')]);
const DIGEST = element('DigestBytes', 'ZGlnZXN0');

const sleep = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis));

test('no login fails, and each finishes under the set that it began with', async () => {
  let version = 1;
  let isOver = false;
  const swapping = (async () => {
    while (!isOver) {
      version += 1;
      writeFileSync(join(folder, 'aoc.yaml'), policy(version));
      const { json } = await call(admin, 'POST', 'policies/reload');
      expect(['loaded', 'unchanged']).toContain(json.result);
      await sleep(SWAP_MILLIS);
    }
  })();
  const logins: Promise<Login>[] = [];
  const startedAt = performance.now();
  while (logins.length < LOGINS_A_SECOND * SECONDS) {
    const due = ((performance.now() - startedAt) / 1000) * LOGINS_A_SECOND;
    while (logins.length < due) logins.push(oneLogin(`wv:user-${logins.length}@im.example`, logins.length % 2 === 1));
    await sleep(5);
  }
  const done = await Promise.all(logins);
  isOver = true;
  await swapping;

  expect(done.filter(({ code }) => code !== '200')).toEqual([]);
  const versions = new Set(done.map((login) => login.version));
  expect(versions.size).toBeGreaterThan(3);
  expect(version).toBeGreaterThan(3);

  const headers = { authorization: `Bearer ${TOKEN}` };
  const audit = await (await fetch(`${admin}/api/v1/audit?limit=100000`, { headers })).text();
  const records = audit
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { user: string; version: number; option: string; granted: string[] });
  expect(records).toHaveLength(done.length);
  const wrong = records.filter(
    ({ version: asked, option, granted }) =>
      option !== `first-${asked}` || granted.join() !== (asked % 2 === 1 ? 'full' : 'presence-only'),
  );
  expect(wrong).toEqual([]);
  const count = (all: readonly { readonly version: number }[]): readonly (readonly [number, number])[] =>
    [...versions].map((one) => [one, all.filter((each) => each.version === one).length]);
  expect(count(records)).toEqual(count(done));
});
