import test from 'ava';
import { KeyFilter } from '../../warehouse/key-filter.ts';
import { spreadKey } from './fixtures/keys.ts';

test('a key that was added is always found, and few others are', (t) => {
  const addedCount = 300_000;
  const filter = KeyFilter.withRoomFor(addedCount);
  for (let n = 0; n < addedCount; n++) filter.add(spreadKey(n));
  const again = new KeyFilter(Uint32Array.from(filter.words));
  let missedCount = 0;
  for (let n = 0; n < addedCount; n++) if (!again.mayHave(spreadKey(n))) missedCount++;
  t.is(missedCount, 0);
  let falseCount = 0;
  for (let n = 0; n < 100_000; n++) if (filter.mayHave(spreadKey(addedCount + n))) falseCount++;
  t.true(falseCount < 1_000, `${falseCount} of 100,000 passed`);
  t.is(filter.words.byteLength / addedCount, 2, 'two bytes a key');
});

test('an empty filter has nothing, and the least and the greatest key have a place', (t) => {
  const filter = KeyFilter.withRoomFor(1_000_003);
  for (const key of [0, 2 ** 52 - 1]) {
    t.false(filter.mayHave(key));
    filter.add(key);
    t.true(filter.mayHave(key));
  }
});
