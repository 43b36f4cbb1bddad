/** Proves that the player fails where it must: a transcript that cannot fail would prove nothing. */
import { describe, expect, test } from '@jest/globals';
import { play } from './play.ts';
import { parseScript } from './script.ts';

const HEADER = '# A transcript.\n[policy] aoc\n[client] Romeo  csp: 1.3\n[vasp] Verona\n---------\n';
const OPEN = '# A transcript.\n[client] Romeo  csp: 1.3\n[vasp] Verona\n---------\n';
const IN = "Romeo logs in\nVerona receives Romeo's login unchanged\nVerona lets Romeo in\nRomeo is in\n";

describe('the player fails', () => {
  test.each([
    ['when a client gets a reply that no step expects', `${HEADER}Romeo logs in\n`, 'at the end'],
    ['when a VASP gets a message that no step expects', `${OPEN}Romeo logs in\n`, 'at the end'],
    ['when a VASP gets a message that must not reach it', `${OPEN}Romeo logs in\nVerona receives nothing\n`, 'x.txt:6'],
    [
      'when a VASP gets none',
      `${HEADER}Romeo logs in\nVerona receives Romeo's login unchanged\n`,
      'Verona received nothing',
    ],
    [
      'when other bytes reach the VASP',
      `${HEADER}Romeo logs in\nRomeo is asked {a}\nRomeo logs in and answers 1 to {a}\nVerona receives Romeo's login unchanged\n`,
      'x.txt:9',
    ],
    [
      'when the VASP is never answered for',
      `${OPEN}Romeo logs in\nVerona receives Romeo's login unchanged\n`,
      'no step answers',
    ],
    ['when nothing was asked for', `${HEADER}Romeo is asked {a}\n`, 'waits for nothing'],
    ['when a code differs', `${HEADER}Romeo logs in\nRomeo is denied with 402: {any}\n`, 'expected "402", got "403"'],
    [
      'when an element is missing',
      `${OPEN}${IN}Romeo sends in session x:\n    <GetList-Request/>\nRomeo receives:\n    <Status><Result><Code>604</Code></Result></Status>\n`,
      '/Status/Result/Description: not expected',
    ],
    [
      'when a captured text differs',
      `${HEADER}Romeo logs in\nRomeo is asked {a}\nRomeo logs in\nRomeo is asked {a}\n`,
      'x.txt:9',
    ],
    ['when the store holds something else', `${OPEN}${IN}the store holds nothing about Romeo\n`, 'everything'],
    ['when something else was counted', `${OPEN}${IN}counted: login verona denied\n`, 'login verona accepted'],
    ['at a step that it does not know', `${OPEN}Romeo sings\n`, 'no step has this form'],
    ['at a name that nobody has', `${OPEN}Tybalt logs in\n`, 'no step has this form'],
    ['at a text that was never captured', `${HEADER}Romeo logs in and answers 1 to {a}\n`, 'nothing was captured'],
  ])('%s', async (_name, text, told) => {
    await expect(play('x.txt', parseScript(text), '1.3', 'xml')).rejects.toThrow(told);
  });

  test.each([
    ['has no line of dashes', '# A transcript.\n[client] Romeo\n', 'dashes'],
    ['does not say what it shows', '[client] Romeo\n---\n', 'what the transcript shows'],
    ['has a header that nobody knows', '# A\n[server] Verona\n---\n', 'line 2'],
    ['names a version that does not exist', '# A\n[client] Romeo csp: 2.0\n---\n', '2.0'],
    ['has lines that belong to no step', '# A\n---\n    <Status/>\n', 'line 3'],
  ])('to read a transcript that %s', (_name, text, told) => {
    expect(() => parseScript(text)).toThrow(told);
  });
});
