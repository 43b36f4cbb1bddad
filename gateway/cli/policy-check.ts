/** `sapgw policy check`: every problem of a folder of policy files at once, for people, editors and pipelines. */
import { formatProblem, type Problem } from '../yaml/problem.ts';
import { counted } from './counted.ts';
import { EXIT_FAILED, EXIT_UNREADABLE, gatewayOf, readSet, type Terminal, type VaspFlags } from './policy-command.ts';

export interface CheckFlags extends VaspFlags {
  readonly json?: boolean;
}

export async function check(directory: string, flags: CheckFlags, terminal: Terminal): Promise<number> {
  const gateway = await gatewayOf(flags, terminal);
  if (typeof gateway === 'number') return gateway;
  const read = await readSet(directory, terminal, gateway);
  if (read === undefined) return EXIT_UNREADABLE;
  const { folder, parsed } = read;
  const { print } = terminal;
  const problems = parsed.kind === 'invalid' ? parsed.problems : [];
  if (flags.json === true) {
    const set =
      parsed.kind === 'valid'
        ? {
            hash: parsed.set.hash,
            policies: idsOf(parsed.set.policies),
            onLine: idsOf(parsed.set.onLine),
            offLineUser: idsOf(parsed.set.offLineUser),
          }
        : {};
    print(JSON.stringify({ valid: parsed.kind === 'valid', ...set, problems, warnings: parsed.warnings }, null, 2));
  } else {
    for (const problem of [...problems, ...parsed.warnings]) print(formatProblem(problem));
    if (folder.policies.length === 0)
      print(`${directory}: warning: there are no policy files, so nobody would be asked`);
    print(summary(folder.policies.length, problems, parsed.warnings));
  }
  return problems.length === 0 ? 0 : EXIT_FAILED;
}

const idsOf = (policies: readonly { readonly id: string }[]): readonly string[] => policies.map(({ id }) => id);

/** Such as `2 files: 1 problem, 0 warnings`. */
export function summary(files: number, problems: readonly Problem[], warnings: readonly Problem[]): string {
  return `${counted(files, 'file')}: ${counted(problems.length, 'problem')}, ${counted(warnings.length, 'warning')}`;
}
