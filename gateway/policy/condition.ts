/**
 * The `when` of a policy: a CEL expression over what is known at login. It is parsed, type-checked and bounded when the
 * files are loaded; at run time it sees five variables and nothing else. An error at run time (a number asked of text
 * that is none) means that the policy does not apply, and is told to the caller so that it can be counted.
 */
import { type ASTNode, Environment, type ParseResult } from '@marcbachmann/cel-js';
import type { Condition, LoginFacts } from './model.ts';
import { readUserId } from './user-id.ts';

const VARIABLES = {
  user: { id: 'string', name: 'string', domain: 'string' },
  client: { id: 'string' },
  vasp: { name: 'string' },
  csp: { version: 'string', encoding: 'string' },
} as const;

/** The names that a condition may begin with, for suggestions. */
export const CONDITION_NAMES: readonly string[] = [...Object.keys(VARIABLES), 'now'];

/** The fields of each variable, for suggestions. */
export const CONDITION_FIELDS: readonly string[] = Object.values(VARIABLES).flatMap((fields) => Object.keys(fields));

const LONGEST_CONDITION = 2_000;
const MOST_NESTED_COMPREHENSIONS = 2;
const COMPREHENSIONS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

const environment = Object.entries(VARIABLES)
  .reduce(
    (env, [name, schema]) => env.registerVariable({ name, schema: { ...schema } }),
    new Environment({
      limits: { maxAstNodes: 1_000, maxDepth: 32, maxListElements: 100, maxMapEntries: 100, maxCallArguments: 16 },
    }),
  )
  .registerVariable('now', 'google.protobuf.Timestamp');

/** Something wrong with a condition; `offset` counts UTF-16 units from the start of the expression. */
export interface ConditionProblem {
  readonly message: string;
  readonly offset: number;
  /** The word at the offset that was not known, when that is what is wrong. */
  readonly unknownName?: string;
}

export type CompiledCondition =
  | { readonly kind: 'condition'; readonly condition: Condition }
  | { readonly kind: 'invalid'; readonly problem: ConditionProblem };

/** What was compiled lately: a file is checked first and built then, and a reload meets the same conditions again. */
const compiled = new Map<string, CompiledCondition>();
const MOST_COMPILED = 2_000;

/** Compiles a condition; every expression that comes through can be evaluated without an effect and in bounded time. */
export function compileCondition(source: string): CompiledCondition {
  const known = compiled.get(source);
  if (known !== undefined) return known;
  const made = compile(source);
  if (compiled.size >= MOST_COMPILED) compiled.clear();
  compiled.set(source, made);
  return made;
}

function compile(source: string): CompiledCondition {
  if (source.trim() === '') return invalid('the condition is empty; leave `when` out to match always', 0);
  if (source.length > LONGEST_CONDITION) {
    return invalid(`the condition must not be longer than ${LONGEST_CONDITION} characters`, LONGEST_CONDITION);
  }
  let program: ParseResult;
  try {
    program = environment.parse(source);
  } catch (error) {
    return { kind: 'invalid', problem: problemOf(error, source) };
  }
  const refused = refusedNode(program.ast, 0);
  if (refused !== undefined) return { kind: 'invalid', problem: refused };
  const check = program.check();
  if (!check.valid) return { kind: 'invalid', problem: problemOf(check.error, source) };
  if (check.type !== 'bool') return invalid(`the condition must be true or false, not ${check.type}`, 0);
  return {
    kind: 'condition',
    condition: { source, evaluate: (login, now) => evaluate(program, login, now) },
  };
}

const invalid = (message: string, offset: number): CompiledCondition => ({
  kind: 'invalid',
  problem: { message, offset },
});

function evaluate(program: ParseResult, login: LoginFacts, now: number): 'true' | 'false' | 'error' {
  const { bare, name, domain } = readUserId(login.userId);
  try {
    const value: unknown = program({
      user: { id: `wv:${bare}`, name, domain },
      client: { id: login.clientId },
      vasp: { name: login.vasp },
      csp: { version: login.version, encoding: login.encoding },
      now: new Date(now),
    });
    return value === true ? 'true' : value === false ? 'false' : 'error';
  } catch {
    return 'error';
  }
}

function problemOf(error: unknown, source: string): ConditionProblem {
  if (!(error instanceof Error)) return { message: 'cannot be read', offset: 0 };
  const { summary, range, code } = error as Error & {
    readonly summary?: string;
    readonly code?: string;
    readonly range?: { readonly start: number; readonly end: number };
  };
  const offset = range?.start ?? 0;
  const unknown = code === 'unknown_variable' || code === 'no_such_key';
  return {
    message: summary ?? 'cannot be read',
    offset,
    ...(unknown && range !== undefined ? { unknownName: source.slice(range.start, range.end) } : {}),
  };
}

/** What may not be used although CEL has it: regular expressions, deep comprehensions, time zones that do not exist. */
function refusedNode(node: ASTNode, depth: number): ConditionProblem | undefined {
  let inside = depth;
  if (node.op === 'call' || node.op === 'rcall') {
    const name = node.args[0];
    if (name === 'matches') {
      return {
        message: '`matches` may not be used; use startsWith, endsWith, contains or ==',
        offset: nameOffset(node, name),
      };
    }
    if (node.op === 'rcall' && COMPREHENSIONS.has(name)) inside++;
    if (inside > MOST_NESTED_COMPREHENSIONS) {
      return {
        message: `more than ${MOST_NESTED_COMPREHENSIONS} nested comprehensions may not be used`,
        offset: node.range.start,
      };
    }
    if (node.op === 'rcall' && name.startsWith('get')) {
      const zone = node.args[2][0];
      if (zone?.op === 'value' && typeof zone.args === 'string' && !isTimeZone(zone.args)) {
        return { message: `there is no time zone ${JSON.stringify(zone.args)}`, offset: zone.range.start };
      }
    }
  }
  for (const child of childrenOf(node)) {
    const problem = refusedNode(child, inside);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Where in the expression a node's function name stands. */
function nameOffset(node: ASTNode, name: string): number {
  const index = node.input.indexOf(name, node.op === 'rcall' ? node.args[1].range.end : node.range.start);
  return index === -1 ? node.range.start : index;
}

function childrenOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'list':
      return node.args;
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return [...node.args];
  }
}

/** Zones that exist, as they were written: asking the platform takes a tenth of a millisecond, and a folder asks often. */
const knownTimeZones = new Set<string>();

function isTimeZone(name: string): boolean {
  if (knownTimeZones.has(name)) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
  } catch {
    return false;
  }
  knownTimeZones.add(name);
  return true;
}
