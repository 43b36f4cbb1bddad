/**
 * The forms that come back in policy files of several kinds: ids, texts, levels, moments, durations, whom a policy
 * concerns. Descriptions say what a value must be and end up in the problems that operators read.
 */
import * as z from 'zod';
import { CSP_VERSIONS } from '../csp/versions.ts';
import { DURATION_FORM, parseDuration, parseSize, SIZE_FORM } from '../yaml/durations.ts';

export const MOST_OPTIONS = 20;
const LARGEST_VERSION = 4_294_967_295;

export const text = (what: string) => z.string().min(1).describe(what);
export const id = z
  .string()
  .regex(/^[a-z0-9-]{1,40}$/)
  .describe('1 to 40 characters of a-z, 0-9 and -');
export const texts = z
  .record(z.string(), z.string().describe('a text'))
  .describe('texts by language, such as { en: "Accept?" }');
export const levelName = text('the name of a service level');
export const moment = z.iso
  .datetime({ offset: true })
  .describe('a date and time with its zone, such as 2026-12-01T00:00:00Z');
const DAY_MILLIS = 86_400_000;
/** A duration of a second to so many days. */
export const duration = (mostDays: number) =>
  z
    .string()
    .refine((value) => {
      const millis = parseDuration(value);
      return millis !== undefined && millis >= 1_000 && millis <= mostDays * DAY_MILLIS;
    })
    .describe(`${DURATION_FORM}, from 1s to ${mostDays}d`);
/** A size from `least` to `most`. */
export const size = (least: string, most: string) =>
  z
    .union([z.string(), z.int()])
    .refine((value) => {
      const bytes = parseSize(String(value));
      return bytes !== undefined && bytes >= (parseSize(least) ?? 0) && bytes <= (parseSize(most) ?? 0);
    })
    .describe(`${SIZE_FORM}, from ${least} to ${most}`);
export const names = (one: string, many: string) =>
  z.array(text(one)).min(1).describe(`a list of ${many}, at least one`);
export const flag = z.boolean().describe('true or false');
export const version = z.int().min(1).max(LARGEST_VERSION).describe('a whole number from 1');
export const order = z.int().min(0).max(1_000_000).describe('a whole number from 0 to 1000000');

export const applies = z
  .strictObject({
    vasps: names('a name of a VASP', 'names of VASPs').optional(),
    users: names('a glob over user ids', 'globs over user ids').optional(),
    clients: names('a glob over client ids', 'globs over client ids').optional(),
    csp: z
      .array(z.enum(CSP_VERSIONS))
      .min(1)
      .describe('a list of CSP versions in quotes, such as ["1.1", "1.2"]')
      .optional(),
    from: moment.optional(),
    until: moment.optional(),
    when: z.string().describe('a condition in CEL').optional(),
  })
  .describe('conditions: vasps, users, clients, csp, from, until, when');
