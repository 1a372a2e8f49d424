/** A steady producer of the test stream, straight to the Pub/Sub server, that remembers what was answered. */
import type { PubSub } from '@google-cloud/pubsub';
import { messageOf, systemClock } from '../../../runtime/index.ts';
import { payment, PAYMENTS } from './rig.ts';

/** One message in this many is poison. */
const POISON_EVERY = 41;
const BATCH = 3;
const PAUSE_MS = 25;

export interface Published {
  /** Event ids of good events whose publish was answered. */
  readonly good: ReadonlySet<string>;
  /** Message ids of poison, and what it was. */
  readonly poison: ReadonlyMap<string, string>;
  /** Ids whose publish failed, and why: they may be stored or not. */
  readonly unanswered: ReadonlyMap<string, string>;
}

export interface Publisher {
  /** Publishes no more; resolves once each publish was answered or has failed. */
  stop(): Promise<Published>;
}

/** What is wrong with a message, and its bytes; each carries its id where a reader can find it. */
const POISONS: Readonly<Record<string, (index: number, id: string) => Buffer>> = {
  torn: (_, id) => Buffer.from(`{"payment_id":"${id}",`),
  negative: (index, id) => encode({ ...payment(index), payment_id: id, amount: -1 }),
  'without a time': (_, id) => encode({ payment_id: id, amount: 1 }),
  'too long': (index, id) => encode({ ...payment(index), payment_id: id, note: 'n'.repeat(1_001) }),
  'not text': (_, id) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(id)]),
};

export function startPublisher(pubsub: PubSub): Publisher {
  const good = new Set<string>();
  const poison = new Map<string, string>();
  const unanswered = new Map<string, string>();
  const pending = new Set<Promise<void>>();
  const topic = pubsub.topic(PAYMENTS.topic, { batching: { maxMilliseconds: 5 } });
  const kinds = Object.entries(POISONS);

  const publish = (index: number) => {
    const isPoison = index % POISON_EVERY === 0;
    const [kind, make] = kinds[(index / POISON_EVERY) % kinds.length] ?? [];
    const id = isPoison ? `poison-${index}` : `p${index}`;
    const timestamp = new Date(systemClock.nowMs()).toISOString();
    const data =
      isPoison && make ? make(index, id) : encode({ ...payment(index), payment_id: id, timestamp });
    const answer = topic
      .publishMessage({ data })
      .then(
        (messageId) => {
          if (isPoison) poison.set(messageId, kind ?? '');
          else good.add(id);
        },
        (error: unknown) => void unanswered.set(id, messageOf(error)),
      )
      .finally(() => pending.delete(answer));
    pending.add(answer);
  };

  const stopping = new AbortController();
  const publishing = (async () => {
    for (let index = 1; !stopping.signal.aborted; index += 1) {
      publish(index);
      if (index % BATCH === 0) await systemClock.sleep(PAUSE_MS);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await publishing;
      await Promise.all(pending);
      return { good, poison, unanswered };
    },
  };
}

function encode(event: object): Buffer {
  return Buffer.from(JSON.stringify(event));
}
