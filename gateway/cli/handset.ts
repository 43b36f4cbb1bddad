/**
 * `sapgw handset`: a phone in the terminal. With a person there it asks and converses; with `--answer`, `--do`, `--send`, `--wait`,
 * `--json` or without a terminal it runs through and exits: 0 logged in (and sent), 1 refused, 2 wrong use.
 */
import { createInterface } from 'node:readline/promises';
import { type Command, Option } from 'commander';
import { encodeMessage } from '../csp/codec.ts';
import type { Element } from '../csp/element.ts';
import type { CspMessage } from '../csp/message.ts';
import { CSP_VERSIONS, type CspVersion, type Encoding } from '../csp/versions.ts';
import type { Emit } from '../sandbox/handset/commands.ts';
import type { Trace } from '../sandbox/handset/conversation.ts';
import { askPerson, runDialogue } from '../sandbox/handset/dialogue.ts';
import { Handset } from '../sandbox/handset/handset.ts';
import { linesOf } from '../sandbox/handset/report.ts';
import { EXIT, type Exit, playScript } from '../sandbox/handset/script.ts';
import { example } from './help.ts';

interface HandsetFlags {
  readonly url: string;
  readonly user: string;
  readonly password?: string;
  readonly version: CspVersion;
  readonly encoding: Encoding;
  readonly fourWay?: boolean;
  readonly fold?: boolean;
  readonly cir: 'stcp' | 'shttp' | 'none';
  readonly clientId?: string;
  readonly language?: string;
  readonly answer?: string;
  readonly do: readonly string[];
  readonly send?: string;
  readonly text?: string;
  readonly report?: boolean;
  readonly wait?: string;
  readonly json?: boolean;
  readonly trace?: boolean;
}

/** Adds the command to a program. The action sets `process.exitCode`. */
export function registerHandset(program: Command): void {
  program
    .command('handset')
    .description('log in as a phone in the terminal')
    .option('--url <url>', 'where the service is', 'http://127.0.0.1:8080/')
    .requiredOption('--user <address>', 'who logs in, for example wv:alice@sandbox')
    .option('--password <password>', 'the password (SAPGW_HANDSET_PASSWORD); asked for when missing')
    .addOption(new Option('--version <version>', 'version of CSP').choices([...CSP_VERSIONS]).default('1.3'))
    .addOption(new Option('--encoding <encoding>', 'spelling of the messages').choices(['xml', 'wbxml']).default('xml'))
    .option('--four-way', 'log in by a digest, MD5 or SHA')
    .option('--fold', '1.3: negotiate services and capabilities in the login')
    .addOption(
      new Option('--cir <method>', 'how to be called when something waits; none polls every second or two')
        .choices(['stcp', 'shttp', 'none'])
        .default('stcp'),
    )
    .option('--client-id <url>', 'the ClientID (default: one of its own for each user)')
    .option('--language <tag>', 'language of the user, for example fi')
    .option(
      '--answer <answers>',
      'answers to what is asked, in order: numbers or texts, as 1,1 or accept; a key after a colon',
    )
    .option(
      '--do <command>',
      'a command after login, as typed in the dialogue: "/add wv:bob@sandbox"; as often as needed',
      (command, before: readonly string[]) => [...before, command],
      [],
    )
    .option('--send <address>', 'send a message after login; give it with --text')
    .option('--text <text>', 'the message')
    .option('--report', 'ask for a delivery report')
    .option('--wait <seconds>', 'receive for that long before logging out (default: 0)')
    .option('--json', 'one JSON object a line')
    .option('--trace', 'show every message on standard error, secrets hidden')
    .addHelpText(
      'after',
      example(
        'sapgw handset --user wv:alice@sandbox --password secret',
        'sapgw handset --user wv:alice@sandbox --password secret --answer accept,1 --send wv:bob@sandbox --text hello',
      ),
    )
    .action(async (flags: HandsetFlags) => {
      process.exitCode = await run(flags);
    });
}

