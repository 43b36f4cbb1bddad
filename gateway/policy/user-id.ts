/**
 * A user id in the forms that a policy may name it by. VASPs take `alice`, `wv:alice`, `WV:Alice@im.example` and
 * `wv:%61lice@im.example` for one user, so a policy that sees only one spelling would be walked around by choosing another.
 */

export interface UserId {
  /** Lower case, percent-decoded, without `wv:`. */
  readonly bare: string;
  /** Before the `@`. */
  readonly name: string;
  /** After the last `@`; empty when the id has none and the VASP fills it in. */
  readonly domain: string;
}

export function readUserId(userId: string): UserId {
  const lower = percentDecoded(userId.trim()).toLowerCase();
  const bare = lower.startsWith('wv:') ? lower.slice(3) : lower;
  const at = bare.lastIndexOf('@');
  return at === -1 ? { bare, name: bare, domain: '' } : { bare, name: bare.slice(0, at), domain: bare.slice(at + 1) };
}

/** A user id without a domain is one of the domain of whoever wrote it. */
export function inDomainOf(writer: string, written: string): string {
  const { domain } = readUserId(writer);
  return domain === '' || readUserId(written).domain !== '' ? written : `${written.trim()}@${domain}`;
}

/** Whether two ids may name one user: a domain that one of them lacks is filled in by the VASP. */
export function mayBeSameUser(one: UserId, other: UserId): boolean {
  return one.name === other.name && (one.domain === other.domain || one.domain === '' || other.domain === '');
}

/** Only whole, printable ASCII escapes are decoded; anything else stays as it stands. */
function percentDecoded(text: string): string {
  return text.replace(/%([2-7][0-9a-f])/gi, (whole, digits: string) => {
    const code = Number.parseInt(digits, 16);
    return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : whole;
  });
}
