/**
 * The policy file format as a JSON Schema, for editors: made of the same shapes that the check uses, so that the two
 * cannot drift apart. What one key means for another, and whether names exist, only the check can say.
 */
import * as z from 'zod';
import { SERVICE_NAMES } from '../csp/service-tree.ts';
import { DURATION_FORM, SIZE_FORM } from '../yaml/durations.ts';
import { offLineServiceSchema, serviceLevelsSchema } from './schema.ts';
import { offLineUserSchema } from './schema-off-line-user.ts';
import { onLineServiceSchema } from './schema-on-line.ts';
import { policyTestsSchema } from './schema-tests.ts';

/** The draft that editors' YAML support understands best. */
const DRAFT = 'draft-07';
const DURATION_PATTERN = '^\\d{1,15}(\\.\\d{1,3})? ?(ms|s|m|h|d)$';
const SIZE_PATTERN = '^\\d{1,15}(\\.\\d{1,3})? ?([kKMG]?B|[KMG]iB)?$';

const TITLES = [
  [serviceLevelsSchema, 'Service levels'],
  [offLineServiceSchema, 'A question before login'],
  [onLineServiceSchema, 'A message to users who are logged in'],
  [offLineUserSchema, 'Messages for users who are away'],
  [policyTestsSchema, 'Tests of policies'],
] as const;

type JsonObject = Readonly<Record<string, unknown>>;

/** One schema for files of every kind; a file's `kind` says which part holds. */
export function policyJsonSchema(): JsonObject {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'sapgw policy file',
    description: 'Made by `sapgw policy schema`. policies/README.md explains every key.',
    type: 'object',
    required: ['kind'],
    oneOf: TITLES.map(([schema, title]) => ({ title, ...partOf(schema) })),
  };
}

function partOf(schema: z.ZodType): JsonObject {
  const { $schema: _, ...part } = z.toJSONSchema(schema, {
    target: DRAFT,
    // A file is what goes into the check.
    io: 'input',
    unrepresentable: 'throw',
    override: ({ jsonSchema }) => {
      if (jsonSchema.description === 'a name of the service tree') jsonSchema.enum = [...SERVICE_NAMES];
      // A check in code has no form in the schema; these have patterns that come near.
      if (jsonSchema.description?.startsWith(DURATION_FORM) === true) jsonSchema.pattern = DURATION_PATTERN;
      if (jsonSchema.description?.startsWith(SIZE_FORM) === true) jsonSchema.pattern = SIZE_PATTERN;
    },
  });
  return part;
}

/** As the file is written that editors read. */
export const policyJsonSchemaText = (): string => `${JSON.stringify(policyJsonSchema(), null, 2)}\n`;
