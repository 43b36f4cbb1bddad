/** Who is known as whom: one user in every spelling, and another one at every VASP. */
import { describe, expect, test } from '@jest/globals';
import { userKeyOf } from '../../gateway/chain/identity.ts';
import { openSecrets } from '../../gateway/secrets.ts';

const opened = openSecrets({ kind: 'keys', text: 'k'.repeat(40) });
if (opened.kind === 'failed') throw new Error(opened.problem);
const { secrets } = opened;

const key = (userId: string, domain?: string, name = 'im'): string => userKeyOf(secrets, { name, domain }, userId);

describe('one user', () => {
  test.each(['wv:alice@im.example', 'alice@im.example', 'WV:Alice@IM.example', 'wv:%61lice@im.example'])(
    '%s',
    (spelling) => {
      expect(key(spelling)).toBe(key('wv:alice@im.example'));
      expect(key(spelling, 'im.example')).toBe(key('wv:alice@im.example'));
    },
  );

  test('without a domain, where it is known which the VASP fills in', () => {
    expect(key('wv:alice', 'im.example')).toBe(key('wv:alice@im.example'));
    expect(key('alice')).not.toBe(key('alice@im.example'));
    expect(key('alice', 'im.example')).not.toBe(key('alice', 'other.example'));
  });
});

test('somebody else at another VASP, and in another domain', () => {
  expect(key('wv:alice@im.example', undefined, 'other')).not.toBe(key('wv:alice@im.example'));
  expect(key('wv:alice@other.example', 'im.example')).not.toBe(key('wv:alice@im.example'));
});
