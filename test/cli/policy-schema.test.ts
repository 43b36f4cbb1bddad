import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import * as z from 'zod';
import { policyJsonSchema } from '../../gateway/policy/json-schema.ts';
import { readPolicyFolder } from '../../gateway/policy-folder.ts';
import { FEES, LEVELS, NOTICE, Workspace } from './policy-harness.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'policies');
const FILE = 'policy.schema.json';
const shipped = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

/** The schema read back from its file: what an editor makes of it. */
const schema = z.fromJSONSchema(JSON.parse(read(FILE)));
const accepts = (text: string): boolean => schema.safeParse(parse(text)).success;

describe('the JSON Schema', () => {
  test('in the folder is the one that the checks make: sapgw policy schema > policies/policy.schema.json', async () => {
    const space = new Workspace();
    const { out, status } = await space.run(['schema']);
    space.remove();
    expect(status).toBe(0);
    expect(read(FILE)).toBe(`${out}\n`);
    expect(JSON.parse(out)).toEqual(policyJsonSchema());
  });

  test.each(shipped)('%s names it on its first line, and keeps to it', (name) => {
    expect(read(name).split('\n', 1)[0]).toBe(`# yaml-language-server: $schema=./${FILE}`);
    expect(accepts(read(name))).toBe(true);
  });

  test.each([
    ['levels', LEVELS],
    ['fees', FEES],
    ['notice', NOTICE],
    ['a page', `${FEES}verification: { url: true, key: random }\nask: { every: 30d }\n`],
    ['a conversation', NOTICE.replace(/^without.*$/m, 'withoutSystemMessages: { converse: true }')],
  ])('takes %s', (_, text) => {
    expect(accepts(text)).toBe(true);
  });

  test.each([
    ['an unknown key', FEES.replace('purpose', 'purpse')],
    ['an unknown kind', FEES.replace('off-line-service', 'offline')],
    ['a missing key', FEES.replace('version: 2\n', '')],
    ['a duration without unit', `${FEES}timeout: "120"\n`],
    ['a name that is not in the service tree', LEVELS.replace('PresenceFeat', 'PresenceFeet')],
    ['a version that is text', FEES.replace('version: 2', 'version: two')],
    ['an unknown key of a test', 'kind: policy-tests\ncases: [{ name: a, login: { user: a }, expct: { ask: [] } }]\n'],
  ])('refuses %s', (_, text) => {
    expect(accepts(text)).toBe(false);
  });

  test('says what every key of a policy is for, or which values it takes', () => {
    const { oneOf } = policyJsonSchema() as { oneOf: { properties: Record<string, Record<string, unknown>> }[] };
    const properties = oneOf.flatMap((part) => Object.entries(part.properties));
    expect(properties.length).toBeGreaterThan(20);
    const silent = properties.filter(([, value]) => !['description', 'enum', 'const'].some((key) => key in value));
    expect(silent.map(([key]) => key)).toEqual([]);
  });

  test('is no policy file', async () => {
    const folder = await readPolicyFolder(FOLDER);
    if (folder.kind === 'unreadable') throw new Error(folder.message);
    const paths = [...folder.policies, ...folder.tests].map(({ path }) => path);
    expect(paths).toHaveLength(shipped.length);
    expect(paths.filter((path) => path.endsWith('.json'))).toEqual([]);
  });
});
