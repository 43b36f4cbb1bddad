/**
 * Why Redis cannot be used though it is there: what its operator has to change, where waiting does not help. By the codes of
 * Redis's replies, and those with which Node ends a TLS handshake.
 */

const CREDENTIALS: readonly string[] = ['WRONGPASS', 'NOAUTH', 'NOPERM'];
const OTHER_HOST = 'ERR_TLS_CERT_ALTNAME_INVALID';
const OUT_OF_TIME: readonly string[] = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'];
/** Self-signed, or of an authority that is not known here. */
const UNTRUSTED = /^(?:DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(?:GET|VERIFY)_|CERT_|INVALID_CA$)/;

/** What is wrong and what would be right; undefined for codes that may pass by themselves. */
export function refusalOf(code: string): string | undefined {
  if (CREDENTIALS.includes(code)) return `lets nobody in with this user and password (${code})`;
  if (code === OTHER_HOST)
    return `shows a certificate for another host (${code}): write the name that it is made out to`;
  if (OUT_OF_TIME.includes(code)) return `shows a certificate outside its time (${code}): renew it`;
  if (UNTRUSTED.test(code))
    return `shows a certificate that is not trusted (${code}): NODE_EXTRA_CA_CERTS names the file of an authority of your own`;
  return undefined;
}
