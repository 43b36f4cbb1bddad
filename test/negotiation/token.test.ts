/** Proves that a token is read only as it was issued: by the same keys, for the same VASP and policy version, bit for bit. */
import { describe, expect, test } from '@jest/globals';
import {
  type Asked,
  type AskedPolicy,
  type AskedSet,
  issueToken,
  type Question,
  readToken,
  shortForm,
} from '../../gateway/negotiation/token.ts';
import { STARTS_AT, secretsOf, TEST_KEY } from '../transcripts/rig.ts';

const OTHER_KEY = 'fedcba9876543210fedcba9876543210';
const HASH_KEY = `hash:${TEST_KEY}`;
const secrets = secretsOf(TEST_KEY, HASH_KEY);
const asked: Asked = {
  vasp: 'verona',
  userKey: secrets.keyedHash('user', 'verona', 'romeo@im.example'),
  clientKey: secrets.keyedHash('client', 'http://client.example'),
  cookieKey: secrets.keyedHash('cookie', 'c-1'),
};
const policy = { id: 'aoc', version: 3 };
const others = [
  { id: 'aoc', version: 2 },
  { id: 'terms', version: 3 },
];
const SET = 'the set that it was asked under';
const questionOf = (of: AskedPolicy): Question => ({ setHash: SET, policy: of, languageIndex: 0, languageTold: false });
const inSet = (...policies: readonly AskedPolicy[]): readonly AskedSet[] => [{ hash: SET, policies }];
const token = issueToken(
  secrets,
  asked,
  { setHash: SET, policy, languageIndex: 5, languageTold: true },
  STARTS_AT + 123,
);

describe('a token', () => {
  test('is 48 characters that every client takes', () => {
    expect(token).toMatch(/^[A-Za-z0-9_-]{48}$/);
  });

  test('gives back what it was issued with', () => {
    expect(readToken(secrets, 'verona', inSet(...others, policy), token)).toEqual({
      set: { hash: SET, policies: [...others, policy] },
      policy,
      content: {
        issuedAt: STARTS_AT + 123,
        languageIndex: 5,
        languageTold: true,
        user: shortForm('user', asked.userKey),
        client: shortForm('client', asked.clientKey),
        cookie: shortForm('cookie', asked.cookieKey),
      },
    });
  });

  test('is never the same twice', () => {
    const tokens = Array.from({ length: 100 }, () => issueToken(secrets, asked, questionOf(policy), STARTS_AT));
    expect(new Set(tokens).size).toBe(100);
  });

  test('holds nothing of who was asked in the clear', () => {
    const bytes = Buffer.from(token, 'base64url').toString('latin1');
    for (const known of ['romeo', 'client.example', 'c-1', 'aoc']) expect(bytes).not.toContain(known);
  });

  test('is refused with any of its 288 bits turned', () => {
    const bytes = Buffer.from(token, 'base64url');
    expect(bytes).toHaveLength(36);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const turned = Buffer.from(bytes);
      turned.writeUInt8(turned.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(readToken(secrets, 'verona', inSet(policy, ...others), turned.toString('base64url'))).toBeUndefined();
    }
  });

  test.each([
    ['empty', ''],
    ['a character short', token.slice(1)],
    ['a character long', `${token}A`],
    ['padded', `${token}=`],
    ['in the other alphabet', `${token.slice(0, 47)}+`],
    ['between blanks', ` ${token.slice(2)} `],
  ])('is refused %s', (_name, text) => {
    expect(readToken(secrets, 'verona', inSet(policy), text)).toBeUndefined();
  });

  test('is refused at another VASP', () => {
    expect(readToken(secrets, 'mantua', inSet(policy), token)).toBeUndefined();
  });

  test.each(others)('is refused for $id version $version', (other) => {
    expect(readToken(secrets, 'verona', inSet(other), token)).toBeUndefined();
  });

  test('is refused when no policy is in force', () => {
    expect(readToken(secrets, 'verona', inSet(), token)).toBeUndefined();
  });

  test('is of the set that it was asked under, and of no other with the same policy', () => {
    const others = [{ hash: 'another set', policies: [policy] }];
    expect(readToken(secrets, 'verona', others, token)).toBeUndefined();
    expect(readToken(secrets, 'verona', [...others, ...inSet(policy)], token)?.set.hash).toBe(SET);
  });

  test('may be of what is asked while messages wait', () => {
    const set = { hash: SET, policies: others, offLineUser: [{}, { atLogin: policy }] };
    expect(readToken(secrets, 'verona', [set], token)).toMatchObject({ set: { hash: SET }, policy });
    expect(readToken(secrets, 'verona', [{ ...set, offLineUser: [{}] }], token)).toBeUndefined();
  });

  test.each([
    [0, true],
    [31, false],
  ])('says the language %d, told by the client: %s', (languageIndex, languageTold) => {
    const made = issueToken(secrets, asked, { setHash: SET, policy, languageIndex, languageTold }, STARTS_AT);
    expect(readToken(secrets, 'verona', inSet(policy), made)?.content).toMatchObject({ languageIndex, languageTold });
  });

  test('tells one user, client and cookie from another', () => {
    const other = { ...asked, userKey: secrets.keyedHash('user', 'verona', 'juliet@im.example') };
    const read = readToken(secrets, 'verona', inSet(policy), issueToken(secrets, other, questionOf(policy), STARTS_AT));
    expect(read?.content.user).toBe(shortForm('user', other.userKey));
    expect(read?.content.user).not.toBe(shortForm('user', asked.userKey));
  });
});

describe('keys', () => {
  test('a token of another key is refused', () => {
    expect(readToken(secretsOf(OTHER_KEY, HASH_KEY), 'verona', inSet(policy), token)).toBeUndefined();
  });

  test('two keys may be live: the new one signs, both are good', () => {
    const rotated = secretsOf(OTHER_KEY, TEST_KEY, HASH_KEY);
    expect(readToken(rotated, 'verona', inSet(policy), token)?.policy).toEqual(policy);
    const fresh = issueToken(rotated, asked, questionOf(policy), STARTS_AT);
    expect(readToken(rotated, 'verona', inSet(policy), fresh)?.policy).toEqual(policy);
    expect(readToken(secrets, 'verona', inSet(policy), fresh)).toBeUndefined();
  });
});
