/**
 * Reads a Dockerfile and carries its steps out without an engine: every stage is a directory that stands for `/`, COPY
 * copies, RUN runs in a shell as an ordinary user. Knows the instructions that our Dockerfile uses and fails on others.
 * Who owns a file is the engine's business: `chown` does nothing here.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

export interface Stage {
  readonly name: string;
  readonly image: string;
  readonly steps: readonly { readonly instruction: string; readonly rest: string }[];
}

const KNOWN = ['WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'VOLUME', 'EXPOSE', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD'];

export function parseDockerfile(text: string): Stage[] {
  const lines = text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n');
  const stages: { name: string; image: string; steps: { instruction: string; rest: string }[] }[] = [];
  for (const line of lines.map((one) => one.trim()).filter((one) => one !== '')) {
    const [, instruction = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (instruction === 'FROM') {
      const [image = '', , name] = rest.split(/\s+/);
      stages.push({ name: name ?? `stage-${stages.length}`, image, steps: [] });
    } else if (KNOWN.includes(instruction)) {
      stages.at(-1)?.steps.push({ instruction, rest });
    } else {
      throw new Error(`an instruction that these tests do not know: ${line}`);
    }
  }
  return stages;
}

/** The last value of an instruction in a stage; undefined when it has none. */
export function last(stage: Stage, instruction: string): string | undefined {
  return stage.steps.findLast((step) => step.instruction === instruction)?.rest;
}

/** A list in the JSON form of CMD, ENTRYPOINT and HEALTHCHECK. */
export function listOf(value: string | undefined): string[] {
  const list: unknown = JSON.parse(/\[.*\]$/s.exec(value ?? '')?.[0] ?? 'null');
  if (!Array.isArray(list) || !list.every((one) => typeof one === 'string'))
    throw new Error(`not in JSON form: ${value}`);
  return list;
}

/** Somebody without rights, and with a home of his own below `home`. */
export interface OrdinaryUser {
  readonly prefix: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  give(path: string): void;
}

const NOBODY = '65534';

export function ordinaryUser(home: string): OrdinaryUser {
  mkdirSync(home, { recursive: true });
  const isRoot = process.getuid?.() === 0;
  const give = (path: string): void => {
    if (isRoot) execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, path]);
  };
  const cache = npmSetting('cache');
  if (cache !== undefined && existsSync(join(cache, '_cacache'))) {
    cpSync(join(cache, '_cacache'), join(home, 'npm', '_cacache'), { recursive: true });
  }
  give(home);
  const prefix = isRoot ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--'] : [];
  return { prefix, environment: environmentOf(home), give };
}

/** Little more than a path: what works only with the developer's own environment is found out. */
function environmentOf(home: string): NodeJS.ProcessEnv {
  const { PATH, NODE_EXTRA_CA_CERTS } = process.env;
  const settings = ['registry', 'cafile'].flatMap((name) => {
    const value = npmSetting(name);
    return value === undefined ? [] : [[`npm_config_${name}`, value] as const];
  });
  return {
    PATH,
    HOME: home,
    npm_config_cache: join(home, 'npm'),
    npm_config_prefer_offline: 'true',
    npm_config_update_notifier: 'false',
    ...(NODE_EXTRA_CA_CERTS === undefined ? {} : { NODE_EXTRA_CA_CERTS }),
    ...Object.fromEntries(settings),
  };
}

function npmSetting(name: string): string | undefined {
  const value = spawnSync('npm', ['config', 'get', name], { encoding: 'utf8' }).stdout.trim();
  return value === '' || value === 'null' || value === 'undefined' ? undefined : value;
}

/** Carries out a stage in `roots[its name]`; `context` is what would be sent to the builder. */
export function runStage(stage: Stage, context: string, roots: ReadonlyMap<string, string>, user: OrdinaryUser): void {
  const root = roots.get(stage.name) ?? '';
  let directory = root;
  mkdirSync(root, { recursive: true });
  for (const { instruction, rest } of stage.steps) {
    if (instruction === 'WORKDIR') {
      directory = join(root, rest);
      mkdirSync(directory, { recursive: true });
      user.give(root);
    } else if (instruction === 'COPY') {
      copy(rest, context, roots, root, directory);
      user.give(root);
    } else if (instruction === 'RUN') {
      run(inStage(rest, root), directory, user);
    }
  }
}

/** Absolute paths of the image, as paths of the stage's directory. */
export function inStage(text: string, root: string): string {
  return text.replace(/(?<![\w/.:-])\/(data|app)\b|(?<=lmdb:)\/(data|app)\b/g, (path) => `${root}${path}`);
}

function copy(
  rest: string,
  context: string,
  roots: ReadonlyMap<string, string>,
  root: string,
  directory: string,
): void {
  const words = rest.split(/\s+/);
  const from = words.find((word) => word.startsWith('--from='))?.slice(7);
  const paths = words.filter((word) => !word.startsWith('--'));
  const target = paths.pop() ?? '';
  const base = from === undefined ? context : (roots.get(from) ?? '');
  for (const path of paths) {
    const source = join(base, path);
    const place = target.startsWith('/') ? join(root, target) : join(directory, target);
    // A file goes into a directory that is named with a slash; a directory's contents become the target.
    const into = target.endsWith('/') && !statSync(source).isDirectory() ? join(place, basename(path)) : place;
    cpSync(source, into, { recursive: true, verbatimSymlinks: true });
  }
}

function run(command: string, directory: string, user: OrdinaryUser): void {
  const [program = 'sh', ...args] = [...user.prefix, 'sh', '-ec', `chown() { :; }; ${command}`];
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: directory,
    env: user.environment,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`RUN ${command} ended with ${status}:\n${stdout}\n${stderr}`);
}

/** What `.dockerignore` lets through of the names at the top: ours forbids everything and then allows some. */
export function sentToBuilder(context: string): string[] {
  const lines = readFileSync(join(context, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('#'));
  return lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
}
