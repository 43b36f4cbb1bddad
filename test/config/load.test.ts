/** Proves that a configuration is read as the operations contract writes it, and that every problem is told at its place. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type ConfigResult, loadConfig } from '../../gateway/config/load.ts';
import { configPrint, writtenForm } from '../../gateway/config/print.ts';
import type { ConfigFlags, Environment } from '../../gateway/config/sources.ts';
import type { Config } from '../../gateway/config.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sapgw-config-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function load(text: string, env: Environment = {}, flags: ConfigFlags = {}): ConfigResult {
  const file = join(directory, 'gateway.yaml');
  writeFileSync(file, text);
  return loadConfig({ file, env, flags });
}

/** The problems, the directory taken off. */
function problems(text: string, env: Environment = {}, flags: ConfigFlags = {}): string[] {
  const result = load(text, env, flags);
  if (result.kind === 'valid') throw new Error('the configuration was accepted');
  return result.problems.map((line) => line.replace(`${directory}/`, ''));
}

function valid(result: ConfigResult): Config {
  if (result.kind === 'invalid') throw new Error(result.problems.join('\n'));
  return result.config;
}

const FULL = `
listen: 0.0.0.0:8080
admin: 127.0.0.1:8081
policies: ./policies
store: lmdb:./data
secretFile: ./secret
workers: 1
publicUrl: https://im.operator.example
vasps:
  friendly-im:
    url: http://10.0.0.5:80/imps
    paths: ["/imps"]
    hosts: [IM.operator.example]
    language: de
    encoding: same
    passThrough: ["/content/*"]
    timeout: 15s
  other:
    url: http://10.0.0.6
    connections: 12
    encoding: wbxml
    replaceTransactionIds: false
    cirHosts: [CIR.example]
clients:
  - { client: "http://*/OLDAPP", systemMessages: false }
askingCode: 405
serviceContact: wv:service@im.operator.example
webhooks: { allow: ["https://CRM.example:443/hooks/", "http://10.0.0.9"], keyFile: ./webhook-key }
bearers:
  sms: { kind: kannel, url: http://smsc/cgi-bin/sendsms, userFile: ./kannel-user, passwordFile: ./kannel-password }
  smsc: { kind: smpp, url: SMPPS://SMSC.example:3550, userFile: u, passwordFile: /p, from: "+358501", systemType: IM }
  hook: { kind: webhook, url: https://crm.example/waiting, keyFile: ./hook-key }
subscribers: { file: ./subscribers.txt }
audit: { keep: 3650d }
limits: { body: 64KiB, connections: 5, sessionGrace: 1m }
log: { level: debug, access: true }
`;

