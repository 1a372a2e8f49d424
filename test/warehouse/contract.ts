/** What every warehouse must do; one run a adapter. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { QuarantineRecord, Warehouse } from '../../warehouse/index.ts';
import { grouped, payment, payments, SECOND_MICROS, START_MICROS } from './fixtures/streams.ts';

const ALL = { fromMicros: START_MICROS - 1e15, toMicros: START_MICROS + 1e15 };
const at = (second: number) => START_MICROS + second * SECOND_MICROS;
const ids = (rows: readonly { readonly row: readonly unknown[] }[]) =>
  rows.map(({ row }) => row[0]);

/** Sixty rows within 60 ms from a second on. */
const crowd = (prefix: string, second: number) =>
  Array.from({ length: 60 }, (_, index) =>
    payment(`${prefix}${String(index).padStart(2, '0')}`, second + index / 1_000),
  );

/** Where adapters may differ. */
export interface ContractTraits {
  /** How the adapter names column types in a conflict. */
  readonly types: { readonly STRING: string; readonly FLOAT64: string; readonly INT64: string };
  /** Whether an append itself knows what is stored, or a repeated event is stored again and read once. */
  readonly storesOnce: 'as_written' | 'as_read';
  /** One test at a time: a server that all of them share is slow. */
  readonly isSerial?: boolean;
  /** Only tests of these titles. */
  readonly titles?: RegExp;
  /** False where the server keeps the columns of a table as they were. */
  readonly addsColumns?: boolean;
  /** How a payload comes back. */
  readonly payloadOf?: (payload: Uint8Array) => Uint8Array;
}

const DUCKDB: ContractTraits = {
  types: { STRING: 'VARCHAR', FLOAT64: 'DOUBLE', INT64: 'BIGINT' },
  storesOnce: 'as_written',
};

