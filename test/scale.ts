/**
 * How much of a long test runs: the figures of every run, or those of `npm run test:nightly`, before a release. One
 * place, so that a test says both of its figures where it uses them.
 */

/** Whether this is the long run. */
export const isNightly = process.env.TEST_SCALE === 'nightly';

/** The figure of this run: `everyRun` normally, `nightly` in the long run. */
export function scaled(everyRun: number, nightly: number): number {
  return isNightly ? nightly : everyRun;
}
