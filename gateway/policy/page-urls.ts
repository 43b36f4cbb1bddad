/** Where the gateway's web pages are that users are sent to: an address below the public URL and a question's token. */

/** Before a token: the page on which its question is answered [X21]. */
export const CONSENT_PATH = '/consent/';
/** Before a token: the page that shows the word which proves that its question was read. */
export const WORD_PATH = '/word/';

/** `publicUrl` without a trailing slash. */
export const consentUrl = (publicUrl: string, token: string): string => `${publicUrl}${CONSENT_PATH}${token}`;
export const wordUrl = (publicUrl: string, token: string): string => `${publicUrl}${WORD_PATH}${token}`;
