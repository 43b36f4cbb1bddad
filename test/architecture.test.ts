/**
 * Proves that the folders keep to the architecture: dependencies point inwards, the core is pure, features know nothing
 * of each other, files are short and say what they are for.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const GATEWAY = join(dirname(fileURLToPath(import.meta.url)), '..', 'gateway');

interface Source {
  /** Below gateway/, with slashes. */
  readonly path: string;
  /** The first folder, or the file's own name at the top. */
  readonly area: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const SOURCES: readonly Source[] = readdirSync(GATEWAY, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => sourceOf(relative(GATEWAY, join(GATEWAY, name)).replaceAll('\\', '/')))
  .sort((a, b) => (a.path < b.path ? -1 : 1));

function sourceOf(path: string): Source {
  const text = readFileSync(join(GATEWAY, path), 'utf8');
  const found = [
    ...text.matchAll(/^(?:import|export)\s[^;]*?from\s+'([^']+)';|^import\s+'([^']+)';|\bimport\('([^']+)'\)/gms),
  ];
  const imports = found.map((match) => match[1] ?? match[2] ?? match[3] ?? '');
  return { path, area: areaOf(path), text, imports };
}

function areaOf(path: string): string {
  return path.split('/', 1)[0] ?? path;
}

/** Where a relative import leads, below gateway/. */
function targetOf(source: Source, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(source.path), specifier));
}

const CORE = [
  'csp',
  'policy',
  'conversation',
  'negotiation',
  'system-message',
  'stored-message',
  'service-level',
  'yaml',
  'audit',
];
const EDGES = ['http', 'upstream', 'cir', 'pages', 'stores', 'admin', 'sandbox', 'bearers'];
/** Files at the top that everybody but the core may know: types, ways to say what went wrong, and to go through a store. */
const SHARED = [
  'ports.ts',
  'audit-ports.ts',
  'cir-ports.ts',
  'system-message-ports.ts',
  'mailbox-ports.ts',
  'copy-ports.ts',
  'config.ts',
  'error-code.ts',
  'errors.ts',
  'slices.ts',
  'shares.ts',
  'known-users.ts',
  'node-ports.ts',
];

