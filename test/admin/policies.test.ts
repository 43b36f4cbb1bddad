import { expect, test } from '@jest/globals';
import { policyRoutes } from '../../gateway/admin/api-policies.ts';
import { setOf } from '../policy/sample.ts';

test('the API tells of policies for users who are away', async () => {
  const set = setOf(
    'kind: off-line-user\nid: keeps\nkeep: { messages: 5, bytes: 1KiB, for: 1d }\nstoreOn: [604]\n',
    'kind: off-line-user\nid: asks\norder: 7\nnotify: { bearer: sms, text: { en: Hi } }\natLogin: { message: { en: Hi } }\n',
  );
  const never = (): never => {
    throw new Error('not asked for');
  };
  const [status] = policyRoutes({
    control: {
      state: () => ({ set, since: 0, source: 'folder', live: [set], folder: undefined }),
      history: () => [],
      reload: never,
      rollback: never,
    },
    askAgain: never,
    wishes: never,
  });
  const answer = await status?.handle({ name: '', body: undefined, query: new URLSearchParams() });
  expect(answer).toMatchObject({
    statusCode: 200,
    json: {
      offLineUser: [
        {
          id: 'asks',
          version: 1,
          order: 7,
          keep: { messages: 100, bytes: 262_144, forMillis: 604_800_000 },
          storeOn: [533, 410],
          bearer: 'sms',
          asks: true,
        },
        {
          id: 'keeps',
          keep: { messages: 5, bytes: 1024, forMillis: 86_400_000 },
          storeOn: [604],
          bearer: null,
          asks: false,
        },
      ],
      live: [{ policies: 2 }],
    },
  });
});
