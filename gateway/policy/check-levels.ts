/**
 * The service levels of a set: names that the service tree knows, one file, one default. A set without the file has one
 * level, `full`, that grants everything.
 */
import { SERVICE_NAMES, ServiceSet, serviceSetOf } from '../csp/service-tree.ts';
import { isRecord } from '../yaml/data.ts';
import type { YamlDocument } from '../yaml/document.ts';
import type { Path } from '../yaml/problem.ts';
import { didYouMean } from '../yaml/wording.ts';
import { DEFAULT_LEVEL_NAME } from './defaults.ts';
import type { Level } from './model.ts';
import type { ServiceLevelsFile } from './schema.ts';

export interface Levels {
  readonly levels: ReadonlyMap<string, Level>;
  readonly defaultLevel: Level;
}

const LEVEL_NAME = /^[a-z0-9-]{1,40}$/;

/** The names that other files may refer to: also those whose definition is wrong, so that one mistake is told once. */
export function levelNames(document: YamlDocument | undefined): readonly string[] {
  if (document === undefined) return [DEFAULT_LEVEL_NAME];
  const levels = isRecord(document.value) ? document.value.levels : undefined;
  return isRecord(levels) ? Object.keys(levels) : [];
}

/** Reports a reference to a level that is not defined; whether it is a name at all is the schema's to say. */
export function checkLevelName(document: YamlDocument, path: Path, name: unknown, defined: readonly string[]): void {
  if (typeof name !== 'string' || name === '' || defined.includes(name)) return;
  document.report(path, `no level ${JSON.stringify(name)} is defined`, didYouMean(name, defined));
}

/** Reports what the schema cannot see: unknown service names, levels without effect, a default that is none. */
export function checkLevels(document: YamlDocument): void {
  const { value } = document;
  if (!isRecord(value)) return;
  const names = levelNames(document);
  const chosen = value.default;
  if (!isRecord(value.levels)) return;
  checkLevelName(document, ['default'], chosen, names);
  if (names.length === 0) document.report(['levels'], 'must define at least one level');
  for (const [name, level] of Object.entries(value.levels)) {
    if (!LEVEL_NAME.test(name)) {
      document.report(['levels', name], 'a level is named by 1 to 40 characters of a-z, 0-9 and -', { at: 'key' });
    }
    if (isRecord(level)) checkLevel(document, name, level);
  }
}

function checkLevel(document: YamlDocument, name: string, level: Readonly<Record<string, unknown>>): void {
  const granted = checkNames(document, name, 'grant', level.grant);
  checkNames(document, name, 'except', level.except, granted);
}

/** The union of the names; `within`, when given, is what they are meant to take away from. */
function checkNames(
  document: YamlDocument,
  level: string,
  key: 'grant' | 'except',
  names: unknown,
  within?: ServiceSet,
): ServiceSet | undefined {
  if (!Array.isArray(names)) return undefined;
  let sum: ServiceSet | undefined = ServiceSet.NONE;
  for (const [index, name] of names.entries()) {
    if (typeof name !== 'string' || name === '') {
      sum = undefined;
      continue;
    }
    const path = ['levels', level, key, index];
    const set = serviceSetOf(name);
    if (set === undefined) {
      document.report(path, `the service tree has no ${JSON.stringify(name)}`, didYouMean(name, SERVICE_NAMES));
      sum = undefined;
    } else if (within?.meet(set).isEmpty) {
      document.report(path, `${name} takes nothing away: the level does not grant it`, { severity: 'warning' });
    }
    if (set !== undefined) sum = sum?.join(set);
  }
  return sum;
}

/** The levels of a file that passed every check; of no file, the built-in one. */
export function buildLevels(file: ServiceLevelsFile | undefined): Levels {
  const levels = new Map<string, Level>();
  for (const [name, { grant, except = [] }] of Object.entries(file?.levels ?? {})) {
    levels.set(name, { name, set: unionOf(grant).minus(unionOf(except)) });
  }
  if (file === undefined) levels.set(DEFAULT_LEVEL_NAME, { name: DEFAULT_LEVEL_NAME, set: ServiceSet.ALL });
  const defaultLevel = levels.get(file?.default ?? DEFAULT_LEVEL_NAME);
  if (defaultLevel === undefined) throw new Error('levels are built of a checked file only');
  return { levels, defaultLevel };
}

const unionOf = (names: readonly string[]): ServiceSet =>
  names.reduce((sum, name) => sum.join(serviceSetOf(name) ?? ServiceSet.NONE), ServiceSet.NONE);
