/**
 * How single values of the configuration are written and read: addresses, URLs, stores, times, sizes, globs. Each is a
 * schema that says in one sentence what would be right. A value may come from YAML, the environment or a flag, so
 * numbers and switches are understood as text too.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import type { Address } from '../config.ts';
import { parseRedisAddress, REDIS_FORM } from '../stores/redis/address.ts';
import { DURATION_FORM, parseDuration, parseSize, SIZE_FORM } from '../yaml/durations.ts';

/** A value written as a text or a number, read by `read`; `form` tells what is right. */
function written<T>(form: string, read: (text: string) => T | undefined) {
  return z
    .unknown()
    .transform((value, context): T => {
      const text = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
      const result = text === undefined ? undefined : read(text);
      if (result !== undefined) return result;
      context.addIssue({ code: 'custom' });
      return z.NEVER;
    })
    .describe(form);
}

export const ADDRESS_FORM = 'an address such as 127.0.0.1:8080 or [::1]:8080';

export const address = () => written(ADDRESS_FORM, readAddress);

export const url = () =>
  written('a URL such as http://10.0.0.5:80/imps, without user, query and fragment', (text) => {
    if (!URL.canParse(text) || /[?#\s]/.test(text)) return undefined;
    const parsed = new URL(text);
    if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') return undefined;
    if (parsed.username !== '' || parsed.password !== '' || parsed.hostname === '') return undefined;
    return (parsed.origin + parsed.pathname).replace(/\/+$/, '');
  });

export const smppUrl = () =>
  written('a URL such as smpp://10.0.0.5:2775 or smpps://smsc.operator.example:3550, host and port alone', (text) => {
    if (!/^smpps?:\/\/[^/?#@\s]+$/i.test(text) || !URL.canParse(text)) return undefined;
    const { protocol, host, port } = new URL(text);
    return port === '' || port === '0' ? undefined : `${protocol}//${host.toLowerCase()}`;
  });

/** Who a text message comes from. In quotes where it is a number, because YAML would take its plus and zeros away. */
export const senderAddress = () =>
  z
    .string()
    .regex(/^(?:\+?\d{1,15}|[A-Za-z0-9](?:[A-Za-z0-9 ]{0,9}[A-Za-z0-9])?)$/)
    .describe(
      'a number of at most 15 digits, with a plus where it is international, or 1 to 11 letters, digits and blanks',
    );

/** Of an SMPP bind. */
export const systemType = () =>
  z
    .string()
    .regex(/^[!-~]{1,12}$/)
    .describe('1 to 12 characters of ASCII without blanks');

/** Milliseconds within `least` and `most`. */
export const duration = (least: string, most: string) =>
  written(`${DURATION_FORM}, from ${least} to ${most}`, (text) =>
    within(parseDuration(text), limit(parseDuration, least), limit(parseDuration, most)),
  );

/** Bytes within `least` and `most`. */
export const size = (least: string, most: string) =>
  written(`${SIZE_FORM}, from ${least} to ${most}`, (text) =>
    within(parseSize(text), limit(parseSize, least), limit(parseSize, most)),
  );

export const count = (least: number, most: number) =>
  written(`a whole number from ${least} to ${most}`, (text) =>
    within(/^\d{1,15}$/.test(text) ? Number(text) : undefined, least, most),
  );

export const workerCount = () =>
  written('a number of processes from 1 to 256, or auto', (text) =>
    text === 'auto' ? text : within(/^\d{1,3}$/.test(text) ? Number(text) : undefined, 1, 256),
  );

export const store = () =>
  written(`memory:, lmdb:DIRECTORY, ${REDIS_FORM}`, (text) => {
    if (text === 'memory:') return { kind: 'memory' } as const;
    if (text.startsWith('lmdb:') && text.length > 5) return { kind: 'lmdb', directory: text.slice(5) } as const;
    const address = parseRedisAddress(text);
    return address === undefined ? undefined : ({ kind: 'redis', address } as const);
  });

export const file = () => written('the path of a file', (text) => (text.trim() === '' ? undefined : text));

export const pathPrefix = () =>
  written('a path that begins with /, without query', (text) => {
    if (!/^\/[^?#\s*]*$/.test(text)) return undefined;
    return text.length > 1 ? text.replace(/\/+$/, '') : text;
  });

export const pathGlob = () =>
  written('a path that begins with /, with * for any text', (text) => (/^\/[^?#\s]*$/.test(text) ? text : undefined));

export const hostName = () =>
  written('a host name without port, such as im.operator.example or *.operator.example', (text) =>
    /^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text) || /^\[[0-9a-f:.]+\]$/i.test(text)
      ? text.toLowerCase()
      : undefined,
  );

export const language = () =>
  written('a language tag such as en or pt-BR', (text) =>
    /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(text) ? text : undefined,
  );

/** Of a VASP or bearer: it becomes a label of metrics. */
export const name = () =>
  z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
    .describe('a name of letters, digits, dots, dashes and underscores, at most 64, beginning with a letter or digit');

export const userId = () =>
  written('a user id such as wv:service@im.operator.example', (text) =>
    /^wv:[^\s/]+$/i.test(text) && text.length <= 200 ? text : undefined,
  );

/** Where requests come from: one address, or all that begin as it does. */
export const network = () =>
  written('an address or a network such as 10.0.0.0/8 or ::1', (text) => {
    const [address = '', bits, ...more] = text.split('/');
    const most = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : undefined;
    if (most === undefined || more.length > 0 || address.includes('%')) return undefined;
    return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most) ? text.toLowerCase() : undefined;
  });

/** Of a header that may be removed: none that a message cannot be read without. */
export const numberHeader = () =>
  written('the name of a header such as X-MSISDN: letters, digits and hyphens', (text) =>
    /^[A-Za-z0-9-]{1,64}$/.test(text) && !/^(host|connection|content-.*|transfer-encoding|expect|via)$/i.test(text)
      ? text
      : undefined,
  );

function readAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || !(port <= 65_535) ? undefined : { host, port };
}

function within(value: number | undefined, least: number, most: number): number | undefined {
  return value !== undefined && value >= least && value <= most ? value : undefined;
}

/** A bound written in this program; a slip in it must not pass for "no bound". */
function limit(parse: (text: string) => number | undefined, text: string): number {
  const value = parse(text);
  if (value === undefined) throw new RangeError(`${text} is no bound`);
  return value;
}
