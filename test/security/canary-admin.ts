/** Everything that the admin listener can be asked, with canaries in addresses, tokens and bodies. */
import { expect } from '@jest/globals';
import { CANARIES, type Canary } from './canaries.ts';
import { MSISDN, userOf } from './canary-messages.ts';

/** @param kept keeps an answer, to be searched for all canaries but those that it may hold; gives its body */
export async function administration(
  adminUrl: string,
  senseless: Readonly<Record<string, string>>,
  kept: (what: string, response: Response, may: readonly Canary[]) => Promise<Buffer>,
): Promise<void> {
  const { address, apiBody, adminToken, wrongToken } = CANARIES;
  const call = async (
    path: string,
    more: { method?: string; token?: string; body?: string },
    may: readonly Canary[],
  ) => {
    const { method = 'GET', token = adminToken, body } = more;
    const headers = { ...senseless, authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(`${adminUrl}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    return kept(`${method} ${path}`, response, may);
  };
  for (const path of ['/metrics', '/status', '/status.json', '/readyz', `/${address}`]) await call(path, {}, []);
  for (const path of [
    'policies',
    'policies/history',
    'policies/ask-again',
    'negotiations',
    'sessions',
    'audit',
    'audit/head',
  ]) {
    await call(`/api/v1/${path}`, {}, []);
    await call(`/api/v1/${path}?${address}=${address}`, {}, []);
  }
  // Whoever asks for what is not there is told so by its name.
  await call(`/api/v1/${address}`, {}, ['address']);
  await call('/api/v1/audit', { token: wrongToken }, []);
  await call('/api/v1/users/forget', { method: 'POST', token: wrongToken, body: apiBody }, []);
  for (const path of ['users/export', 'users/forget', 'policies/ask-again']) {
    const post = (body: string, may: readonly Canary[]) => call(`/api/v1/${path}`, { method: 'POST', body }, may);
    for (const user of [userOf('plain'), MSISDN]) {
      const answer = await post(JSON.stringify({ user }), ['user', 'msisdn']);
      expect(JSON.parse(answer.toString())).not.toHaveProperty('error');
    }
    await post(`{"user": "${apiBody}`, ['apiBody']);
    await post(JSON.stringify({ user: userOf('plain'), vasp: apiBody }), ['apiBody', 'user']);
    await post(JSON.stringify({ user: userOf('plain'), [apiBody]: apiBody }), ['apiBody', 'user']);
    await post(JSON.stringify({ user: userOf('plain'), policy: apiBody }), ['apiBody', 'user']);
  }
}
