/**
 * Node can be told, from outside the program, to parse HTTP leniently. A gateway that runs so would read requests
 * otherwise than the VASP behind it, so it does not start [reliability §1].
 */

const LENIENT = /(?:^|\s)["']?--insecure-http-parser(?:=true)?["']?(?=\s|$)/;

/** The setting that makes the parser lenient, in words for the operator; undefined when the parser is strict. */
export function lenientParserSetting(execArgv: readonly string[], nodeOptions: string | undefined): string | undefined {
  if (execArgv.some((argument) => LENIENT.test(argument))) return 'the option --insecure-http-parser of node';
  if (nodeOptions !== undefined && LENIENT.test(nodeOptions)) return '--insecure-http-parser in NODE_OPTIONS';
  return undefined;
}

/** @throws {Error} when this process parses HTTP leniently. */
export function requireStrictParser(): void {
  const setting = lenientParserSetting(process.execArgv, process.env.NODE_OPTIONS);
  if (setting !== undefined) {
    throw new Error(
      `the gateway does not start with ${setting}: it would read requests otherwise than the VASP; remove it`,
    );
  }
}
