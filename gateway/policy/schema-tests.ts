/**
 * The shape of `*.test.yaml` files: who logs in or what happens, and what must come out. Names of policies, options and
 * levels are checked in test-file.ts.
 */
import * as z from 'zod';
import { PRESENCE_ATTRIBUTES } from '../csp/presence-attributes.ts';
import { CSP_VERSIONS } from '../csp/versions.ts';
import { duration, flag, id, levelName, moment, text } from './schema-forms.ts';
import { effectSchema, TRIGGERS } from './schema-on-line.ts';

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

const messages = z
  .array(
    z.strictObject({
      policy: id,
      text: z.string().describe('the text of the message').optional(),
      options: z.array(z.string()).describe("a list of the options' texts").optional(),
    }),
  )
  .describe('a list of { policy, text, options }');

const event = z
  .union([
    z.enum(TRIGGERS),
    z.strictObject({
      on: z.enum(TRIGGERS),
      otherUser: text('a user id').optional(),
      attributes: z.array(z.enum(PRESENCE_ATTRIBUTES)).min(1).describe('a list of presence attributes').optional(),
      statuses: z
        .array(z.int().min(100).max(999).describe('a status such as 404'))
        .min(1)
        .describe('a list of statuses, one an answer, such as [404, 404, 404]')
        .optional(),
      within: duration(1).optional(),
      policy: id.optional(),
    }),
  ])
  .describe('what happens, such as login or { on: added-to-contact-list, otherUser: wv:bob@sandbox }');

const expectation = z
  .strictObject({
    ask: messages.optional(),
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
    send: messages.optional(),
    inbox: z.array(id).describe('a list of policy ids').optional(),
    do: z.array(effectSchema).describe('a list of what must be done, such as [{ accept: true }]').optional(),
  })
  .describe('what must come out: ask, grant or deny, remembered, recorded; of an event send, inbox, do');

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
          event: event.optional(),
          help: z.enum(['on', 'off']).optional(),
          messagesWaiting: z
            .int()
            .min(0)
            .max(999_999)
            .describe('how many messages are kept for the user, a whole number from 0')
            .optional(),
          remembered: z
            .array(
              z.strictObject({ policy: id, version: z.int().min(1), option: id.optional(), at: moment.optional() }),
            )
            .describe('a list of { policy, version, option, at }')
            .optional(),
          answers: z.record(z.string(), answer).describe('answers by policy id').optional(),
          expect: expectation,
        })
        .describe('a case: name, login, answers, expect; or name, login, event, answers, expect'),
    )
    .min(1)
    .describe('a list of at least one case'),
});
export type PolicyTestsFile = z.infer<typeof policyTestsSchema>;