/**
 * What each area may import besides itself and packages: whole areas, or single files. The order is from the inside
 * outwards; nothing may import what stands further down.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  csp: [],
  yaml: [],
  policy: ['csp', 'yaml', 'ports.ts', 'audit-ports.ts'],
  // What features share is in csp, in policy or a port; they do not import each other.
  negotiation: ['csp', 'policy', 'ports.ts', 'audit-ports.ts'],
  // How the gateway writes to users and reads what they write, before a login and in a session.
  conversation: ['csp', 'policy'],
  'system-message': ['csp', 'policy', 'conversation', 'system-message-ports.ts'],
  'service-level': ['csp', 'policy', 'ports.ts'],
  audit: ['csp', 'ports.ts', 'audit-ports.ts', 'system-message-ports.ts', 'mailbox-ports.ts', 'slices.ts'],
  'ports.ts': ['csp', 'audit-ports.ts', 'cir-ports.ts', 'system-message-ports.ts', 'mailbox-ports.ts'],
  'audit-ports.ts': ['csp'],
  'cir-ports.ts': ['csp'],
  'system-message-ports.ts': ['csp'],
  'mailbox-ports.ts': ['csp'],
  'copy-ports.ts': ['ports.ts'],
  // What a kept message is and how it is written to its recipient: pure, for the mailbox and the chain.
  'stored-message': ['csp', 'yaml', 'policy', 'service-level', 'mailbox-ports.ts'],
  'config.ts': [],
  'listening.ts': ['config.ts'],
  'error-code.ts': [],
  'errors.ts': ['csp'],
  'slices.ts': [],
  'shares.ts': [],
  'known-users.ts': [],
  // A peer is reached by the same questions and answers as a worker.
  'node-ports.ts': ['workers/channel.ts'],
  'log.ts': SHARED,
  'secrets.ts': [...SHARED, 'keys'],
  // What keys have signed and sealed, and how long that is of worth, is told by who had it signed.
  keys: [...SHARED, 'policy', 'chain/self-care-token.ts', 'desk/queues.ts', 'system-message/person.ts'],
  'subscribers.ts': [...SHARED, 'policy'],
  'policy-folder.ts': [...SHARED, 'policy', 'yaml'],
  policies: [...SHARED, 'policy', 'yaml', 'policy-folder.ts'],
  // How the address of a store is written is one rule for who reads it and who connects.
  config: [...SHARED, 'yaml', 'stores/redis/address.ts'],
  chain: [...SHARED, ...CORE],
  'gateway.ts': [...SHARED, ...CORE, 'chain'],
  http: [...SHARED, 'listening.ts', 'csp', 'gateway.ts', 'chain'],
  // Which headers are passed on, and what a plain answer looks like, is one rule for both sides of the gateway.
  upstream: [...SHARED, 'csp', 'http/headers.ts', 'http/answers.ts'],
  // What is to be said to users in their sessions, and what they answered.
  desk: [...SHARED, ...CORE],
  // Messages for users who are away, and telling them.
  mailbox: [...SHARED, ...CORE],
  // A session's key and the token in its URL are one rule for where they are told and where they are judged.
  cir: [...SHARED, 'listening.ts', 'csp', 'chain/cir-token.ts', 'chain/identity.ts'],
  // Web pages for users: how a body is read is one rule for all that comes in on the listener.
  pages: [...SHARED, 'policy', 'negotiation', 'chain', 'desk/self-care.ts', 'http/body.ts'],
  // What nodes share of logins that are under way is the chain's own data.
  stores: [
    ...SHARED,
    'csp',
    'audit',
    'negotiation',
    'chain/negotiation-memory.ts',
    'chain/conversation/waiting-sessions.ts',
    'chain/counting.ts',
  ],
  // The API is where operators reach what keeps the policies.
  admin: [
    ...SHARED,
    'listening.ts',
    'csp',
    'yaml',
    'policy',
    'policies',
    'desk/parts.ts',
    'desk/broadcast-model.ts',
    'audit/mail-data.ts',
    'mailbox/office-model.ts',
  ],
  // All of one store into another.
  migration: SHARED,
  // Calls that answers of users lead to.
  bearers: [...SHARED, 'policy', 'desk/parts.ts'],
  sandbox: ['csp', 'error-code.ts'],
  // What processes share crosses as data: stand-ins for what the chain, the policies and the listeners know.
  workers: [
    ...SHARED,
    'keys/key-file.ts',
    'csp',
    'policy',
    'negotiation',
    'chain',
    'desk',
    'mailbox',
    'policies',
    'admin',
    'upstream',
  ],
  // What concerns one user, asked of the node that holds it.
  holders: [...SHARED, 'policy', 'desk', 'mailbox', 'cir', 'chain/identity.ts', 'workers'],
  // Several machines: who is there, how they talk, who holds what. Their words go through the store's engine.
  nodes: [...SHARED, 'csp', 'policy', 'desk', 'mailbox', 'chain', 'cir', 'workers', 'stores/redis'],
};

/** The edges of the program: they may know everything. */
const WIRING = ['main.ts', 'wiring', 'cli'];

