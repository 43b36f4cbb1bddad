/** What clients have acknowledged is said again until it is heard. */
import { expect, test } from '@jest/globals';
import { GatewayError, StoreWriteError } from '../../gateway/errors.ts';
import { Again } from '../../gateway/holders/again.ts';

/** Fails so often, then is heard. */
function hearing(failures: number, error: Error = new GatewayError('NOT_HELD', 'moving')) {
  const said: number[] = [];
  const pauses: number[] = [];
  const again = new Again(async (millis) => void pauses.push(millis));
  const say = async (): Promise<string> => {
    said.push(said.length);
    if (said.length <= failures) throw error;
    return 'heard';
  };
  return { again, say, said, pauses };
}

test('what is heard is said once', async () => {
  const { again, say, said } = hearing(0);
  expect(await again.until(say)).toBe('heard');
  await again.close();
  expect(said).toHaveLength(1);
});

test('what nobody heard is said again after growing pauses, until somebody does', async () => {
  const { again, say, said, pauses } = hearing(3);
  await expect(again.until(say)).rejects.toMatchObject({ code: 'NOT_HELD' });
  await again.close();
  expect(said).toHaveLength(4);
  expect(pauses).toHaveLength(3);
});

test('a store that is away counts as nobody, another failure does not', async () => {
  const away = hearing(1, new StoreWriteError('EAWAY'));
  await expect(away.again.until(away.say)).rejects.toMatchObject({ code: 'EAWAY' });
  await away.again.close();
  expect(away.said).toHaveLength(2);
  const wrong = hearing(1, new RangeError('wrong'));
  await expect(wrong.again.until(wrong.say)).rejects.toThrow(RangeError);
  await wrong.again.close();
  expect(wrong.said).toHaveLength(1);
});

test('whoever ends does not wait for ever', async () => {
  const { again, say, said } = hearing(Number.POSITIVE_INFINITY);
  await expect(again.until(say)).rejects.toMatchObject({ code: 'NOT_HELD' });
  await again.close();
  expect(said.length).toBeLessThan(10);
});
