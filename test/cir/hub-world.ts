/** What tests of CIR have of the rest of the gateway. */
export { secretsOf, TEST_KEY } from '../transcripts/rig.ts';

/** Work on promises alone is done after this. */
export async function settled(): Promise<void> {
  for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve));
}
