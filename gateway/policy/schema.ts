/**
 * The shape of every policy file, once: the types come from it, the checks of shape use it, and a JSON Schema can be
 * made of it. Descriptions say what a value must be and end up in the problems that operators read. What one key means
 * for another is checked in check-*.ts.
 */
import * as z from 'zod';
import { CSP_VERSIONS } from '../csp/versions.ts';
import { DURATION_FORM, parseDuration } from '../yaml/durations.ts';

/** The kinds of files in the format; the first two are served by this version. */
export const KINDS = ['service-levels', 'off-line-service', 'on-line-service', 'off-line-user'] as const;

const MOST_OPTIONS = 20;
const LARGEST_VERSION = 4_294_967_295;

const text = (what: string) => z.string().min(1).describe(what);
const id = z
  .string()
  .regex(/^[a-z0-9-]{1,40}$/)
  .describe('1 to 40 characters of a-z, 0-9 and -');
const texts = z
  .record(z.string(), z.string().describe('a text'))
  .describe('texts by language, such as { en: "Accept?" }');
const levelName = text('the name of a service level');
const moment = z.iso.datetime({ offset: true }).describe('a date and time with its zone, such as 2026-12-01T00:00:00Z');
const DAY_MILLIS = 86_400_000;
/** A duration of a second to so many days. */
const duration = (mostDays: number) =>
  z
    .string()
    .refine((value) => {
      const millis = parseDuration(value);
      return millis !== undefined && millis >= 1_000 && millis <= mostDays * DAY_MILLIS;
    })
    .describe(`${DURATION_FORM}, from 1s to ${mostDays}d`);
const names = (one: string, many: string) => z.array(text(one)).min(1).describe(`a list of ${many}, at least one`);
const flag = z.boolean().describe('true or false');

const ruling = z
  .strictObject({ deny: texts.optional(), grant: levelName.optional() })
  .describe('{ deny: TEXTS } or { grant: LEVEL }');

const serviceNames = z.array(text('a name of the service tree')).describe('a list of names of the service tree');

export const serviceLevelsSchema = z.strictObject({
  kind: z.literal('service-levels'),
  default: levelName,
  levels: z
    .record(
      z.string(),
      z
        .strictObject({ grant: serviceNames, except: serviceNames.optional() })
        .describe('{ grant: [NAME, …] }, with except: [NAME, …] if needed'),
    )
    .describe('service levels by name'),
});
export type ServiceLevelsFile = z.infer<typeof serviceLevelsSchema>;

const applies = z
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

const charge = z
  .strictObject({
    kind: z.literal('currency'),
    amount: z
      .string()
      .regex(/^\d{1,9}(\.\d{1,6})?$/)
      .describe('an amount in quotes, such as "0.10"'),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .describe('three capital letters of ISO 4217, such as EUR'),
    per: z.string().min(1).max(24).describe('what the charge is for, up to 24 characters, such as message'),
    estimate: flag.optional(),
  })
  .describe('{ kind: currency, amount: "0.10", currency: EUR, per: message }');

export const optionSchema = z
  .strictObject({ id, text: texts, grant: levelName.optional(), deny: texts.optional() })
  .describe('an option: { id, text, grant: LEVEL } or { id, text, deny: TEXTS }');

const verification = z
  .strictObject({
    inText: texts.optional(),
    url: flag.optional(),
    key: z.string().min(1).max(40).describe('the word that proves reading, up to 40 characters'),
  })
  .describe('{ inText: TEXTS, key: WORD } or { url: true, key: random }');

const askMode = z.enum(['every-login', 'on-change', 'once']);
const ask = z
  .union([askMode, z.strictObject({ every: duration(3_650) })])
  .describe('every-login, on-change, once or { every: DURATION }');

export const offLineServiceSchema = z.strictObject({
  kind: z.literal('off-line-service'),
  id,
  version: z.int().min(1).max(LARGEST_VERSION).describe('a whole number from 1'),
  purpose: z.enum(['advice-of-charge', 'terms', 'notice']),
  order: z.int().min(0).max(1_000_000).describe('a whole number from 0 to 1000000').optional(),
  applies: applies.optional(),
  charge: charge.optional(),
  message: texts,
  options: z.array(optionSchema).max(MOST_OPTIONS).describe(`a list of at most ${MOST_OPTIONS} options`).optional(),
  verification: verification.optional(),
  requiresResponse: flag.optional(),
  timeout: duration(7).optional(),
  resend: z.int().min(0).max(20).describe('a whole number from 0 to 20').optional(),
  onTimeout: ruling.optional(),
  ask: ask.optional(),
  record: z.enum(['keyed', 'none']).optional(),
  withoutSystemMessages: z
    .strictObject({ deny: texts.optional(), grant: levelName.optional(), converse: flag.optional() })
    .describe('{ deny: TEXTS }, { grant: LEVEL } or { converse: true }')
    .optional(),
  mode: z.enum(['enforce', 'observe']).optional(),
});
export type OffLineServiceFile = z.infer<typeof offLineServiceSchema>;

const answer = z
  .union([
    z.string(),
    z.strictObject({
      option: id.optional(),
      key: z.string().optional(),
      late: flag.optional(),
      never: flag.optional(),
    }),
  ])
  .describe('an option id, or { option, key, late, never }');

const expectation = z
  .strictObject({
    ask: z
      .array(
        z.strictObject({
          policy: id,
          text: z.string().describe('the text of the message').optional(),
          options: z.array(z.string()).describe("a list of the options' texts").optional(),
        }),
      )
      .describe('a list of { policy, text, options }')
      .optional(),
    grant: z
      .union([levelName, z.array(levelName).min(1)])
      .describe('the name of a service level, or a list of names that meet')
      .optional(),
    deny: z
      .union([z.string(), z.strictObject({ code: z.int().optional(), reason: z.string().optional() })])
      .describe('the reason, or { code, reason }')
      .optional(),
    remembered: z.array(id).describe('a list of policy ids').optional(),
    recorded: z.array(id).describe('a list of policy ids').optional(),
  })
  .describe('what must come out: ask, grant or deny, remembered, recorded');

export const policyTestsSchema = z.strictObject({
  kind: z.literal('policy-tests'),
  cases: z
    .array(
      z
        .strictObject({
          name: text('a name of the case'),
          login: z
            .strictObject({
              user: text('a user id'),
              client: z.string().describe('a client id').optional(),
              csp: z.enum(CSP_VERSIONS).optional(),
              encoding: z.enum(['xml', 'wbxml']).optional(),
              vasp: z.string().describe('a name of a VASP').optional(),
              language: z.string().describe('a language tag of BCP 47, such as sv').optional(),
              systemMessages: flag.optional(),
              at: moment.optional(),
            })
            .describe('who logs in: user, client, csp, encoding, vasp, language, systemMessages, at'),
          remembered: z
            .array(
              z.strictObject({ policy: id, version: z.int().min(1), option: id.optional(), at: moment.optional() }),
            )
            .describe('a list of { policy, version, option, at }')
            .optional(),
          answers: z.record(z.string(), answer).describe('answers by policy id').optional(),
          expect: expectation,
        })
        .describe('a case: name, login, answers, expect'),
    )
    .min(1)
    .describe('a list of at least one case'),
});
export type PolicyTestsFile = z.infer<typeof policyTestsSchema>;