describe('a valid configuration', () => {
  test('CIR: what is listened on, and what clients are told', () => {
    const { cir, limits } = valid(
      load('cir: { tcp: 0.0.0.0:8082, udp: 10.0.0.1:3717, advertise: im.example, blindInterval: 2m }'),
    );
    expect(cir).toEqual({
      tcp: { host: '0.0.0.0', port: 8082 },
      udp: { host: '10.0.0.1', port: 3717 },
      advertise: 'im.example',
      blindIntervalMillis: 120_000,
    });
    expect(limits.cirConnections).toBe(20_000);
  });

  test('everything that this version serves', () => {
    const config = valid(load(FULL));
    expect(config).toMatchObject({
      listen: { host: '0.0.0.0', port: 8080 },
      policies: join(directory, 'policies'),
      store: { kind: 'lmdb', directory: join(directory, 'data') },
      secret: { kind: 'file', path: join(directory, 'secret') },
      publicUrl: 'https://im.operator.example',
      useSandbox: false,
      clients: [{ client: 'http://*/OLDAPP', systemMessages: false }],
      askingCode: 405,
      audit: { keepMillis: 3650 * 86_400_000 },
      serviceContact: 'wv:service@im.operator.example',
      webhooks: {
        allow: ['https://crm.example/hooks', 'http://10.0.0.9'],
        keyFile: join(directory, 'webhook-key'),
      },
      subscribersFile: join(directory, 'subscribers.txt'),
      log: { level: 'debug', access: true },
    });
    expect([...config.bearers]).toEqual([
      [
        'sms',
        {
          kind: 'kannel',
          url: 'http://smsc/cgi-bin/sendsms',
          userFile: join(directory, 'kannel-user'),
          passwordFile: join(directory, 'kannel-password'),
          from: undefined,
        },
      ],
      [
        'smsc',
        {
          kind: 'smpp',
          url: 'smpps://smsc.example:3550',
          userFile: join(directory, 'u'),
          passwordFile: '/p',
          from: '+358501',
          systemType: 'IM',
        },
      ],
      ['hook', { kind: 'webhook', url: 'https://crm.example/waiting', keyFile: join(directory, 'hook-key') }],
    ]);
    expect(config.limits).toMatchObject({ bodyBytes: 65_536, connections: 5, headers: 64, sessionGraceMillis: 60_000 });
    expect(config.vasps).toEqual([
      {
        name: 'friendly-im',
        url: 'http://10.0.0.5/imps',
        paths: ['/imps'],
        hosts: ['im.operator.example'],
        language: 'de',
        encoding: 'same',
        passThrough: ['/content/*'],
        timeoutMillis: 15_000,
        connections: 256,
        waiting: 1024,
        replaceTransactionIds: true,
        cirHosts: [],
        cirConnections: 20_000,
      },
      expect.objectContaining({
        name: 'other',
        paths: ['/'],
        hosts: [],
        connections: 12,
        encoding: 'wbxml',
        replaceTransactionIds: false,
        cirHosts: ['cir.example'],
        cirConnections: 20_000,
      }),
    ]);
  });

  test('nothing at all: the embedded defaults', () => {
    const config = valid(loadConfig({ env: {}, flags: {} }));
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 8080 },
      admin: { host: '127.0.0.1', port: 8081 },
      policies: join(process.cwd(), 'policies'),
      store: { kind: 'lmdb', directory: join(process.cwd(), 'data') },
      secret: { kind: 'file', path: join(process.cwd(), 'secret') },
      workers: 1,
      vasps: [],
      useSandbox: true,
      askingCode: 403,
      audit: { keepMillis: undefined },
      limits: { bodyBytes: 524_288, connections: 20_000, sessionGraceMillis: 900_000 },
      log: { level: 'info', access: false },
    });
  });

  test.each(['', '# nothing\n', 'limits:\nvasps:\nlisten:\n'])('empty file %j: the defaults', (text) => {
    expect(valid(load(text))).toMatchObject({ useSandbox: true, listen: { port: 8080 } });
  });

  test('flags override the environment, which overrides the file', () => {
    const env = { SAPGW_LISTEN: '[::1]:2', SAPGW_STORE: 'lmdb:there', SAPGW_ADMIN: '', SAPGW_LOG_LEVEL: 'warn' };
    const config = valid(
      load('listen: 127.0.0.1:1\nadmin: {listen: "127.0.0.1:4", tokenFile: t}\nlog: {access: true}', env, {
        listen: '127.0.0.1:3',
      }),
    );
    expect(config.listen).toEqual({ host: '127.0.0.1', port: 3 });
    expect(config.admin).toEqual({ host: '127.0.0.1', port: 4 });
    expect(config.adminTokenFile).toBe(join(directory, 't'));
    expect(config.store).toEqual({ kind: 'lmdb', directory: join(process.cwd(), 'there') });
    expect(config.log).toEqual({ level: 'warn', access: true });
  });

  test('SAPGW_UPSTREAM makes the one VASP of every path', () => {
    const config = valid(load(FULL, { SAPGW_UPSTREAM: 'http://127.0.0.1:9/x/' }));
    expect(config.vasps.map(({ name, url, paths }) => ({ name, url, paths }))).toEqual([
      { name: 'default', url: 'http://127.0.0.1:9/x', paths: ['/'] },
    ]);
    expect(config.useSandbox).toBe(false);
  });

  test('SAPGW_SECRET is stronger than a file, a flag stronger than both', () => {
    const env = { SAPGW_SECRET: 'k'.repeat(32) };
    expect(valid(load('', env)).secret).toEqual({ kind: 'keys', text: 'k'.repeat(32) });
    expect(valid(load('', env, { secretFile: '/x' })).secret).toEqual({ kind: 'file', path: '/x' });
  });

  test('variables that a container platform sets do not matter', () => {
    expect(
      load('', { SAPGW_PORT: 'tcp://10.0.0.1:80', SAPGW_SERVICE_HOST: '10.0.0.1', SAPGW_PORT_8080_TCP: 'x' }).kind,
    ).toBe('valid');
  });
});

