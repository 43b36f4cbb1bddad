/** `sapgw sandbox`: the sandbox VASP alone, for trying a gateway or a client against an IMPS server that forgets everything. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { createSandbox } from '../sandbox/server.ts';
import { example } from './help.ts';

interface SandboxFlags {
  readonly listen: { readonly host: string; readonly port: number };
  readonly domain: string;
  readonly user: readonly { readonly id: string; readonly password: string }[];
  readonly keepAliveMax: number;
  readonly cir: number;
  readonly quiet?: boolean;
}

/** What a wrong configuration and a port that is taken exit with. */
const EXIT_WRONG_USE = 2;

/** Adds the command to a program. It runs until it is told to stop by SIGINT or SIGTERM. */
export function registerSandbox(program: Command): void {
  program
    .command('sandbox')
    .description('run the sandbox VASP alone: an IMPS server for trying things, which forgets everything')
    .addOption(
      new Option('--listen <host:port>', 'where to listen')
        .argParser(listenAddress)
        .default({ host: '127.0.0.1', port: 9090 }, '127.0.0.1:9090'),
    )
    .option('--domain <domain>', 'domain of its users', 'sandbox')
    .addOption(
      new Option('--user <id:password>', 'a user; may be given several times')
        .argParser(userOf)
        .default([], 'alice, bob, carol and dave, password secret'),
    )
    .option('--keep-alive-max <seconds>', 'the longest KeepAliveTime', seconds, 1800)
    .option('--cir <port>', 'port on which clients are called by CIR (STCP); 0 takes a free one', port, 0)
    .option('--quiet', 'no line a message')
    .addHelpText('after', example('sapgw sandbox --listen 127.0.0.1:9090 --user alice:secret --user bob:secret'))
    .action(run);
}

async function run({ listen, domain, user, keepAliveMax, cir, quiet }: SandboxFlags): Promise<void> {
  const sandbox = createSandbox({
    domain,
    keepAliveMaxSeconds: keepAliveMax,
    cirPort: cir,
    ...(user.length === 0 ? {} : { users: user }),
    ...(quiet === true ? {} : { log: (line: string) => process.stdout.write(`${line}\n`) }),
  });
  try {
    const { url } = await sandbox.listen(listen.host, listen.port);
    const id = user[0]?.id ?? 'alice';
    process.stdout.write(`The sandbox VASP listens on ${url}\n`);
    process.stdout.write(`Try: sapgw handset --url ${url} --user ${id.includes('@') ? id : `wv:${id}@${domain}`}\n`);
  } catch (error) {
    process.stderr.write(`Cannot listen on ${listen.host}:${listen.port}: ${String((error as Error).message)}\n`);
    process.exitCode = EXIT_WRONG_USE;
    return;
  }
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await sandbox.close();
}

function listenAddress(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw new InvalidArgumentError('An address looks like 127.0.0.1:9090.');
  return { host: match[1] ?? (match[2] === '' ? '0.0.0.0' : (match[2] ?? '127.0.0.1')), port };
}

function userOf(
  text: string,
  before: readonly { id: string; password: string }[],
): readonly { id: string; password: string }[] {
  const match = /^((?:wv:)?[^:]+):(.+)$/.exec(text);
  const [, id, password] = match ?? [];
  if (id === undefined || password === undefined || id === 'wv') {
    throw new InvalidArgumentError('A user looks like alice:secret.');
  }
  return [...before, { id, password }];
}

function seconds(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('A number of seconds, 1 or more.');
  return Number(text);
}

function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('A port is a number up to 65535.');
  return Number(text);
}