async function run(flags: HandsetFlags): Promise<Exit> {
  const waitSeconds = Number(flags.wait ?? 0);
  const problem = wrongUse(flags, waitSeconds);
  if (problem !== undefined) return refuse(problem);
  const person = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const terminal = person ? createInterface({ input: process.stdin, output: process.stdout }) : undefined;
  const password =
    flags.password ?? process.env.SAPGW_HANDSET_PASSWORD ?? (await terminal?.question(`Password of ${flags.user}: `));
  if (password === undefined) return refuse('--password is missing; in the sandbox it is: secret');
  const handset = new Handset({
    url: flags.url,
    userId: flags.user,
    password,
    version: flags.version,
    encoding: flags.encoding,
    fourWay: flags.fourWay ?? false,
    fold: flags.fold ?? false,
    cir: flags.cir === 'stcp' ? ['STCP'] : flags.cir === 'shttp' ? ['SHTTP'] : [],
    ...(flags.clientId === undefined ? {} : { clientId: flags.clientId }),
    ...(flags.language === undefined ? {} : { language: flags.language }),
    ...(flags.trace === true ? { trace } : {}),
  });
  const emit: Emit = (report) => print(flags.json === true ? [JSON.stringify(report)] : linesOf(report));
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt);
  try {
    const given = [flags.answer, flags.send, flags.wait, flags.json, flags.do[0]];
    const converses = given.every((flag) => flag === undefined);
    if (terminal !== undefined && converses) {
      return await runDialogue(handset, flags.version, terminal, (line) => print([line]), emit);
    }
    return await playScript(
      handset,
      {
        version: flags.version,
        answers: flags.answer?.split(',').map((answer) => answer.trim()),
        ...(terminal !== undefined && flags.answer === undefined
          ? { answerer: askPerson(terminal, (line) => print([line])) }
          : {}),
        send:
          flags.send === undefined
            ? undefined
            : { to: flags.send, text: flags.text ?? '', report: flags.report ?? false },
        commands: flags.do,
        waitSeconds,
      },
      emit,
      stop.signal,
    );
  } finally {
    process.removeListener('SIGINT', interrupt);
    terminal?.close();
    await handset.close();
  }
}

function wrongUse(flags: HandsetFlags, waitSeconds: number): string | undefined {
  if (!URL.canParse(flags.url) || !/^https?:/.test(flags.url)) {
    return `--url is no web address: ${flags.url}; one looks like http://127.0.0.1:8080/`;
  }
  if (!(waitSeconds >= 0)) return `--wait is a number of seconds, not ${flags.wait}`;
  const notCommand = flags.do.find((command) => !/^\/[a-z]/.test(command));
  if (notCommand !== undefined) return `--do takes a command such as "/add wv:bob@sandbox", not "${notCommand}"`;
  if ((flags.send === undefined) !== (flags.text === undefined)) return '--send and --text belong together';
  return undefined;
}

function refuse(problem: string): Exit {
  process.stderr.write(`${problem}\n`);
  return EXIT.WRONG_USE;
}

function print(lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}

const SECRET: ReadonlySet<string> = new Set(['Password', 'DigestBytes', 'Nonce', 'SessionCookie']);

function withoutSecrets(element: Element): Element {
  if (SECRET.has(element.name)) return { ...element, text: '...' };
  return { ...element, children: element.children.map(withoutSecrets) };
}

const trace: Trace = (direction, message) => {
  const arrow = direction === 'sent' ? '>>' : '<<';
  process.stderr.write(`${arrow} ${message === undefined ? '(empty)' : xmlOf(message)}\n`);
};

function xmlOf(message: CspMessage): string {
  const transactions = message.transactions.map((one) => ({ ...one, primitive: withoutSecrets(one.primitive) }));
  return encodeMessage({ ...message, transactions }, 'xml')
    .toString()
    .trim();
}