describe('problems', () => {
  test('all at once, each at its place', () => {
    const text = `lisen: 127.0.0.1:1
admin: nowhere
vasps:
  a b:
    url: http://x
  ok:
    paths: [imps]
    timout: 2
    language: "!"
    timeout: 15
limits: { body: big, connections: 0 }
log: { level: inf }
clients:
  - { systemMessages: maybe }
`;
    expect(problems(text, { SAPGW_STORE: 'disk', SAPGW_LISTN: 'x' }, { workers: '0' })).toEqual([
      'gateway.yaml:1:1: lisen: unknown key "lisen"; did you mean "listen"?',
      'gateway.yaml:2:8: admin: must be an address such as 127.0.0.1:8080 or [::1]:8080, not "nowhere"',
      'gateway.yaml:4:3: vasps["a b"]: must be a name of letters, digits, dots, dashes and underscores, at most 64, beginning with a letter or digit',
      'gateway.yaml:6:3: vasps.ok.url: missing; must be a URL such as http://10.0.0.5:80/imps, without user, query and fragment',
      'gateway.yaml:7:13: vasps.ok.paths[0]: must be a path that begins with /, without query, not "imps"',
      'gateway.yaml:8:5: vasps.ok.timout: unknown key "timout"; did you mean "timeout"?',
      'gateway.yaml:9:15: vasps.ok.language: must be a language tag such as en or pt-BR, not "!"',
      'gateway.yaml:10:14: vasps.ok.timeout: must be a time such as 250ms, 15s, 2m, 12h or 30d, from 100ms to 10m, not 15',
      'gateway.yaml:11:17: limits.body: must be a size such as 512KiB, 4MiB or a number of bytes, from 1KiB to 16MiB, not "big"',
      'gateway.yaml:11:35: limits.connections: must be a whole number from 1 to 10000000, not 0',
      'gateway.yaml:12:15: log.level: must be trace, debug, info, warn, error or silent, not "inf"; did you mean "info"?',
      'gateway.yaml:14:5: clients[0].client: missing; must be a client id, with * for any text',
      'gateway.yaml:14:23: clients[0].systemMessages: must be true or false, not "maybe"',
      'SAPGW_LISTN: unknown variable; did you mean "SAPGW_LISTEN"?',
      'SAPGW_STORE: must be memory:, lmdb:DIRECTORY, redis://HOST:PORT/DB, redis-sentinel://HOST:PORT,HOST:PORT/NAME or redis-cluster://HOST:PORT,HOST:PORT, not "disk"',
      '--workers: must be a number of processes from 1 to 256, or auto, not "0"',
    ]);
  });

  test.each([
    ['tls: { cert: a }', ['gateway.yaml:1:1: tls.key: missing; must be the path of a file']],
    // What is wrong in it is not shown: it may be a password.
    [
      'store: redis://:secret@127.0.0.1:6379/0?prefx=a',
      [
        'gateway.yaml:1:8: store: must be memory:, lmdb:DIRECTORY, redis://HOST:PORT/DB, redis-sentinel://HOST:PORT,HOST:PORT/NAME or redis-cluster://HOST:PORT,HOST:PORT',
      ],
    ],
    ['onStoreLoss: forward', ['gateway.yaml:1:14: onStoreLoss: must be ask or deny, not "forward"']],
    [
      'store: "memory:"\nworkers: 2',
      [
        'gateway.yaml:1:8: store: memory: is of one process, and there are several workers; write store: lmdb:DIRECTORY, or workers: 1',
      ],
    ],
    [
      'cir: { tcp: 0.0.0.0:8082 }',
      [
        'gateway.yaml:1:13: cir.tcp: listens on every address and does not say which one clients are told; put advertise: HOST beside it',
      ],
    ],
    [
      'webhooks: { allow: [https://crm.example/hooks] }',
      ['gateway.yaml:1:13: webhooks.allow: calls are signed, and there is no key; put keyFile: FILE beside it'],
    ],
    [
      'webhooks: { allow: ["https://crm.example/hooks?x=1"], keyFile: k }',
      [
        'gateway.yaml:1:21: webhooks.allow[0]: must be a URL such as http://10.0.0.5:80/imps, without user, query and fragment, not "https://crm.example/hooks?x=1"',
      ],
    ],
    [
      'limits: { systemMessagesPerUser: 0 }',
      ['gateway.yaml:1:34: limits.systemMessagesPerUser: must be a whole number from 1 to 1000, not 0'],
    ],
    [
      'bearers: { sms: { kind: kannel, url: x } }',
      [
        'gateway.yaml:1:12: bearers.sms.passwordFile: missing; must be the path of a file',
        'gateway.yaml:1:12: bearers.sms.userFile: missing; must be the path of a file',
        'gateway.yaml:1:38: bearers.sms.url: must be a URL such as http://10.0.0.5:80/imps, without user, query and fragment, not "x"',
      ],
    ],
    [
      'bearers: { sms: { kind: kanel, url: http://x } }',
      ['gateway.yaml:1:25: bearers.sms.kind: must be kannel, smpp or webhook, not "kanel"; did you mean "kannel"?'],
    ],
    [
      'bearers: { sms: { url: http://x } }',
      ['gateway.yaml:1:12: bearers.sms.kind: missing; must be kannel, smpp or webhook'],
    ],
    [
      'bearers: { hook: { kind: webhook, url: http://x, keyFile: k, userFile: u } }',
      ['gateway.yaml:1:62: bearers.hook.userFile: unknown key "userFile"; known here: keyFile, kind, url'],
    ],
    [
      'bearers: { sms: { kind: smpp, url: "smpp://me:word@smsc:2775", userFile: u, passwordFile: p, from: +358501 } }',
      [
        'gateway.yaml:1:36: bearers.sms.url: must be a URL such as smpp://10.0.0.5:2775 or smpps://smsc.operator.example:3550, host and port alone',
        'gateway.yaml:1:100: bearers.sms.from: without quotes this is read as a number; did you mean "+358501"?',
      ],
    ],
    [
      'bearers: { "a b": 1 }',
      [
        'gateway.yaml:1:12: bearers["a b"]: must be a name of letters, digits, dots, dashes and underscores, at most 64, beginning with a letter or digit',
      ],
    ],
    ['subscribers: { url: http://x }', ['gateway.yaml:1:16: subscribers.url: not served by this version yet']],
    [
      'vasps: { a: { url: http://x, encoding: json } }',
      ['gateway.yaml:1:40: vasps.a.encoding: must be same, xml or wbxml, not "json"'],
    ],
    ['cir: { tpc: 1 }', ['gateway.yaml:1:8: cir.tpc: unknown key "tpc"; did you mean "tcp"?']],
    [
      'subscribers: { fiel: x }',
      [
        'gateway.yaml:1:1: subscribers.file: missing; must be the path of a file',
        'gateway.yaml:1:16: subscribers.fiel: unknown key "fiel"; did you mean "file"?',
      ],
    ],
    [
      'subscribers: everybody',
      ['gateway.yaml:1:14: subscribers: must be { file: PATH } or { url: URL }, not "everybody"'],
    ],
    ['admin: { token: x }', ['gateway.yaml:1:10: admin.token: unknown key "token"; known here: listen, tokenFile']],
    [
      'vasps: [a]',
      ['gateway.yaml:1:8: vasps: must be VASPs by name, such as { friendly-im: { url: URL } }, not a list of 1'],
    ],
    [
      'vasps: { a: { url: "http://user:pass@x" } }',
      [
        'gateway.yaml:1:20: vasps.a.url: must be a URL such as http://10.0.0.5:80/imps, without user, query and fragment',
      ],
    ],
    ['- a\n- b\n', ['gateway.yaml:1:1: must be a mapping of keys to values, not a list of 2']],
    ['listen: 127.0.0.1:1\nlisten: 127.0.0.1:2', ['gateway.yaml:2:1: the key listen stands twice in one mapping']],
    [
      'vasps: { a: { url: http://x }, b: { url: http://y } }',
      ['gateway.yaml:1:32: vasps.b: takes the same requests as a (path /); give each its own paths or hosts'],
    ],
    [
      'listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\naskingCode: 200\n---\nworkers: 7',
      [
        'gateway.yaml:2:1: the key listen stands twice in one mapping',
        'gateway.yaml:3:13: askingCode: must be a whole number from 300 to 999, not 200',
        'gateway.yaml:4:1: a second document begins here; a file holds one',
      ],
    ],
    [
      'clients: [{ client: 12, systemMessages: true }]',
      ['gateway.yaml:1:21: clients[0].client: without quotes this is read as a number; did you mean "12"?'],
    ],
    ['listen: *nowhere', ['gateway.yaml:1:9: the alias *nowhere has no anchor before it']],
    [
      'audit: { keep: 12h }',
      [
        'gateway.yaml:1:16: audit.keep: must be a time such as 250ms, 15s, 2m, 12h or 30d, from 1d to 36500d, not "12h"',
      ],
    ],
    ['askingCode: 200', ['gateway.yaml:1:13: askingCode: must be a whole number from 300 to 999, not 200']],
  ])('%s', (text, expected) => {
    expect(problems(text)).toEqual(expected);
  });

  test('two VASPs with the same path and other hosts do not clash', () => {
    expect(
      load('vasps: { a: { url: http://x, hosts: [a] }, b: { url: http://y, hosts: [b] }, c: { url: http://z } }').kind,
    ).toBe('valid');
  });

  test('a file that cannot be read, and the environment with it', () => {
    const result = loadConfig({ file: '/nowhere/x.yaml', env: { SAPGW_LISTEN: 'x' }, flags: {} });
    expect(result).toEqual({
      kind: 'invalid',
      problems: [
        '/nowhere/x.yaml:1:1: cannot be read: ENOENT',
        'SAPGW_LISTEN: must be an address such as 127.0.0.1:8080 or [::1]:8080, not "x"',
      ],
    });
  });
});

describe('printing', () => {
  test('what is printed loads again as the same configuration', () => {
    const config = valid(load(FULL));
    expect(valid(load(configPrint(config)))).toEqual(config);
  });

  test('keys are not shown', () => {
    const config = valid(load('', { SAPGW_SECRET: 'canary-'.repeat(6) }));
    expect(configPrint(config) + JSON.stringify(writtenForm(config))).not.toContain('canary');
    expect(configPrint(config)).toContain('SAPGW_SECRET');
  });

  test('the password of a store is hidden, everything else of its address is shown', () => {
    const config = valid(load('store: redis://gateway:canary@redis.example/2?prefix=one\nonStoreLoss: deny'));
    expect(config).toMatchObject({ store: { address: { password: 'canary', db: 2 } }, onStoreLoss: 'deny' });
    const shown = 'redis://gateway:***@redis.example:6379/2?prefix=one';
    expect(writtenForm(config)).toMatchObject({ store: shown, onStoreLoss: 'deny' });
    expect(configPrint(config)).toContain(`store: ${shown}`);
    expect(configPrint(config)).toContain('# The password of the store is not shown.');
    expect(configPrint(config)).not.toContain('canary');
  });
});
