/** Secrets that can be found again wherever they turn up, and in whatever spelling. */

export const CANARIES = {
  /** Within user ids. */
  user: 'KanarieUser7f3a',
  msisdn: '4670555012399',
  password: 'Kanarie-Password-9c1e',
  /** Base64 as it is sent. */
  digest: 'S2FuYXJpZS1EaWdlc3QtNWIyZA==',
  nonce: 'Kanarie-Nonce-51d8',
  cookie: 'Kanarie-Cookie-c04e',
  content: 'Kanarie-Content-88aa',
  /** Typed as a word that proves reading. */
  typed: 'Kanarie-Typed-27f0',
  session: 'S-Kanarie-Session-6d19',
  header: 'Kanarie-Header-3b7c',
  httpCookie: 'Kanarie-Httpcookie-e215',
  form: 'Kanarie-Form-90ad',
  address: 'Kanarie-Address-41fb',
  /** In places of a message that name nobody: ids, names of elements, comments. */
  place: 'Kanarie-Place-d38e',
  /** What a VASP says that is no protocol. */
  nonsense: 'Kanarie-Nonsense-a7c2',
  adminToken: 'Kanarie-Admin-Token-5e0b-5e0b-5e0b-5e0b',
  wrongToken: 'Kanarie-Wrong-Token-1f94-1f94-1f94-1f94',
  apiBody: 'Kanarie-Api-Body-78d6',
  signingKey: 'Kanarie-Signing-Key-2c5d-2c5d-2c5d-2c5d',
  hashKey: 'Kanarie-Hash-Key-b6f1-b6f1-b6f1-b6f1-b6f1',
} as const;

export type Canary = keyof typeof CANARIES;
export const NAMES = Object.keys(CANARIES) as Canary[];

interface Spellings {
  /** As bytes, by Latin-1. */
  readonly exact: readonly string[];
  /** Without regard to case. */
  readonly folded: readonly string[];
}

const SPELLINGS: ReadonlyMap<Canary, Spellings> = new Map(
  NAMES.map((name) => [name, spellingsOf(CANARIES[name])] as const),
);

function spellingsOf(text: string): Spellings {
  const bytes = Buffer.from(text);
  const utf16 = Buffer.from(text, 'utf16le');
  return {
    exact: [...base64Of(bytes), ...base64Of(utf16)],
    folded: [
      text,
      encodeURIComponent(text),
      [...bytes].map((byte) => `%${byte.toString(16)}`).join(''),
      [...bytes].map((byte) => `\\u00${byte.toString(16)}`).join(''),
      [...bytes].map((byte) => `&#${byte};`).join(''),
      bytes.toString('hex'),
      [...bytes].map((byte) => byte.toString(16)).join(' '),
      [...bytes].join(','),
      utf16.toString('latin1'),
      Buffer.from(utf16).swap16().toString('latin1'),
      [...text].reverse().join(''),
    ].map((one) => one.toLowerCase()),
  };
}

/** Base64 in both alphabets, at each of the three places at which a text may begin. */
function base64Of(bytes: Buffer): readonly string[] {
  return [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // The first and the last character may hold bits of the neighbours.
    const inner = whole.slice(before === 0 ? 0 : before + 1, -1);
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

/** Which of the canaries stand in some bytes, in any spelling. */
export function canariesIn(bytes: Uint8Array | string): Canary[] {
  const text =
    typeof bytes === 'string' ? Buffer.from(bytes).toString('latin1') : Buffer.from(bytes).toString('latin1');
  const folded = text.toLowerCase();
  return NAMES.filter((name) => {
    const { exact, folded: spellings } = SPELLINGS.get(name) ?? { exact: [], folded: [] };
    return exact.some((one) => text.includes(one)) || spellings.some((one) => folded.includes(one));
  });
}

/** How often a canary stands in some bytes as it was sent. */
export function timesIn(bytes: Uint8Array, name: Canary): number {
  return Buffer.from(bytes).toString('latin1').split(CANARIES[name]).length - 1;
}
