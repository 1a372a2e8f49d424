import test from 'ava';
import { cleanFlight, FLIGHT_STATUSES } from '../../../ingest/producers/index.ts';
import { compileValidator, loadStreams } from '../../../streams/index.ts';

const OBSERVED_MS = Date.UTC(2024, 3, 27, 12);
const stream = loadStreams('streams').find(({ name }) => name === 'flights')!;
const validate = compileValidator(stream);

const RAW = {
  flight_date: '2024-04-27',
  flight_status: 'active',
  departure: {
    airport: ' San Francisco International ',
    timezone: 'America/Los_Angeles',
    iata: 'SFO',
    icao: 'KSFO',
    terminal: '2',
    gate: '',
    delay: '13',
    scheduled: '2024-04-27T01:10:00+00:00',
    estimated: '2024-04-27T01:10:00+00:00',
    actual: '2024-04-27T01:23:00+00:00',
    estimated_runway: '2024-04-27T01:23:00+00:00',
  },
  arrival: {
    airport: 'Dallas/Fort Worth International',
    timezone: 'America/Chicago',
    iata: 'DFW',
    icao: 'KDFW',
    terminal: 'A',
    gate: 'A22',
    baggage: 'A17',
    delay: null,
    scheduled: '2024-04-27T06:30:00+00:00',
    estimated: null,
    actual: null,
  },
  airline: { name: 'American Airlines', iata: 'AA', icao: 'AAL' },
  flight: { number: 1004, iata: 'AA1004', icao: 'AAL1004', codeshared: null },
  aircraft: { registration: 'N160AN', iata: 'A321', icao: 'A321', icao24: 'A0F1BB' },
  live: {
    updated: '2024-04-27T11:58:00+00:00',
    latitude: 36.2856,
    longitude: '-106.807',
    altitude: 8846.82,
    direction: 114.34,
    speed_horizontal: 894.348,
    speed_vertical: 1.188,
    is_ground: false,
  },
};

function cleaned(raw: unknown, observedAtMs = OBSERVED_MS) {
  const result = cleanFlight(raw, observedAtMs);
  if (!result.ok) throw new Error(result.reason);
  return result;
}

test('A full record becomes an event that the stream takes.', (t) => {
  const { event, droppedFields } = cleaned(RAW);
  t.deepEqual(droppedFields, []);
  const result = validate(event, OBSERVED_MS);
  t.deepEqual(result.ok ? [] : result.problems, []);
  t.deepEqual(Object.keys(event).toSorted(), stream.columns.map(({ name }) => name).toSorted());
  t.like(event, {
    timestamp: '2024-04-27T11:58:00.000Z',
    flight_key: '2024-04-27_AA1004_SFO_DFW',
    departure_airport: 'San Francisco International',
    departure_gate: null,
    departure_delay_minutes: 13,
    flight_number: '1004',
    live_longitude: -106.807,
    live_is_ground: false,
  });
});

test('The statuses are those of the stream.', (t) => {
  const column = stream.columns.find(({ name }) => name === 'flight_status');
  t.deepEqual(column?.enum, FLIGHT_STATUSES);
});

// Worked by hand: Los Angeles is UTC-7 and Chicago UTC-5 on 27 April; Los Angeles is UTC-8 in January.
for (const [given, timezone, expected] of [
  ['2024-04-27T01:10:00+00:00', 'America/Los_Angeles', '2024-04-27T08:10:00.000Z'],
  ['2024-04-27T06:30:00+00:00', 'America/Chicago', '2024-04-27T11:30:00.000Z'],
  ['2024-01-15T01:10:00+00:00', 'America/Los_Angeles', '2024-01-15T09:10:00.000Z'],
  ['2024-04-27T01:10:00+02:00', 'America/Los_Angeles', '2024-04-26T23:10:00.000Z'],
  ['2024-04-27T01:10:00+00:00', 'Mars/Olympus', '2024-04-27T01:10:00.000Z'],
  ['2024-04-27T01:10:00+00:00', null, '2024-04-27T01:10:00.000Z'],
  ['2024-03-10T03:00:00+00:00', 'America/Los_Angeles', '2024-03-10T10:00:00.000Z'],
  ['2024-02-30T01:10:00+00:00', null, null],
  ['tomorrow', 'America/Chicago', null],
] as const) {
  test(`A departure at ${given} in ${timezone} is ${expected}.`, (t) => {
    const departure = { ...RAW.departure, timezone, scheduled: given };
    const { event, droppedFields } = cleaned({ ...RAW, departure });
    t.is(event.departure_scheduled, expected);
    t.deepEqual(droppedFields, expected === null ? ['departure_scheduled'] : []);
  });
}

for (const [why, raw, reason] of [
  ['a text', 'flight', 'not_an_object'],
  ['null', null, 'not_an_object'],
  ['a list', [RAW], 'not_an_object'],
  [
    'a codeshare',
    { ...RAW, flight: { ...RAW.flight, codeshared: { flight_iata: 'ba1' } } },
    'codeshare',
  ],
  ['without a date', { ...RAW, flight_date: ' ' }, 'missing_flight_date'],
  ['with a date that is none', { ...RAW, flight_date: '2024-13-01' }, 'missing_flight_date'],
  ['without a code', { ...RAW, flight: {} }, 'missing_flight_code'],
  ['with an unknown status', { ...RAW, flight_status: 'lost' }, 'unknown_status'],
] as const) {
  test(`A record that is ${why} gives no event: ${reason}.`, (t) => {
    t.deepEqual(cleanFlight(raw, OBSERVED_MS), { ok: false, reason });
  });
}

test('Values that cannot be used become null and are named, and the event still passes.', (t) => {
  const { event, droppedFields } = cleaned({
    ...RAW,
    departure: { ...RAW.departure, delay: 'soon', gate: { id: 1 }, airport: 'x'.repeat(129) },
    live: { ...RAW.live, latitude: 91, altitude: Number.NaN, is_ground: 'perhaps' },
  });
  t.deepEqual(droppedFields, [
    'departure_airport',
    'departure_gate',
    'departure_delay_minutes',
    'live_latitude',
    'live_altitude_meters',
    'live_is_ground',
  ]);
  t.true(validate(event, OBSERVED_MS).ok);
});

test('The id follows from the content: seen later it is the same, changed it is another.', (t) => {
  const without = { ...RAW, live: null };
  const first = cleaned(without).event;
  const later = cleaned(without, OBSERVED_MS + 60_000).event;
  t.is(first.flight_event_id, later.flight_event_id);
  t.not(first.timestamp, later.timestamp);
  const changed = cleaned({ ...without, flight_status: 'landed' }).event;
  t.not(first.flight_event_id, changed.flight_event_id);
  t.is(first.flight_key, changed.flight_key);
});

test('A live position from the future takes the time of the poll.', (t) => {
  const live = { ...RAW.live, updated: '2024-04-28T00:00:00+00:00' };
  t.is(cleaned({ ...RAW, live }).event.timestamp, '2024-04-27T12:00:00.000Z');
});
