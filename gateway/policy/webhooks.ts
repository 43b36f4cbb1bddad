/**
 * Which webhooks policies may call: those below a URL that the configuration allows. URLs are compared by their parts, so
 * that neither a longer host name nor `..` in the path leads anywhere else.
 */

/** An http or https URL without user, password and fragment; undefined for everything else. */
export function webhookUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:';
  return isHttp && url.username === '' && url.password === '' && url.hash === '' ? url : undefined;
}

/** Whether one of the prefixes stands for the URL: scheme, host and port are the same, and its path ends where a segment ends. */
export function isAllowedWebhook(text: string, prefixes: readonly string[]): boolean {
  const url = webhookUrl(text);
  if (url === undefined) return false;
  return prefixes.some((prefix) => {
    const allowed = webhookUrl(prefix);
    if (allowed === undefined || allowed.origin !== url.origin) return false;
    const path = allowed.pathname.endsWith('/') ? allowed.pathname : `${allowed.pathname}/`;
    return url.pathname.startsWith(path) || url.pathname === allowed.pathname;
  });
}
