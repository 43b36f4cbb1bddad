/** Proves that the admin listener answers probes, scrapers and people, and refuses the rest in plain words. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { type AdminOptions, type AdminServer, type Check, createAdminServer } from '../../gateway/admin/server.ts';

let server: AdminServer | undefined;
afterEach(() => server?.close());

async function started(options: Partial<AdminOptions> = {}): Promise<string> {
  server = createAdminServer({
    ready: new Map(),
    metrics: { scrape: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'sapgw_x 1\n' }) },
    status: () => ({
      version: '1',
      sessions: 3,
      vasps: [{ name: 'a', open: 12 }, { name: 'long-name' }],
      none: [],
      limits: { body: '1KiB' },
    }),
    ...options,
  });
  const { host, port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return `http://${host}:${port}`;
}

async function get(url: string, init?: RequestInit): Promise<[number, string]> {
  const response = await fetch(url, init);
  return [response.status, await response.text()];
}

describe('the admin listener', () => {
  test('lives', async () => {
    expect(await get(`${await started()}/livez?x=1`)).toEqual([200, 'ok\n']);
  });

  test('is ready when every check is', async () => {
    const ready = new Map<string, Check>([
      ['store', () => undefined],
      ['policies', async () => undefined],
    ]);
    expect(await get(`${await started({ ready })}/readyz`)).toEqual([200, 'ready\nstore: ok\npolicies: ok\n']);
  });

  test('says why it is not ready, also when a check fails or hangs', async () => {
    const ready = new Map<string, Check>([
      ['store', () => 'read only'],
      ['policies', () => undefined],
      ['vasp', () => Promise.reject(new Error('canary'))],
      ['slow', () => new Promise<undefined>(() => {})],
    ]);
    expect(await get(`${await started({ ready, checkTimeoutMillis: 20 })}/readyz`)).toEqual([
      503,
      'not ready\nstore: read only\npolicies: ok\nvasp: the check failed\nslow: no answer within 20 ms\n',
    ]);
  });

  test('shows metrics and status', async () => {
    const base = await started();
    expect(await get(`${base}/metrics`)).toEqual([200, 'sapgw_x 1\n']);
    expect(await get(`${base}/status`)).toEqual([
      200,
      `version   1
sessions  3

vasps
  name       open
  a          12
  long-name  -

none
  none

limits
  body  1KiB
`,
    ]);
    const [statusCode, text] = await get(`${base}/status.json`);
    expect([statusCode, JSON.parse(text)]).toMatchObject([
      200,
      { version: '1', sessions: 3, vasps: [{ open: 12 }, {}] },
    ]);
  });

  test('answers HEAD without a body', async () => {
    const response = await fetch(`${await started()}/livez`, { method: 'HEAD' });
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '3', '']);
  });

  test('refuses other pages and methods', async () => {
    const base = await started();
    expect(await get(`${base}/<script>`)).toEqual([
      404,
      'There is no such page. There are /livez, /readyz, /metrics, /status, /status.json.\n',
    ]);
    const response = await fetch(`${base}/status`, { method: 'POST', body: 'x' });
    expect([response.status, response.headers.get('allow'), await response.text()]).toEqual([
      405,
      'GET, HEAD',
      'This page is only read: use GET or HEAD.\n',
    ]);
  });

  test('a page that cannot be made shows nothing of the reason', async () => {
    const status = () => {
      throw new Error('canary');
    };
    expect(await get(`${await started({ status })}/status`)).toEqual([500, 'This page could not be made.\n']);
  });

  test('an address in use is an error with its code', async () => {
    const port = Number(new URL(await started()).port);
    const second = createAdminServer({
      ready: new Map(),
      metrics: { scrape: async () => ({ contentType: '', text: '' }) },
      status: () => ({}),
    });
    await expect(second.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
