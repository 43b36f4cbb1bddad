import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { pagesOf } from '../gateway/conversation/question-text.ts';
import { wordsFor } from '../gateway/conversation/words.ts';
import { SERVICE_NAMES } from '../gateway/csp/service-tree.ts';
import { questionFor } from '../gateway/negotiation/question.ts';
import { type PolicyFile, type PolicySet, questionsOf } from '../gateway/policy/model.ts';
import { formatProblem, parsePolicySet } from '../gateway/policy/parse.ts';
import { KINDS } from '../gateway/policy/schema.ts';
import { runPolicyTests } from '../gateway/policy/test-run.ts';
import { contentHash, readPolicyFolder } from '../gateway/policy-folder.ts';
import { plainJudge } from './policy/judge.ts';

const FOLDER = join(import.meta.dirname, '..', 'policies');
const README = readFileSync(join(FOLDER, 'README.md'), 'utf8');
const SNIPPETS = [...README.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');

const readShipped = async (): Promise<{
  set: PolicySet;
  tests: readonly PolicyFile[];
  warnings: readonly string[];
}> => {
  const folder = await readPolicyFolder(FOLDER);
  if (folder.kind === 'unreadable') throw new Error(folder.message);
  const parsed = parsePolicySet(folder.policies, { hash: contentHash });
  if (parsed.kind === 'invalid') throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return { set: parsed.set, tests: folder.tests, warnings: parsed.warnings.map(({ keyPath }) => keyPath) };
};

describe('the policies that ship', () => {
  test('are valid, and long only where the terms are', async () => {
    const { set, warnings } = await readShipped();
    expect(set.policies.map(({ id, order }) => [id, order])).toEqual([
      ['aoc-messaging', 10],
      ['terms-of-use', 20],
    ]);
    expect(set.onLine.map(({ id }) => id)).toEqual([
      'added-notice',
      'location-help',
      'operator-notice',
      'repeated-errors',
    ]);
    expect(
      set.offLineUser.map(({ id, keep, storeOn, notify }) => ({ id, keep, storeOn: [...storeOn], notify })),
    ).toEqual([
      {
        id: 'messages-waiting',
        keep: { messages: 100, bytes: 262_144, forMillis: 7 * 86_400_000 },
        storeOn: [533, 410],
        notify: undefined,
      },
    ]);
    expect([...set.levels.keys()]).toEqual(['full', 'presence-only', 'receive-only']);
    expect(warnings).toEqual(['message.en', 'message.sv', 'message.de']);
  });

  test('let presence only neither send nor receive, and receive only receive alone', async () => {
    const { set } = await readShipped();
    const presence = set.levels.get('presence-only')?.set;
    const receive = set.levels.get('receive-only')?.set;
    expect([presence?.has('MM'), presence?.has('NEWM'), presence?.has('GETPR')]).toEqual([false, false, true]);
    expect([receive?.has('MM'), receive?.has('NEWM'), receive?.has('FWMSG')]).toEqual([false, true, false]);
  });

  test('say nothing at a plain login', async () => {
    const { set } = await readShipped();
    const atLogin = set.onLine.filter(({ trigger }) => trigger.on === 'login' || trigger.on === 'first-login');
    expect(atLogin).toEqual([]);
  });

  test('speak the same three languages in every text', async () => {
    const { set } = await readShipped();
    for (const { message, options, onTimeout, withoutSystemMessages } of questionsOf(set)) {
      const rulings = [onTimeout, withoutSystemMessages, ...options.map(({ outcome }) => outcome)];
      const texts = [message, ...options.map(({ text }) => text)];
      for (const ruling of rulings) if (ruling.kind === 'deny') texts.push(ruling.texts);
      for (const text of texts) expect([...text.keys()]).toEqual(['en', 'sv', 'de']);
    }
    for (const { message, options } of set.onLine) {
      for (const text of [message, ...options.map((option) => option.text)]) {
        expect([...text.keys()]).toEqual(['en', 'sv', 'de']);
      }
    }
  });

  test('pass their tests, which choose every option', async () => {
    const { set, tests } = await readShipped();
    const report = runPolicyTests(set, tests, plainJudge);
    expect(report.problems.map(formatProblem)).toEqual([]);
    expect(report.cases.flatMap(({ differences }) => differences.map(formatProblem))).toEqual([]);
    expect(report.failed).toBe(0);
    expect(report.passed).toBeGreaterThan(10);
    expect([report.untested, report.unreached]).toEqual([[], []]);
  });
});

describe('the policy reference', () => {
  test('has an example of every kind', () => {
    const kinds = SNIPPETS.map((snippet) => /^kind: (.*)$/m.exec(snippet)?.[1]);
    expect(new Set(kinds)).toEqual(new Set([...KINDS, 'policy-tests']));
  });

  test.each(SNIPPETS.map((snippet) => [/^(?:id|default|cases):.*$/m.exec(snippet)?.[0] ?? '', snippet]))(
    'example %s is right as it stands',
    async (_, text) => {
      if (text.startsWith('kind: policy-tests')) {
        const report = runPolicyTests((await readShipped()).set, [{ path: 'README.md', text }], plainJudge);
        const differences = report.cases.flatMap((result) => result.differences);
        expect([...report.problems, ...differences].map(formatProblem)).toEqual([]);
        expect(report.passed).toBeGreaterThan(0);
        return;
      }
      const parsed = parsePolicySet([{ path: 'README.md', text }], { hash: contentHash });
      const found = parsed.kind === 'invalid' ? parsed.problems : parsed.warnings;
      expect(found.map(formatProblem)).toEqual([]);
    },
  );

  test('shows a question of a conversation as it is sent', () => {
    const shown = /in\nthe user's own domain:\n\n```\n([\s\S]*?)\n```/.exec(README)?.[1];
    const text = SNIPPETS.find((snippet) => snippet.includes('id: ask-old-phones')) ?? '';
    const parsed = parsePolicySet([{ path: 'README.md', text }], { hash: contentHash });
    const [policy] = parsed.kind === 'valid' ? parsed.set.policies : [];
    if (policy === undefined) throw new Error('the example of a conversation holds no policy');
    const message = questionFor(policy, { userId: 'wv:alice@im.example', vasp: 'im' }, ['en'], '', '');
    expect(pagesOf('question', message, wordsFor('en'))).toEqual([shown]);
  });

  test('lists every name of the service tree', () => {
    expect(SERVICE_NAMES.filter((name) => !README.includes(`\`${name}\``))).toEqual([]);
  });

  test('names every file of the folder', () => {
    const policies = readdirSync(FOLDER).filter((name) => /\.yaml$/.test(name) && !name.endsWith('.test.yaml'));
    expect(policies.filter((name) => !README.includes(`\`${name}\``))).toEqual([]);
  });
});