describe('arrows', () => {
  test('there is something to look at', () => {
    expect(SOURCES.length).toBeGreaterThan(40);
    expect(SOURCES.flatMap(({ imports }) => imports).length).toBeGreaterThan(100);
  });

  test('every area is known here', () => {
    const areas = [...new Set(SOURCES.map(({ area }) => area))];
    expect(areas.filter((area) => !(area in MAY_IMPORT) && !WIRING.includes(area))).toEqual([]);
  });

  test('dependencies point inwards', () => {
    const wrong = SOURCES.filter(({ area }) => !WIRING.includes(area)).flatMap((source) =>
      source.imports
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => targetOf(source, specifier))
        .filter((target) => !mayImport(source.area, target))
        .map((target) => `${source.path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('edges do not know each other, nothing but the wiring knows the wiring', () => {
    const wrong = Object.entries(MAY_IMPORT).flatMap(([area, allowed]) => [
      ...allowed.filter((one) => EDGES.includes(area) && EDGES.includes(one)).map((one) => `${area} may import ${one}`),
      ...allowed.filter((one) => WIRING.includes(one)).map((one) => `${area} may import ${one}`),
    ]);
    expect(wrong).toEqual([]);
  });

  test('relative imports name the file', () => {
    const wrong = SOURCES.flatMap(({ path, imports }) =>
      imports.filter((one) => one.startsWith('.') && !one.endsWith('.ts')).map((one) => `${path}: ${one}`),
    );
    expect(wrong).toEqual([]);
  });
});

function mayImport(area: string, target: string): boolean {
  const targetArea = areaOf(target);
  return targetArea === area || (MAY_IMPORT[area] ?? []).some((one) => target === one || target.startsWith(`${one}/`));
}

describe('the core is pure', () => {
  const core = SOURCES.filter(({ area }) => CORE.includes(area));

  test('it imports no part of Node, and few packages', () => {
    const allowed: Readonly<Record<string, readonly string[]>> = {
      csp: ['fast-xml-parser'],
      yaml: ['yaml', 'zod'],
      policy: ['yaml', 'zod', '@marcbachmann/cel-js'],
      // Hashing is what a chain is made of; it reads nothing and keeps nothing.
      audit: ['node:crypto'],
    };
    const wrong = core.flatMap(({ path, area, imports }) =>
      imports
        .filter((one) => !one.startsWith('.') && !(allowed[area] ?? []).includes(one))
        .map((one) => `${path}: ${one}`),
    );
    expect(wrong).toEqual([]);
  });

  test('it reads no clock, no chance, no environment, and does no output', () => {
    const impure =
      /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|crypto\.|process\.|setTimeout|setInterval|setImmediate|console\.|fetch\()/;
    const wrong = core.flatMap(({ path, text }) => {
      const found = impure.exec(withoutComments(text));
      return found === null ? [] : [`${path}: ${found[0]}`];
    });
    expect(wrong).toEqual([]);
  });

  test('only main, the command line and the configuration read the environment', () => {
    // How Node itself was started is told by its environment too [reliability §1].
    const aware = [...WIRING, 'config'];
    const wrong = SOURCES.filter(({ area, path }) => !aware.includes(area) && path !== 'http/strict-parser.ts')
      .filter(({ text }) => withoutComments(text).includes('process.env'))
      .map(({ path }) => path);
    expect(wrong).toEqual([]);
  });
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

describe('files', () => {
  test('none has more than 400 lines, token tables aside', () => {
    const long = SOURCES.filter(({ path }) => !/csp\/wbxml\/tokens/.test(path))
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > 400);
    expect(long).toEqual([]);
  });

  test('none is called for nothing in particular', () => {
    const vague = SOURCES.filter(({ path }) => /(^|\/)[^/]*(utils?|helpers?|managers?|common|misc)\.ts$/.test(path));
    expect(vague.map(({ path }) => path)).toEqual([]);
  });

  test('each says at its top what it is for', () => {
    const silent = SOURCES.filter(({ text }) => !/^(#!.*\n)?\/\*\*[\s\S]{20,}?\*\//.test(text));
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  test('names are kebab-case', () => {
    const other = SOURCES.filter(({ path }) => !/^([a-z0-9.-]+\/)*[a-z0-9.-]+\.ts$/.test(path));
    expect(other.map(({ path }) => path)).toEqual([]);
  });

  test('nothing is switched off, put off or left lying about', () => {
    const marks = /@ts-ignore|@ts-expect-error|@ts-nocheck|biome-ignore|eslint-disable|\bTODO\b|\bFIXME\b|\bXXX\b/;
    const marked = SOURCES.filter(({ text }) => marks.test(text)).map(({ path }) => path);
    expect(marked).toEqual([]);
  });
});
