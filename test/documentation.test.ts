/**
 * What is written about the project holds: every rule and fact that the code cites is in gateway/README.md, links lead
 * somewhere, headings included, every folder is described, and the configuration in the README loads. Tables are compared in
 * documentation-reference.test.ts, commands are run in documentation-walk.test.ts.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '../gateway/config/load.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PAGES = ['README.md', 'gateway/README.md', 'policies/README.md'];

/** Headings as links name them. */
const headingsOf = (text: string): string[] =>
  [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-'),
  );

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
    expect(reference.includes(`**${name}**`)).toBe(true);
  });

  test.each([...cited].filter((name) => /§/.test(name)).toSorted())('%s stands where the page says', (name) => {
    const [page = '', section = ''] = name.split(' §');
    expect(['architecture', 'reliability', 'operations', 'policy-files']).toContain(page);
    if (page === 'reliability' || page === 'operations') expect(reference).toContain(`**§${section}`);
    if (page === 'policy-files') expect(read('policies/README.md')).toMatch(/service levels/i);
  });
});

test('gateway/README.md describes every folder and every file beside them, and numbers the rules', () => {
  const reference = read('gateway/README.md');
  const table = reference.slice(reference.indexOf('| folder |'), reference.indexOf('Dependencies point inwards'));
  const entries = readdirSync(join(ROOT, 'gateway'), { withFileTypes: true });
  const names = entries.flatMap((entry) =>
    entry.isDirectory() ? [`${entry.name}/`] : entry.name.endsWith('.ts') ? [entry.name] : [],
  );
  expect(names.filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
  const rules = [
    1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 30, 31, 32, 33, 34, 40, 41, 42, 43,
    44, 45, 46, 50, 51, 52, 53, 60, 61, 62, 63,
  ];
  expect(rules.filter((rule) => !reference.includes(`**X${rule}**`))).toEqual([]);
});

/** Sequence diagrams under a heading, up to the next one. */
function diagramsUnder(page: string, heading: string): number {
  const from = page.indexOf(`\n${heading}\n`);
  expect([heading, from >= 0]).toEqual([heading, true]);
  const [part = ''] = page.slice(from + heading.length + 2).split(/^#/m, 1);
  return part.split('sequenceDiagram').length - 1;
}

test.each([
  'Asking before login',
  'The consent page',
  'The conversation',
  'Messages to users who are on-line',
  'Messages for users who are away',
])('of the three uses of such a gateway, with every way of asking, is drawn: %s', (use) => {
  expect(diagramsUnder(read('README.md'), `### ${use}`)).toBe(1);
});

test('the way of a message is drawn: asked at login, in a session, for a user who is away, in a conversation', () => {
  expect(diagramsUnder(read('gateway/README.md'), '## 2. The way of one message')).toBe(4);
});

describe.each(PAGES)('%s', (page) => {
  const text = read(page);

  test('links lead somewhere', () => {
    for (const [, target = '', heading] of text.matchAll(/\]\(([^)#]*)(?:#([^)]*))?\)/g)) {
      const path = target === '' ? page : join(dirname(page), target);
      expect([target, existsSync(join(ROOT, path))]).toEqual([target, true]);
      if (heading !== undefined)
        expect([target, headingsOf(read(path))]).toEqual([target, expect.arrayContaining([heading])]);
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

test('no script of the package relies on running before or after another: .npmrc switches such scripts off', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m);
  expect(Object.keys(scripts).filter((name) => /^(pre|post)/.test(name))).toEqual([]);
});

test('what a build leaves can be run by npx: its link may be older than the file', () => {
  const { scripts, bin } = JSON.parse(read('package.json')) as { scripts: { build: string }; bin: { sapgw: string } };
  const [, afterwards = ''] = scripts.build.split(' && ');
  const folder = mkdtempSync(join(tmpdir(), 'sapgw-build-'));
  mkdirSync(dirname(join(folder, bin.sapgw)), { recursive: true });
  writeFileSync(join(folder, bin.sapgw), '', { mode: 0o644 });
  execFileSync('sh', ['-c', afterwards], { cwd: folder });
  expect(statSync(join(folder, bin.sapgw)).mode & 0o111).toBe(0o111);
});
