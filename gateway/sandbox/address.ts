/**
 * Addresses as the sandbox reads them [P11]: `wv:alice@sandbox`, with the scheme and the domain left out at will, and
 * `wv:alice/friends@sandbox` for a contact list. They compare without regard to case, so everything is kept by its
 * lower-case form.
 */

export interface Address {
  /** Empty for a public group. */
  readonly user: string;
  readonly resource: string | undefined;
  readonly domain: string;
}

/** Reads an address; undefined for text that is none. */
export function parseAddress(text: string, defaultDomain: string): Address | undefined {
  const match = /^(?:wv:)?([^/@\s]*)(?:\/([^@\s]+))?(?:@([^/@\s]+))?$/.exec(text.trim().toLowerCase());
  if (match === null) return undefined;
  const [, user = '', resource, domain = defaultDomain.toLowerCase()] = match;
  return user === '' && resource === undefined ? undefined : { user, resource, domain };
}

export function formatAddress({ user, resource, domain }: Address): string {
  return `wv:${user}${resource === undefined ? '' : `/${resource}`}@${domain}`;
}

/** The one spelling of a user id; undefined for text that names no user. */
export function canonicalUserId(text: string, defaultDomain: string): string | undefined {
  const address = parseAddress(text, defaultDomain);
  if (address === undefined || address.user === '' || address.resource !== undefined) return undefined;
  return formatAddress(address);
}

/** The one spelling of a contact list's id; undefined for text that names none. */
export function canonicalListId(text: string, defaultDomain: string): string | undefined {
  const address = parseAddress(text, defaultDomain);
  return address?.resource === undefined || address.user === '' ? undefined : formatAddress(address);
}
