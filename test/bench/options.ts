/** The command line of `npm run bench`: which sections run, how long, and what is printed. */
import { parseArgs } from 'node:util';

export const SECTIONS = ['proxy', 'latency', 'codec', 'store', 'logins'] as const;
export type Section = (typeof SECTIONS)[number];

export interface BenchOptions {
  readonly kind: 'run';
  readonly isQuick: boolean;
  readonly asJson: boolean;
  readonly sections: readonly Section[];
}

export type ParsedOptions =
  | BenchOptions
  | { readonly kind: 'help' }
  /** A sentence that says what is wrong and what would be right. */
  | { readonly kind: 'wrong'; readonly problem: string };

export const HELP = `npm run bench -- [--quick] [--only SECTION[,SECTION]] [--json]

Measures the gateway beside other proxies and prints one table. Exits with 1 when a value is on the wrong side of its floor.

  --quick         short and less exact: about two minutes in the place of ten
  --only SECTION  some of it, may be repeated:
                    proxy    requests per CPU-second and memory, against http-proxy, nginx and haproxy
                    latency  what each of them adds at 500 and 5,000 requests a second
                    codec    scans and conversions, against libwbxml and fast-xml-parser
                    store    a store of 100,000 or 1,000,000 sessions
                    logins   a storm of logins against a gateway
  --json          a JSON object for each row, in the place of the table; progress goes to standard error
  --help          this

Goals and floors stand in test/bench/floors.ts. What is not installed is left out, and said.
`;

/** Understands what came after `npm run bench --`. */
export function parseOptions(args: readonly string[]): ParsedOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
      },
    });
    if (values.help) return { kind: 'help' };
    const wanted = values.only.flatMap((one) => one.split(','));
    const unknown = wanted.find((one) => !SECTIONS.some((section) => section === one));
    if (unknown !== undefined) {
      return { kind: 'wrong', problem: `--only ${unknown}: there are ${SECTIONS.join(', ')}` };
    }
    const sections = SECTIONS.filter((section) => wanted.length === 0 || wanted.includes(section));
    return { kind: 'run', isQuick: values.quick, asJson: values.json, sections };
  } catch (error) {
    return { kind: 'wrong', problem: error instanceof Error ? error.message : 'wrong options' };
  }
}
