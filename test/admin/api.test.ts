/** Proves who gets through the admin API, what is told to whoever does not, and that what it is sent has bounds. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type ApiRoute, createApi } from '../../gateway/admin/api.ts';
import { type AdminServer, createAdminServer } from '../../gateway/admin/server.ts';
import { openAdminToken } from '../../gateway/admin/token.ts';
import { temporaryFolder } from '../main/running.ts';

const TOKEN = 'a-token-that-is-long-enough-to-be-one-4711';
const JSON_TYPE = { 'content-type': 'application/json' };
const WITH_TOKEN = { authorization: `Bearer ${TOKEN}` };

const servers: AdminServer[] = [];
let logged: string[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const ROUTES: readonly ApiRoute[] = [
  { method: 'GET', path: '/api/v1/open', needsToken: false, handle: ({ query }) => ok({ x: query.get('x') }) },
  { method: 'GET', path: '/api/v1/both', needsToken: true, handle: () => ok({ read: true }) },
  { method: 'POST', path: '/api/v1/both', needsToken: true, handle: ({ body }) => ok({ body: body ?? null }) },
  {
    method: 'GET',
    path: '/api/v1/lines',
    needsToken: false,
    handle: () => ({
      statusCode: 200,
      lines: (async function* () {
        yield '1\n';
        yield '2\n';
      })(),
    }),
  },
  {
    method: 'GET',
    path: '/api/v1/broken',
    needsToken: false,
    handle: () => {
      throw new Error('canary');
    },
  },
];

const ok = (json: unknown) => ({ statusCode: 200, json }) as const;

async function started(tokenFile?: string): Promise<string> {
  logged = [];
  const log = { info: () => {}, warn: () => {}, error: (event: string) => void logged.push(event) };
  const server = createAdminServer({
    ready: new Map(),
    metrics: { scrape: async () => ({ contentType: 'text/plain', text: '' }) },
    status: () => ({}),
    api: createApi({ routes: ROUTES, token: openAdminToken(tokenFile, { monotonic: () => 0 }), log }),
  });
  servers.push(server);
  const { host, port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return `http://${host}:${port}`;
}

function fileWith(text: string): string {
  const file = join(temporaryFolder(), 'token');
  writeFileSync(file, text);
  return file;
}

interface Told {
  readonly status: number;
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly headers: Headers;
  readonly text: string;
}

async function ask(url: string, init?: RequestInit): Promise<Told> {
  const response = await fetch(url, init);
  const text = await response.text();
  const error = /^\{/.test(text)
    ? (JSON.parse(text) as { error?: { code: string; message: string } }).error
    : undefined;
  return { status: response.status, code: error?.code, message: error?.message, headers: response.headers, text };
}

const codeOf = async (url: string, init?: RequestInit): Promise<unknown[]> => {
  const { status, code } = await ask(url, init);
  return [status, code];
};

describe('the token', () => {
  test('is needed where something is changed or users are read, and nowhere else', async () => {
    const base = await started(fileWith(`${TOKEN}\n`));
    expect(await codeOf(`${base}/api/v1/open`)).toEqual([200, undefined]);
    const missing = await ask(`${base}/api/v1/both`);
    expect([missing.status, missing.code]).toEqual([401, 'token-missing']);
    expect(missing.headers.get('www-authenticate')).toBe('Bearer realm="sapgw admin"');
    expect(await codeOf(`${base}/api/v1/both`, { headers: WITH_TOKEN })).toEqual([200, undefined]);
    expect(await codeOf(`${base}/livez`)).toEqual([200, undefined]);
  });

  test('a wrong one is refused, many wrong ones at once, and the right one still gets through', async () => {
    const base = await started(fileWith(TOKEN));
    const wrong = { headers: { authorization: `Bearer ${TOKEN.slice(0, -1)}x` } };
    const answers = await Promise.all(Array.from({ length: 30 }, () => codeOf(`${base}/api/v1/both`, wrong)));
    const counts = new Map<string, number>();
    for (const answer of answers) counts.set(answer.join(' '), (counts.get(answer.join(' ')) ?? 0) + 1);
    expect(Object.fromEntries(counts)).toEqual({ '401 token-wrong': 20, '429 too-many-wrong-tokens': 10 });
    expect(await codeOf(`${base}/api/v1/both`, { headers: WITH_TOKEN })).toEqual([200, undefined]);
  });

  test('other ways to send it are told the right one', async () => {
    const base = await started(fileWith(TOKEN));
    for (const authorization of ['', TOKEN, `Basic ${TOKEN}`, 'Bearer']) {
      expect(await codeOf(`${base}/api/v1/both`, { headers: { authorization } })).toEqual([401, 'token-missing']);
    }
  });

  test('without a file nothing that needs it is done, and how to configure one is told', async () => {
    const { status, code, message } = await ask(`${await started()}/api/v1/both`, { headers: WITH_TOKEN });
    expect([status, code, message]).toEqual([403, 'token-not-configured', expect.stringContaining('tokenFile: FILE')]);
  });

  test('a file that is short, holds several words or is gone is told without what it holds', async () => {
    for (const [text, words] of [
      ['short', /fewer than 32 characters/],
      [`${TOKEN} ${TOKEN}`, /more than one word/],
    ] as const) {
      const base = await started(fileWith(text));
      const { status, code, message } = await ask(`${base}/api/v1/both`, {
        headers: { authorization: `Bearer ${text}` },
      });
      expect([status, code, message]).toEqual([403, 'token-unusable', expect.stringMatching(words)]);
      expect(message).not.toContain(text);
    }
    const base = await started(join(temporaryFolder(), 'none'));
    expect((await ask(`${base}/api/v1/both`, { headers: WITH_TOKEN })).message).toMatch(/cannot be read: ENOENT/);
  });

  test('a new one in the file counts at once', async () => {
    const file = fileWith(TOKEN);
    const base = await started(file);
    writeFileSync(file, TOKEN.toUpperCase());
    expect(await codeOf(`${base}/api/v1/both`, { headers: WITH_TOKEN })).toEqual([401, 'token-wrong']);
    const headers = { authorization: `bearer ${TOKEN.toUpperCase()}` };
    expect(await codeOf(`${base}/api/v1/both`, { headers })).toEqual([200, undefined]);
  });
});

describe('what is sent', () => {
  const sent = async (init: RequestInit, path = 'both'): Promise<Told> => {
    const base = await started(fileWith(TOKEN));
    return ask(`${base}/api/v1/${path}`, { method: 'POST', ...init, headers: { ...WITH_TOKEN, ...init.headers } });
  };

  test('a body is JSON, and says so', async () => {
    const body = '{"a":[1,"å"]}';
    expect(JSON.parse((await sent({ body, headers: JSON_TYPE })).text)).toEqual({ body: { a: [1, 'å'] } });
    expect(JSON.parse((await sent({})).text)).toEqual({ body: null });
    expect(await sent({ body })).toMatchObject({ status: 415, code: 'unsupported-media-type' });
    expect(await sent({ body: '{', headers: JSON_TYPE })).toMatchObject({ status: 400, code: 'bad-json' });
    expect(await sent({ body: Buffer.from([0x22, 0xff, 0x22]), headers: JSON_TYPE })).toMatchObject({
      code: 'bad-json',
    });
  });

  test('a body has a limit', async () => {
    const body = JSON.stringify('x'.repeat(64 * 1024));
    expect(await sent({ body, headers: JSON_TYPE })).toMatchObject({ status: 413, code: 'body-too-large' });
  });

  test('what a web page sent is refused, with the right token too', async () => {
    const headers = { origin: 'http://evil.example' };
    expect(await sent({ headers })).toMatchObject({ status: 403, code: 'cross-site' });
    expect(await sent({ method: 'GET', headers }, 'open')).toMatchObject({ status: 403, code: 'cross-site' });
  });

  test('an unknown path is told those that there are, a wrong method those that go', async () => {
    const unknown = await sent({}, 'nothing');
    expect([unknown.status, unknown.code, unknown.message]).toEqual([
      404,
      'not-found',
      expect.stringContaining('GET /api/v1/open, GET /api/v1/both, POST /api/v1/both'),
    ]);
    const wrong = await sent({ method: 'DELETE' });
    expect([wrong.status, wrong.code, wrong.headers.get('allow')]).toEqual([
      405,
      'method-not-allowed',
      'GET, HEAD, POST',
    ]);
  });
});

describe('what comes back', () => {
  test('lines as they are made, HEAD without a body, nothing of an error', async () => {
    const base = await started();
    const lines = await ask(`${base}/api/v1/lines`);
    expect([lines.text, lines.headers.get('content-type')]).toEqual(['1\n2\n', 'application/x-ndjson']);
    const head = await ask(`${base}/api/v1/open?x=1`, { method: 'HEAD' });
    expect([head.status, head.text, head.headers.get('content-length')]).toEqual([200, '', '15']);
    expect(JSON.parse((await ask(`${base}/api/v1/open?x=1`)).text)).toEqual({ x: '1' });
    const broken = await ask(`${base}/api/v1/broken`);
    expect([broken.status, broken.code, broken.text.includes('canary')]).toEqual([500, 'internal', false]);
    expect(logged).toEqual(['an admin request failed']);
  });
});
