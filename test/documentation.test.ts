/**
 * What is written about the project holds: every rule and fact that the code cites is in gateway/README.md, links lead
 * somewhere, the configuration in the README loads, and every command and metric that it names exists.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '../gateway/config/load.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PAGES = ['README.md', 'gateway/README.md', 'policies/README.md'];

const SOURCES = readdirSync(join(ROOT, 'gateway'), { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.ts'),
);

describe('what the code cites', () => {
  const reference = read('gateway/README.md');
  const cited = new Set<string>();
  for (const path of SOURCES) {
    for (const [, citation = ''] of read(join('gateway', path)).matchAll(/\[((?:[XP][0-9][^\]]*)|[a-z-]+ §[0-9])\]/g)) {
      for (const [name] of citation.matchAll(/[XP][0-9]+(?:\.[0-9]+)?|[a-z-]+ §[0-9]/g)) cited.add(name);
    }
  }

  test('there is something to look up', () => {
    expect(cited.size).toBeGreaterThan(40);
  });

  test.each([...cited].filter((name) => /^[XP]/.test(name)).toSorted())('%s is explained', (name) => {
    const later = /X40 to X63/.test(reference) && /^X[456][0-9]$/.test(name);
    expect(later || reference.includes(`**${name}**`)).toBe(true);
  });

  test.each([...cited].filter((name) => /§/.test(name)).toSorted())('%s stands where the page says', (name) => {
    const [page = '', section = ''] = name.split(' §');
    expect(['architecture', 'reliability', 'operations', 'policy-files']).toContain(page);
    if (page === 'reliability' || page === 'operations') expect(reference).toContain(`**§${section}`);
    if (page === 'policy-files') expect(read('policies/README.md')).toMatch(/service levels/i);
  });
});

describe.each(PAGES)('%s', (page) => {
  const text = read(page);

  test('links lead somewhere', () => {
    for (const [, target = ''] of text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
      expect([target, existsSync(join(ROOT, dirname(page), target))]).toEqual([target, true]);
    }
  });

  test('files that it names exist', () => {
    const base = ['', 'gateway/', 'gateway/policy/'];
    for (const [, path = ''] of text.matchAll(/`((?:[a-z-]+\/)+[a-z.-]+\.ts)`/g)) {
      expect([path, base.some((folder) => existsSync(join(ROOT, folder, path)))]).toEqual([path, true]);
    }
  });
});

test('the configuration in the README loads as it stands', () => {
  const yaml = /```yaml\n(listen:[\s\S]*?)```/.exec(read('README.md'))?.[1] ?? '';
  const directory = mkdtempSync(join(tmpdir(), 'sapgw-readme-'));
  const file = join(directory, 'gateway.yaml');
  writeFileSync(file, yaml);
  const loaded = loadConfig({ file, env: {}, flags: {} });
  expect(loaded).toMatchObject({ kind: 'valid', config: { vasps: [{ name: 'friendly-im', timeoutMillis: 15_000 }] } });
});

test('every command in the README is one of the command line', () => {
  const program = [
    'sapgw.ts',
    'serve.ts',
    'sandbox.ts',
    'handset.ts',
    'policy.ts',
    'convert.ts',
    'config.ts',
    'audit.ts',
    'user.ts',
  ]
    .map((file) => read(join('gateway/cli', file)))
    .join('\n');
  const named = [
    ...read('README.md').matchAll(/sapgw (serve|sandbox|handset|policy|decode|encode|audit|user|config|[a-z]+)\b/g),
  ].map(([, command = '']) => command);
  expect(named.length).toBeGreaterThan(6);
  for (const command of new Set(named))
    expect(program).toMatch(new RegExp(`[cC]ommand\\('${command}[' ]|'${command}'`));
});

test('no script of the package relies on running before or after another: .npmrc switches such scripts off', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m);
  expect(Object.keys(scripts).filter((name) => /^(pre|post)/.test(name))).toEqual([]);
});
