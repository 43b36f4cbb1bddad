/**
 * The operator's reference in gateway/README.md and the command table of README.md hold what the program has, and nothing
 * else: every configuration key with its default, every metric with its labels, every line of the log, every call of the admin
 * API, every command. Every command line on a page is one that the program takes.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { openMetrics } from '../gateway/admin/metrics.ts';
import { registerAudit } from '../gateway/cli/audit.ts';
import { configCommand } from '../gateway/cli/config.ts';
import { registerConvert } from '../gateway/cli/convert.ts';
import { registerHandset } from '../gateway/cli/handset.ts';
import { registerKeys } from '../gateway/cli/keys.ts';
import { registerMailbox } from '../gateway/cli/mailbox.ts';
import { registerMessage } from '../gateway/cli/message.ts';
import { registerNodes } from '../gateway/cli/nodes.ts';
import { registerPolicy } from '../gateway/cli/policy.ts';
import { registerSandbox } from '../gateway/cli/sandbox.ts';
import { registerServe } from '../gateway/cli/serve.ts';
import { registerStore } from '../gateway/cli/store.ts';
import { registerUser } from '../gateway/cli/user.ts';
import { registerVasp } from '../gateway/cli/vasp.ts';
import { registerWorkers } from '../gateway/cli/workers.ts';
import { loadConfig } from '../gateway/config/load.ts';
import { CONFIG_SCHEMA } from '../gateway/config/schema.ts';
import { SOURCES } from '../gateway/config/sources.ts';
import type { RunningGateway } from '../gateway/main.ts';
import { start, temporaryFolder, testConfig } from './main/running.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const REFERENCE = read('gateway/README.md');
const README = read('README.md');

/** Cells of the first table under a heading. */
function table(page: string, heading: string): string[][] {
  const from = page.indexOf(`\n### ${heading}\n`);
  const [rows = ''] = /^\|[\s\S]*?(?=\n\n)/m.exec(page.slice(from)) ?? [];
  expect([heading, from > 0, rows !== '']).toEqual([heading, true, true]);
  return rows
    .split('\n')
    .slice(2)
    .map((row) =>
      row
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** Keys that hold others, which stand in the table one by one. */
const SECTIONS = ['tls', 'cir', 'subscriberNumber', 'webhooks', 'subscribers', 'audit', 'limits', 'log'];

/** Of every kind. */
const BEARER_KEYS = ['kind', 'url', 'userFile', 'passwordFile', 'from', 'systemType', 'keyFile'];

const quoted = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

describe('the configuration table', () => {
  const rows = table(REFERENCE, 'Configuration');
  const keys = rows.map(([key]) => quoted(key)[0] ?? '');

  test('has every key that is served', () => {
    const { shape } = CONFIG_SCHEMA;
    const whole = CONFIG_SCHEMA.parse({ vasps: { NAME: { url: 'http://127.0.0.1' } } });
    const below = (section: object, name: string) => Object.keys(section).map((key) => `${name}.${key}`);
    const expected = [
      ...Object.keys(shape).filter((key) => !SECTIONS.includes(key)),
      'tls.cert',
      'tls.key',
      ...below(whole.subscriberNumber, 'subscriberNumber'),
      ...['tcp', 'udp', 'advertise', 'blindInterval'].map((key) => `cir.${key}`),
      'admin.listen',
      'admin.tokenFile',
      ...below(whole.vasps.NAME ?? {}, 'vasps.NAME'),
      'vasps.NAME.domain',
      'vasps.NAME.health.every',
      ...BEARER_KEYS.map((key) => `bearers.NAME.${key}`),
      'webhooks.allow',
      'webhooks.keyFile',
      'subscribers.file',
      'audit.keep',
      ...below(whole.limits, 'limits'),
      ...below(whole.log, 'log'),
    ];
    expect(keys.toSorted()).toEqual(expected.toSorted());
  });

  test('tells the defaults: a file of them all is as no file', () => {
    const settings = rows.flatMap(([key, value]) => {
      const [name = ''] = quoted(key);
      const [written] = quoted(value);
      // The address alone and the mapping cannot both stand in one file.
      return written === undefined || name === 'admin' ? [] : [[name, written] as const];
    });
    expect(settings.length).toBeGreaterThan(25);
    const url = 'http://127.0.0.1:1';
    const file = join(temporaryFolder(), 'gateway.yaml');
    const load = (name: string, wanted: boolean) => {
      const vasp = settings.filter(([key]) => wanted && key.startsWith('vasps.NAME.'));
      const others = settings.filter(([key]) => wanted && !key.startsWith('vasps.'));
      writeFileSync(name, yamlOf([...others, ...vasp, ['vasps.NAME.url', url]]));
      return loadConfig({ file: name, env: {}, flags: {} });
    };
    const told = load(file, true);
    expect(told).toMatchObject({ kind: 'valid' });
    expect(told).toEqual(load(file, false));
  });

  test('and the page name every variable and flag', () => {
    const known = [...SOURCES.flatMap(({ variable, option }) => [variable, option]), 'SAPGW_CONFIG', 'SAPGW_SECRET'];
    expect(known.filter((name) => !REFERENCE.includes(`\`${name}\``) && !REFERENCE.includes(`\`${name}=`))).toEqual([]);
    const named = [...new Set(`${REFERENCE}${README}`.match(/SAPGW_[A-Z_]+/g))];
    expect(named.filter((name) => !known.includes(name) && name !== 'SAPGW_HANDSET_PASSWORD')).toEqual([]);
  });
});

/** Keys with dots as nested mappings; values stand as they are written. */
function yamlOf(settings: readonly (readonly [string, string])[]): string {
  const tree: Record<string, unknown> = {};
  for (const [key, value] of settings) {
    const steps = key.split('.');
    const last = steps.pop() ?? '';
    let node = tree;
    for (const step of steps) {
      const next = (node[step] ?? {}) as Record<string, unknown>;
      node[step] = next;
      node = next;
    }
    node[last] = value;
  }
  const flow = (value: unknown): string =>
    typeof value === 'object' && value !== null
      ? `{ ${Object.entries(value)
          .map(([key, one]) => `${key}: ${flow(one)}`)
          .join(', ')} }`
      : /^(\[|true$|false$)/.test(String(value))
        ? String(value)
        : JSON.stringify(value);
  return Object.entries(tree)
    .map(([key, value]) => `${key}: ${flow(value)}\n`)
    .join('');
}

test('the table of metrics has every metric, its labels and no other', async () => {
  const rows = table(REFERENCE, 'Metrics').map(([name, labels]) => [quoted(name)[0], quoted(labels).join(',')]);
  const source = read('gateway/admin/metrics.ts');
  const { text } = await openMetrics().scrape();
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
  expect(rows.map(([name]) => name).toSorted()).toEqual(names.toSorted());
  for (const [name = '', labels] of rows) {
    const made = source.slice(source.indexOf(`'${name}'`), source.indexOf(';', source.indexOf(`'${name}'`)));
    const texts = [
      ...made.matchAll(
        /'((?:vasp|state|bearer|outcome|policy|primitive|encoding|kind|result|effect|page|layer|reason|op|memory|header|listener))'/g,
      ),
    ];
    expect([name, texts.map(([, label]) => label).join(',')]).toEqual([name, labels]);
  }
});

test('the table of the log has every event and no other', () => {
  const named = table(REFERENCE, 'Log').flatMap(([events]) => quoted(events));
  const sources = readdirSync(join(ROOT, 'gateway'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.startsWith('sandbox'))
    .map((path) => read(join('gateway', path)))
    .join('\n');
  const written = [
    ...sources.matchAll(/\blog\.(?:info|warn|error)\(\s*'([^']+)'/g),
    ...sources.matchAll(/\blog\.info\(failed \? '([^']+)' : '([^']+)'/g),
    ...sources.matchAll(/\btrouble\('([^']+)'/g),
    ...sources.matchAll(/\bforEach\('([^']+)'/g),
  ].flatMap(([, ...events]) => events.filter((event) => event !== undefined));
  expect([...new Set(named)].toSorted()).toEqual([...new Set(written)].toSorted());
  // An event whose name is made elsewhere would not be found above.
  const calls = sources.match(/\blog\.(?:info|warn|error)\((?!\s*'|failed|what,|warning|trouble)/g) ?? [];
  expect(calls).toEqual([]);
});

describe('the table of the admin API', () => {
  let gateway: RunningGateway | undefined;
  afterAll(() => gateway?.stop());

  test('has every call, and says which need the token', async () => {
    gateway = await start(testConfig());
    const url = `http://127.0.0.1:${gateway.admin.port}`;
    const rows = table(REFERENCE, 'Admin API').map(
      ([call, token]) => [quoted(call)[0] ?? '', token === 'yes'] as const,
    );
    const missing = (await (await fetch(`${url}/api/v1/none`)).json()) as { error: { message: string } };
    const calls = [...missing.error.message.matchAll(/(?:GET|POST) \/[A-Za-z0-9/-]+/g)].map(([call]) => call);
    expect(rows.map(([call]) => call).toSorted()).toEqual(calls.toSorted());
    for (const [call, needsToken] of rows) {
      const [method = '', path = ''] = call.split(' ');
      const { status } = await fetch(`${url}${path}`, { method });
      // No token is configured here: what needs one is refused for that.
      expect([call, status]).toEqual([call, needsToken ? 403 : 200]);
    }
  });
});

function programOf(): Command {
  const program = new Command('sapgw');
  for (const add of [registerServe, registerSandbox, registerHandset, registerPolicy, registerConvert]) add(program);
  registerAudit(program);
  registerUser(program);
  registerVasp(program);
  registerMessage(program);
  registerMailbox(program);
  registerWorkers(program);
  registerStore(program);
  registerNodes(program);
  registerKeys(program);
  return program.addCommand(configCommand());
}

const PROGRAM = programOf();
const runnable = (command: Command, path: string): (readonly [string, Command])[] =>
  command.commands.length === 0
    ? [[path, command]]
    : command.commands.flatMap((one) => runnable(one, `${path} ${one.name()}`));
const COMMANDS = runnable(PROGRAM, 'sapgw');

describe('commands', () => {
  test('are those of the program', () => {
    const source = read('gateway/cli/sapgw.ts');
    const families = [...source.matchAll(/commands: \[([^\]]+)\]/g)].flatMap(
      ([, names = '']) => names.match(/\w+/g) ?? [],
    );
    expect(PROGRAM.commands.map((one) => one.name()).toSorted()).toEqual(families.toSorted());
  });

  test('stand all in the table of the README', () => {
    const rows = table(README, 'Command line').flatMap(([command]) => quoted(command));
    expect(rows.toSorted()).toEqual(COMMANDS.map(([path]) => path).toSorted());
  });

  test.each(COMMANDS)(
    '%s says what it does, what each option is, and shows an example that it takes',
    (path, command) => {
      let help = '';
      command.configureOutput({ writeOut: (text) => (help += text) });
      command.outputHelp();
      expect(command.description()).toMatch(/\w{4}/);
      for (const option of command.options)
        expect([option.flags, option.description]).toEqual([option.flags, expect.stringMatching(/\w{4}/)]);
      const [, examples = ''] = /\nExamples?:\n([\s\S]+)$/.exec(help) ?? [];
      const lines = examples
        .trim()
        .split('\n')
        .map((line) => line.trim());
      expect(lines[0]).toContain(path);
      for (const line of lines) expect([line, wrongIn(line)]).toEqual([line, []]);
    },
  );

  test('the help of the whole tells the exit statuses', () => {
    expect(read('gateway/cli/sapgw.ts')).toMatch(/Exit status:\n {2}0 {2}done\n {2}1 {2}.*\n {2}2 {2}wrong use/);
  });
});

/** What of the `sapgw` calls in a line the program would not take. */
function wrongIn(line: string): string[] {
  return line
    .replace(/\s+#.*$/, '')
    .split(/\s\|\s/)
    .map((part) => part.trim().replace(/^(\$ )?(npx )?/, ''))
    .filter((part) => part.startsWith('sapgw '))
    .flatMap((part) => {
      const words = (part.replace(/\s+>.*$/, '').match(/"[^"]*"|'[^']*'|\S+/g) ?? []).slice(1);
      let command = PROGRAM;
      while (command.commands.length > 0 && words.length > 0) {
        const next = command.commands.find((one) => one.name() === words[0]);
        if (next === undefined) return [`${part}: no command ${words[0]}`];
        command = next;
        words.shift();
      }
      const flags = words.filter((word) => word.startsWith('-') && word !== '-' && word !== '--help');
      const known = command.options.flatMap(({ long, short }) => [long, short]);
      return flags.filter((flag) => !known.includes(flag)).map((flag) => `${part}: no option ${flag}`);
    });
}

test.each(['README.md', 'gateway/README.md', 'policies/README.md'])('every command line on %s is one', (path) => {
  const page = read(path);
  const blocks = page.split(/^```/m).filter((_, index) => index % 2 === 1);
  const lines = [...blocks.flatMap((block) => block.split('\n')), ...page.split(/^```[\s\S]*?^```/m).flatMap(quoted)];
  const calls = lines.filter((line) => /^(\$ )?(npx )?sapgw /.test(line));
  expect([path, calls.length > 2]).toEqual([path, true]);
  expect(calls.flatMap(wrongIn)).toEqual([]);
});
