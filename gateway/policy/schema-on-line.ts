/**
 * The shape of on-line service policies [policy-files §3]. Which keys of a trigger go together, and what an effect may
 * name, is checked in check-on-line.ts.
 */
import * as z from 'zod';
import { PRESENCE_ATTRIBUTES } from '../csp/presence-attributes.ts';
import { applies, duration, flag, id, levelName, MOST_OPTIONS, order, text, texts, version } from './schema-forms.ts';

const MOST_ERRORS = 100;
const MOST_RESENDS = 20;
const MOST_EFFECTS = 20;
const LONGEST_USER_ID = 256;
const LONGEST_URL = 2_048;

/** What a message can be sent for. */
export const TRIGGERS = [
  'login',
  'first-login',
  'presence-exposed',
  'presence-authorization-changed',
  'repeated-errors',
  'added-to-contact-list',
  'operator',
] as const;

const status = z
  .union([z.string().regex(/^[4-9][0-9x]{2}$/), z.int().min(400).max(999)])
  .describe('a status such as 506, or 4xx for all that begin with a 4');

const trigger = z
  .strictObject({
    on: z.enum(TRIGGERS),
    attributes: z
      .array(z.enum(PRESENCE_ATTRIBUTES))
      .min(1)
      .describe('a list of presence attributes, such as [GeoLocation, Address]')
      .optional(),
    count: z.int().min(1).max(MOST_ERRORS).describe(`a whole number from 1 to ${MOST_ERRORS}`).optional(),
    within: duration(1).optional(),
    statuses: z.array(status).min(1).max(20).describe('a list of statuses, such as [4xx, 506]').optional(),
  })
  .describe('what the message is sent for, such as { on: login }');

const user = z.string().min(1).max(LONGEST_USER_ID).describe('a user id, or "{otherUser}"');

export const effectSchema = z
  .strictObject({
    addToContactList: user.optional(),
    authorizePresence: user.optional(),
    denyPresence: user.optional(),
    setPreference: z
      .strictObject({ help: z.enum(['on', 'off']) })
      .describe('{ help: on } or { help: off }')
      .optional(),
    grant: levelName.optional(),
    accept: flag.optional(),
    logout: flag.optional(),
    webhook: text('a URL').max(LONGEST_URL).optional(),
  })
  .describe('one thing to do, such as { accept: true }');

const option = z
  .strictObject({
    id,
    text: texts,
    do: z
      .array(effectSchema)
      .max(MOST_EFFECTS)
      .describe(`a list of at most ${MOST_EFFECTS} things to do, such as [{ accept: true }]`)
      .optional(),
  })
  .describe('an option: { id, text } or { id, text, do: [EFFECT, …] }');

export type EffectFile = z.infer<typeof effectSchema>;

export const onLineServiceSchema = z.strictObject({
  kind: z.literal('on-line-service'),
  id,
  version,
  category: z.enum(['notification', 'help', 'terms']),
  order: order.optional(),
  trigger,
  applies: applies.optional(),
  message: texts,
  options: z.array(option).max(MOST_OPTIONS).describe(`a list of at most ${MOST_OPTIONS} options`).optional(),
  requiresResponse: flag.optional(),
  block: flag.optional(),
  resend: z
    .strictObject({
      every: duration(7).optional(),
      times: z.int().min(0).max(MOST_RESENDS).describe(`a whole number from 0 to ${MOST_RESENDS}`).optional(),
    })
    .describe('{ every: DURATION, times: NUMBER }')
    .optional(),
  expires: duration(30).optional(),
  onTimeout: z
    .strictObject({ grant: levelName.optional(), logout: flag.optional() })
    .describe('{ grant: LEVEL }, { logout: true } or {}')
    .optional(),
});
export type OnLineServiceFile = z.infer<typeof onLineServiceSchema>;