/** Declares the suite; `open` returns an empty warehouse, closed by the suite. */
export function warehouseContract(
  name: string,
  open: () => Promise<Warehouse>,
  traits: ContractTraits = DUCKDB,
): void {
  const { types, storesOnce, isSerial, titles, addsColumns = true } = traits;
  const { payloadOf = (payload) => payload } = traits;
  const isKnown = storesOnce === 'as_written';
  const run = (title: string, body: (t: ExecutionContext, w: Warehouse) => Promise<void>) => {
    if (titles && !titles.test(title)) return;
    (isSerial ? test.serial : test)(`${name}: ${title}`, async (t) => {
      if (isSerial) t.timeout(300_000);
      const warehouse = await open();
      try {
        await warehouse.prepare([payments, grouped]);
        await body(t, warehouse);
      } finally {
        await warehouse.close();
      }
    });
  };

  run('an empty stream has no rows, no newest event and no windows', async (t, w) => {
    t.is(await w.rowCount(payments), 0);
    t.is(await w.newestEvent(payments), null);
    t.deepEqual(await w.events(payments, { ...ALL, filters: {}, order: 'desc', limit: 5 }), []);
    t.deepEqual(await w.windows(payments, { ...ALL, order: 'desc', limit: 5 }), []);
    t.deepEqual(await w.windowContinuity(payments, ALL), []);
    t.deepEqual(await w.windowSpikes(payments, ALL), []);
    t.is(await w.event(payments, 'none'), undefined);
    t.deepEqual(await w.append(payments, []), {
      committedCount: 0,
      duplicateCount: 0,
      rejected: [],
    });
    await w.check();
  });

  run('a row comes back as it went in, in every column type', async (t, w) => {
    const rows = [
      payment('1', 0.000001, 0.1, [
        'é "☃" \u0000 \'x\'',
        9_007_199_254_740_991,
        false,
        '1969-12-31',
        '"text"',
      ]),
      payment('2', -2_000_000_000, null, [null, null, null, null, null]),
      payment("3'; drop table payments; --", 3, -0.5, ['', -5, true, '2200-12-31', 'null']),
    ];
    await w.append(payments, rows);
    for (const row of rows) {
      const { ingestTimeMicros, ...stored } = (await w.event(payments, String(row.row[0])))!;
      t.deepEqual(stored, row);
      t.true(ingestTimeMicros > 0);
    }
    t.is(await w.rowCount(payments), 3);
    t.is((await w.newestEvent(payments))?.eventTimeMicros, at(3));
  });

  run('each event id is stored once, within an append and across them', async (t, w) => {
    const first = await w.append(payments, [
      payment('1', 1, 1),
      payment('2', 2),
      payment('1', 3, 9),
    ]);
    t.deepEqual(first, { committedCount: 2, duplicateCount: 1, rejected: [] });
    const second = await w.append(payments, [payment('2', 9), payment('3', 3)]);
    t.deepEqual(second, {
      committedCount: isKnown ? 1 : 2,
      duplicateCount: isKnown ? 1 : 0,
      rejected: [],
    });
    t.is((await w.event(payments, '1'))?.row[2], 1);
    t.is((await w.event(payments, '2'))?.row[1], at(2), 'the first one wins');
    const all = await w.events(payments, { ...ALL, filters: {}, order: 'asc', limit: 9 });
    t.deepEqual(ids(all), ['1', '2', '3']);
    const [window] = await w.windows(payments, { ...ALL, order: 'asc', limit: 9 });
    t.deepEqual(window?.measures.slice(0, 2), [3, 3]);
    t.is(await w.rowCount(payments), 3);
    t.is((await w.append(grouped, [payment('1', 1)])).committedCount, 1);
  });

  run('appends at the same moment store each event id once', async (t, w) => {
    const rows = Array.from({ length: 50 }, (_, index) => payment(String(index), index));
    const results = await Promise.all([1, 2, 3, 4].map(() => w.append(payments, rows)));
    t.is(
      results.reduce((sum, result) => sum + result.committedCount, 0),
      isKnown ? 50 : 200,
    );
    t.is(await w.rowCount(payments), 50);
  });

  run('a row that the warehouse refuses is named and the others are committed', async (t, w) => {
    const rows = Array.from({ length: 100 }, (_, index) => payment(`r${index}`, index));
    const bad = {
      ...rows[37]!,
      row: [...rows[37]!.row.slice(0, 1), null, ...rows[37]!.row.slice(2)],
    };
    const result = await w.append(payments, [
      ...rows.slice(0, 37),
      bad,
      ...rows.slice(38),
      rows[37]!,
    ]);
    t.is(result.committedCount, 100);
    t.deepEqual(
      result.rejected.map(({ index }) => index),
      [37],
    );
    t.is(result.duplicateCount, 0);
    t.truthy(await w.event(payments, 'r37'));
    t.is((await w.append(payments, rows)).duplicateCount, isKnown ? 100 : 0);
    t.is(await w.rowCount(payments), 100);
  });

  run('pages of events are complete and in order, both ways, ties by id', async (t, w) => {
    const rows = Array.from({ length: 25 }, (_, index) =>
      payment(`e${String((index * 7) % 25).padStart(2, '0')}`, Math.floor(((index * 7) % 25) / 4)),
    );
    await w.append(payments, rows);
    const sorted = rows.map(({ row }) => String(row[0])).toSorted((a, b) => (a < b ? -1 : 1));
    for (const order of ['asc', 'desc'] as const) {
      const seen: unknown[] = [];
      let after: { eventTimeMicros: number; eventId: string } | undefined;
      for (;;) {
        const page = await w.events(payments, {
          ...ALL,
          filters: {},
          order,
          limit: 4,
          ...(after ? { after } : {}),
        });
        const last = page.at(-1);
        if (!last) break;
        seen.push(...ids(page));
        after = { eventTimeMicros: Number(last.row[1]), eventId: String(last.row[0]) };
      }
      t.deepEqual(seen, order === 'asc' ? sorted : sorted.toReversed());
    }
  });

  run('ranges are half-open and filters compare by value, null included', async (t, w) => {
    await w.append(payments, [
      payment('1', 0, 1, ['a', 1, true, '2024-01-01', null]),
      payment('2', 10, 1, ["x' or '1'='1", 2, false, '2024-01-02', null]),
      payment('3', 20, 1, [null, null, null, null, null]),
    ]);
    const find = async (filters: Record<string, string | number | boolean | null>) =>
      ids(await w.events(payments, { ...ALL, filters, order: 'asc', limit: 10 }));
    t.deepEqual(await find({ shop: 'a' }), ['1']);
    t.deepEqual(await find({ shop: "x' or '1'='1" }), ['2']);
    t.deepEqual(await find({ count: 2, is_card: false, day: '2024-01-02' }), ['2']);
    t.deepEqual(await find({ shop: null }), ['3']);
    t.deepEqual(await find({ shop: 'a', count: 2 }), []);
    t.deepEqual(await find({ count: 1, amount: 1 }), ['1'], 'a whole number of a FLOAT64 column');
    const range = { fromMicros: at(0), toMicros: at(20), filters: {}, limit: 10 } as const;
    t.deepEqual(ids(await w.events(payments, { ...range, order: 'asc' })), ['1', '2']);
    t.deepEqual(await w.events(payments, { ...range, toMicros: at(-5), order: 'asc' }), []);
  });

  run('filters hold at the edges of their types', async (t, w) => {
    const reals = [1e30, -1e308, 2 ** 63, 0.1, 3_000_000_000, 5e-324];
    const counts = [2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 31, 0, -1, 1];
    const days = ['1900-01-01', '2200-12-31', '1970-01-01', '1969-12-31', '2024-02-29', null];
    await w.append(
      payments,
      reals.map((real, index) =>
        payment(String(index), index, real, ['a', counts[index]!, true, days[index]!, null]),
      ),
    );
    const query = { ...ALL, order: 'asc', limit: 10 } as const;
    for (const index of reals.keys()) {
      const cells = { amount: reals[index]!, count: counts[index]!, day: days[index]! };
      for (const [columnName, cell] of Object.entries(cells)) {
        const filters = { [columnName]: cell };
        const found = ids(await w.events(payments, { ...query, filters }));
        t.deepEqual(found, [String(index)], JSON.stringify(filters));
      }
    }
    t.deepEqual(await w.events(payments, { ...query, filters: { amount: 1e31 } }), []);
    t.deepEqual(await w.events(payments, { ...query, limit: 0, filters: {} }), []);
  });

  run('a question asked before is answered with what was stored since', async (t, w) => {
    const ask = async () => {
      const page = { ...ALL, order: 'desc', limit: 100 } as const;
      return {
        withoutShop: (await w.events(grouped, { ...page, filters: { shop: null } })).length,
        newest: ids(await w.events(grouped, { ...page, filters: {} }))[0],
        windows: await w.windows(grouped, { ...page, limit: 3 }),
        spikes: (await w.windowSpikes(grouped, ALL)).length,
        gaps: (await w.windowContinuity(grouped, ALL)).length,
      };
    };
    const narrow = Array.from({ length: 500 }, (_, index) => payment(`a${index}`, index, 1));
    await w.append(grouped, narrow);
    const before = await ask();
    t.like(before, { withoutShop: 0, newest: 'a499', gaps: 0 });
    t.deepEqual(before.windows[0]?.measures.slice(0, 2), [20, 20]);
    const wide = Array.from({ length: 500 }, (_, index) =>
      payment(`${'z'.repeat(60)}${index}`, 9_000 + index, 1e9, [
        index % 2 === 0 ? null : 'ü'.repeat(100),
        9_007_199_254_740_991,
        false,
        '2200-12-31',
        '{}',
      ]),
    );
    await w.append(grouped, wide);
    const after = await ask();
    t.like(after, { withoutShop: 100, newest: wide[499]!.row[0], gaps: 0 });
    t.deepEqual(
      after.windows.map(({ group }) => group),
      [['ü'.repeat(100)], [null], ['ü'.repeat(100)]],
    );
  });

  run('pages are complete where events crowd, lie years apart or stand alone', async (t, w) => {
    const year = 31_557_600;
    const rows = [
      payment('first', -54 * year),
      ...crowd('a', -20 * year),
      ...crowd('b', 0),
      ...Array.from({ length: 60 }, (_, index) => payment(`c${index + 10}`, 100)),
      payment('last', 600),
    ];
    await w.append(payments, rows);
    const sorted = ids(rows);
    const walks = [
      ['desc', 100],
      ['asc', 45],
      ['asc', 7],
      ['desc', 7],
      ['desc', 1],
    ] as const;
    // Where each page is several queries of a tenth of a second, two walks are enough.
    for (const [order, limit] of isSerial ? walks.slice(0, 2) : walks) {
      const seen: unknown[] = [];
      let query: Parameters<Warehouse['events']>[1] = { ...ALL, filters: {}, order, limit };
      query = { ...query, fromMicros: at(-60 * year) };
      for (;;) {
        const page = await w.events(payments, query);
        seen.push(...ids(page));
        const last = page.at(-1);
        if (!last) break;
        const after = { eventTimeMicros: Number(last.row[1]), eventId: String(last.row[0]) };
        query = { ...query, after };
      }
      t.deepEqual(seen, order === 'asc' ? sorted : sorted.toReversed(), `${order} ${limit}`);
    }
    const rare = { ...ALL, fromMicros: at(-60 * year), order: 'desc', limit: 3 } as const;
    await w.append(payments, [payment('rare', -53 * year, 7)]);
    t.deepEqual(ids(await w.events(payments, { ...rare, filters: { amount: 7 } })), ['rare']);
  });

  run(
    'windows aggregate every row, late and before 1970 too, in half-open buckets',
    async (t, w) => {
      const before1970 = (-1 - START_MICROS) / SECOND_MICROS;
      await w.append(payments, [
        payment('1', 0, 1),
        payment('2', 29.999999, 4),
        payment('3', 30, 7),
      ]);
      await w.append(payments, [payment('late', 10, 1), payment('old', before1970, null)]);
      t.deepEqual(
        await w.windows(payments, { ...ALL, fromMicros: -1e14, order: 'asc', limit: 9 }),
        [
          {
            windowStartMicros: -30 * SECOND_MICROS,
            group: [],
            measures: [1, null, null, null, null],
          },
          { windowStartMicros: at(0), group: [], measures: [3, 6, 2, 4, 1] },
          { windowStartMicros: at(30), group: [], measures: [1, 7, 7, 7, 7] },
        ],
      );
      const newest = await w.windows(payments, { ...ALL, order: 'desc', limit: 1 });
      t.deepEqual(
        newest.map((row) => row.windowStartMicros),
        [at(30)],
      );
      const startsInRange = {
        fromMicros: at(1),
        toMicros: at(31),
        order: 'asc',
        limit: 9,
      } as const;
      const inRange = await w.windows(payments, startsInRange);
      t.deepEqual(
        inRange.map((row) => row.windowStartMicros),
        [at(30)],
      );
    },
  );

  run('pages of windows reach far apart ones, groups with null too, both ways', async (t, w) => {
    const shops = ['a', 'b', null];
    const rows = [0, 30, 60, 9_000_000, 9_000_030].flatMap((second) =>
      shops.map((shop) => payment(`${second}${shop}`, second, 1, [shop, 1, true, null, null])),
    );
    await w.append(grouped, rows);
    for (const order of ['asc', 'desc'] as const) {
      const seen: string[] = [];
      let after:
        | { windowStartMicros: number; group: readonly (string | number | boolean | null)[] }
        | undefined;
      for (;;) {
        const query = { ...ALL, order, limit: 2, ...(after ? { after } : {}) };
        const page = await w.windows(grouped, query);
        const last = page.at(-1);
        if (!last) break;
        seen.push(...page.map((row) => `${row.windowStartMicros} ${row.group[0]}`));
        after = last;
      }
      const shopOrder = [null, 'a', 'b'];
      const expected = [0, 30, 60, 9_000_000, 9_000_030].flatMap((second) =>
        shopOrder.map((shop) => `${at(second)} ${shop}`),
      );
      t.deepEqual(seen, order === 'asc' ? expected : expected.toReversed());
    }
  });

  run('continuity names the gap between windows, per group', async (t, w) => {
    await w.append(payments, [
      payment('1', 0),
      payment('2', 30),
      payment('3', 150),
      payment('4', 180),
    ]);
    t.deepEqual(await w.windowContinuity(payments, ALL), [
      { group: [], gapStartMicros: at(60), gapEndMicros: at(150), missingWindowCount: 3 },
    ]);
    await w.append(grouped, [
      payment('1', 0, 1, ['a', 1, true, null, null]),
      payment('2', 60, 1, ['a', 1, true, null, null]),
      payment('3', 30, 1, ['b', 1, true, null, null]),
    ]);
    t.deepEqual(await w.windowContinuity(grouped, ALL), [
      { group: ['a'], gapStartMicros: at(30), gapEndMicros: at(60), missingWindowCount: 1 },
    ]);
  });

  run(
    'a spike exceeds the factor times the mean of ten windows, wherever they lie',
    async (t, w) => {
      // Ten windows of 3, then 6 (just twice the mean: no spike), then 7 against (9 × 3 + 6) / 10 = 3.3.
      const tens = Array.from({ length: 10 }, (_, index) => payment(`w${index}`, index * 3_000, 3));
      await w.append(payments, [...tens, payment('even', 30_000, 6), payment('spike', 30_030, 7)]);
      const expected = [{ windowStartMicros: at(30_030), group: [], value: 7, movingAverage: 3.3 }];
      t.deepEqual(await w.windowSpikes(payments, ALL), expected);
      t.deepEqual(await w.windowSpikes(payments, { ...ALL, fromMicros: at(30_030) }), expected);
      await w.append(grouped, [...tens.slice(1), payment('spike', 30_030, 100)]);
      t.deepEqual(await w.windowSpikes(grouped, ALL), [], 'nine windows give no verdict');
    },
  );

  run('quarantined messages keep their bytes and come newest first', async (t, w) => {
    const record = (index: number): QuarantineRecord => ({
      stream: 'payments',
      messageId: `m${index}`,
      subscription: 'payments-ingest',
      publishTimeMicros: at(index),
      quarantineTimeMicros: at(index),
      payloadText: index === 1 ? '' : '{"a":1}',
      payload: Uint8Array.of(0, 255, index),
      attributes: index === 2 ? {} : { 'content-encoding': "gz'ip" },
      orderingKey: 'k',
      reasonCode: index === 1 ? 'bad_encoding' : 'not_json',
      reason: 'expected JSON; got none',
      deliveryAttempt: index,
    });
    await w.quarantine([record(1), record(2), record(3)]);
    await w.quarantine([{ ...record(4), stream: 'grouped' }]);
    const all = await w.quarantined('payments', { limit: 10 });
    t.deepEqual(
      all.map(({ quarantineId, ...rest }) => (t.truthy(quarantineId), rest)),
      [
        { ...record(3), payload: payloadOf(record(3).payload), replayTimeMicros: null },
        { ...record(2), payload: payloadOf(record(2).payload), replayTimeMicros: null },
        { ...record(1), payload: payloadOf(record(1).payload), replayTimeMicros: null },
      ],
    );
    t.is(await w.quarantineCount('payments'), 3);
    const [newest] = all;
    const next = await w.quarantined('payments', { limit: 1, afterId: newest!.quarantineId });
    t.is(next[0]?.messageId, 'm2');
    const bad = await w.quarantined('payments', { limit: 9, reasonCode: 'bad_encoding' });
    t.deepEqual(
      bad.map(({ messageId }) => messageId),
      ['m1'],
    );
    await w.markReplayed('payments', [newest!.quarantineId], at(99));
    const replayed = await w.quarantined('payments', { limit: 9, isReplayed: true });
    t.deepEqual(
      replayed.map((row) => [row.messageId, row.replayTimeMicros]),
      [['m3', at(99)]],
    );
    t.is((await w.quarantined('payments', { limit: 9, isReplayed: false })).length, 2);
  });

  run(
    'a new nullable column is added and any other change is refused with what to do',
    async (t, w) => {
      await w.append(payments, [payment('1', 0)]);
      const [id, time, amount, ...others] = payments.columns;
      const added = { name: 'note', type: 'STRING', isRequired: false, description: '' } as const;
      const wider = { ...payments, columns: [id!, added, time!, amount!, ...others] };
      await w.prepare([wider]);
      if (addsColumns) {
        t.deepEqual((await w.event(wider, '1'))?.row.slice(0, 3), ['1', null, at(0)]);
        const row = payment('2', 1);
        await w.append(wider, [{ ...row, row: ['2', 'hello', ...row.row.slice(1)] }]);
        t.is((await w.event(wider, '2'))?.row[1], 'hello');
      }
      const changed = {
        ...wider,
        columns: [
          id!,
          { ...added, isRequired: true },
          time!,
          { ...amount!, type: 'INT64' as const },
        ],
      };
      const error = await t.throwsAsync(w.prepare([changed]), { code: 'schema_conflict' });
      for (const conflict of [
        `payments.note: stored ${types.STRING} NULLABLE, wanted ${types.STRING} REQUIRED`,
        `payments.amount: stored ${types.FLOAT64} NULLABLE, wanted ${types.INT64} NULLABLE`,
        `payments.shop: stored ${types.STRING} NULLABLE, wanted absent`,
      ]) {
        t.true(error.message.includes(conflict), `${conflict} in ${error.message}`);
      }
      t.regex(error.message, /give the stream a new name/);
    },
  );
}
