/** Proves that a log line holds the declared fields and nothing else. */
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import type { LogLevel } from '../gateway/config.ts';
import { type LogFields, openLog } from '../gateway/log.ts';

function linesOf(level: LogLevel, write: (log: ReturnType<typeof openLog>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  write(openLog({ level, stream: { write: (line: string) => lines.push(line) } }));
  return lines.map((line) => JSON.parse(line));
}

describe('lines', () => {
  test('are JSON with time, level, event and fields', () => {
    const [line] = linesOf('info', (log) =>
      log.info('login', { vasp: 'v', code: 403, asked: true, policy: undefined }),
    );
    expect(line).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      pid: process.pid,
      event: 'login',
      vasp: 'v',
      code: 403,
      asked: true,
    });
  });

  test('below the level are not written', () => {
    const events = linesOf('warn', (log) => {
      log.debug('a');
      log.info('b');
      log.warn('c');
      log.error('d');
    }).map(({ event }) => event);
    expect(events).toEqual(['c', 'd']);
  });

  test('never hold objects, and no long text', () => {
    const error = Object.assign(new Error('canary'), { body: 'canary' });
    const smuggled = { error, list: ['canary'], text: 'x'.repeat(500) } as unknown as LogFields;
    const [line] = linesOf('debug', (log) => log.error('failed', smuggled));
    expect(JSON.stringify(line)).not.toContain('canary');
    expect(line).toMatchObject({ event: 'failed', text: `${'x'.repeat(200)}…` });
  });
});

test('standard output gets every line before the program exits', () => {
  const script = `import { openLog } from './gateway/log.ts';
    const log = openLog({ level: 'info' });
    for (let n = 0; n < 500; n++) log.info('line', { n });
    log.flush(); process.exit(0);`;
  const output = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  expect(output.trim().split('\n')).toHaveLength(500);
});
