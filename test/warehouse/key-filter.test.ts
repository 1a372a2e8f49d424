import test from 'ava';
import { keyOf } from '../../warehouse/event-id-index.ts';
import { KeyFilter } from '../../warehouse/key-filter.ts';

test('a key that was added is always found, and few others are, also past the first part', (t) => {
  const filter = new KeyFilter();
  const addedCount = 1_300_000;
  for (let index = 0; index < addedCount; index++) filter.add(keyOf(`event-${index}`));
  let missedCount = 0;
  for (let index = 0; index < addedCount; index += 13) {
    if (!filter.mayHave(keyOf(`event-${index}`))) missedCount++;
  }
  t.is(missedCount, 0);
  let falseCount = 0;
  for (let index = 0; index < 100_000; index++) {
    if (filter.mayHave(keyOf(`other-${index}`))) falseCount++;
  }
  t.true(falseCount < 1_000, `${falseCount} of 100,000 passed`);
});

test('an empty filter has nothing', (t) => {
  t.false(new KeyFilter().mayHave(keyOf('event-1')));
});
