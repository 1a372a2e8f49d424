/** Topics: create, get, list, update, delete, and what is left of a deleted one. */
import type { Clients } from '../clients.ts';
import { ONE_ATTEMPT, texts } from '../clients.ts';
import type { Script } from '../script.ts';
import { script } from '../script.ts';

const DAY_SECONDS = 86_400;

export const topicScripts: readonly Script[] = [
  script(
    'topic-create',
    async (c) => {
      const [topic] = await c.publisher.createTopic(
        { name: c.topic(), labels: { team: 'data' } },
        ONE_ATTEMPT,
      );
      const [read] = await c.publisher.getTopic({ topic: c.topic() }, ONE_ATTEMPT);
      return { created: c.view(topic), read: c.view(read) };
    },
    {
      created: { labels: { team: 'data' }, name: 'projects/PROJECT/topics/topic' },
      read: { labels: { team: 'data' }, name: 'projects/PROJECT/topics/topic' },
    },
  ),
  script(
    'resource-state',
    async (c) => {
      const subscription = await c.createPair();
      const [topic] = await c.publisher.getTopic({ topic: c.topic() }, ONE_ATTEMPT);
      const [read] = await c.subscriber.getSubscription({ subscription }, ONE_ATTEMPT);
      return { topic: `${topic.state}`, subscription: `${read.state}` };
    },
    { topic: 'STATE_UNSPECIFIED', subscription: 'STATE_UNSPECIFIED' },
  ),
  script(
    'topic-create-twice',
    async (c) => {
      await c.createTopic();
      return c.outcome(c.createTopic());
    },
    'ALREADY_EXISTS: Topic already exists',
  ),
  script(
    'topic-bad-names',
    (c) =>
      c.outcomes({
        'too short': () => create(c, c.topic('ab')),
        shortest: () => create(c, c.topic('abc')),
        longest: () => create(c, c.topic('a'.repeat(255))),
        'too long': () => create(c, c.topic('a'.repeat(256))),
        'starts with a digit': () => create(c, c.topic('1abc')),
        'starts with goog': () => create(c, c.topic('google-topic')),
        'has a space': () => create(c, c.topic('bad name')),
        'has every allowed sign': () => create(c, c.topic('a-b_c.d~e+f%2A')),
        'no project': () => create(c, 'topics/topic'),
        'a subscription': () => create(c, c.subscription('topic')),
        empty: () => create(c, ''),
      }),
    {
      'too short': 'INVALID_ARGUMENT: Invalid [topics] name: (name=projects/PROJECT/topics/ab)',
      shortest: 'OK',
      longest: 'OK',
      'too long': 'INVALID_ARGUMENT: Invalid [topics] name: (name=projects/PROJECT/topics/a…a)',
      'starts with a digit':
        'INVALID_ARGUMENT: Invalid [topics] name: (name=projects/PROJECT/topics/1abc)',
      'starts with goog':
        'INVALID_ARGUMENT: Invalid [topics] name: (name=projects/PROJECT/topics/google-topic)',
      'has a space':
        'INVALID_ARGUMENT: Invalid [topics] name: (name=projects/PROJECT/topics/bad name)',
      'has every allowed sign': 'OK',
      'no project': 'INVALID_ARGUMENT: Invalid [topics] name: (name=topics/topic)',
      'a subscription':
        'INVALID_ARGUMENT: Invalid [topics] name: (name=projects/PROJECT/subscriptions/topic)',
      empty: 'INVALID_ARGUMENT: Invalid [topics] name: (name=)',
    },
  ),
  script(
    'topic-retention-bounds',
    async (c) => {
      const bounds = [599, 600, 31 * DAY_SECONDS, 31 * DAY_SECONDS + 1];
      const calls = bounds.map((seconds): [string, () => Promise<unknown>] => [
        `${seconds} s`,
        () =>
          c.publisher.createTopic(
            { name: c.topic(`t${seconds}`), messageRetentionDuration: { seconds } },
            ONE_ATTEMPT,
          ),
      ]);
      return c.outcomes(Object.fromEntries(calls));
    },
    {
      '599 s': 'INVALID_ARGUMENT: message_retention_duration out of bounds',
      '600 s': 'OK',
      '2678400 s': 'OK',
      '2678401 s': 'INVALID_ARGUMENT: message_retention_duration out of bounds',
    },
  ),
  script(
    'topic-missing',
    (c) =>
      c.outcomes({
        get: () => c.publisher.getTopic({ topic: c.topic() }, ONE_ATTEMPT),
        delete: () => c.publisher.deleteTopic({ topic: c.topic() }, ONE_ATTEMPT),
        update: () => update(c, { labels: { a: 'b' } }, ['labels']),
        'list subscriptions': () =>
          c.publisher.listTopicSubscriptions({ topic: c.topic() }, ONE_ATTEMPT),
        'list snapshots': () => c.publisher.listTopicSnapshots({ topic: c.topic() }, ONE_ATTEMPT),
        'get with a bad name': () => c.publisher.getTopic({ topic: 'nonsense' }, ONE_ATTEMPT),
      }),
    {
      get: 'NOT_FOUND: Topic not found',
      delete: 'NOT_FOUND: Topic not found',
      update: 'NOT_FOUND: Topic not found.',
      'list subscriptions': 'OK',
      'list snapshots': 'OK',
      'get with a bad name': 'INVALID_ARGUMENT: Invalid [topics] name: (name=nonsense)',
    },
  ),
  script(
    'topic-list-pages',
    async (c) => {
      for (const id of ['one', 'two', 'three', 'four', 'five']) await c.createTopic(id);
      const pages: number[] = [];
      const names: string[] = [];
      let pageToken = '';
      do {
        const [topics, , response] = await c.publisher.listTopics(
          { project: `projects/${c.project}`, pageSize: 2, pageToken },
          { ...ONE_ATTEMPT, autoPaginate: false },
        );
        pages.push(topics.length);
        names.push(...topics.map((topic) => topic.name ?? ''));
        pageToken = response.nextPageToken ?? '';
      } while (pageToken !== '');
      return { pages, names: c.view(names.toSorted()) };
    },
    {
      pages: [2, 2, 1],
      names: [
        'projects/PROJECT/topics/five',
        'projects/PROJECT/topics/four',
        'projects/PROJECT/topics/one',
        'projects/PROJECT/topics/three',
        'projects/PROJECT/topics/two',
      ],
    },
  ),
  script(
    'topic-list-edges',
    async (c) => {
      const list = (request: { project: string; pageSize?: number; pageToken?: string }) =>
        c.publisher.listTopics(request, { ...ONE_ATTEMPT, autoPaginate: false });
      const project = `projects/${c.project}`;
      const [none] = await list({ project });
      return {
        none: none.length,
        ...(await c.outcomes({
          'negative page size': () => list({ project, pageSize: -1 }),
          'bad page token': () => list({ project, pageToken: 'nonsense' }),
          'bad project name': () => list({ project: 'nonsense' }),
        })),
      };
    },
    {
      none: 0,
      'negative page size': 'OK',
      'bad page token': 'OK',
      'bad project name': 'UNKNOWN: Application error processing RPC',
    },
  ),
  script(
    'topic-update',
    async (c) => {
      await c.createTopic();
      const [kept] = await update(c, { messageRetentionDuration: { seconds: 1_200 } }, [
        'message_retention_duration',
      ]);
      return {
        kept: c.view(kept),
        labels: await c.outcome(update(c, { labels: { team: 'data' } }, ['labels'])),
      };
    },
    {
      kept: {
        name: 'projects/PROJECT/topics/topic',
        messageRetentionDuration: { seconds: '1200' },
      },
      labels:
        "INVALID_ARGUMENT: Invalid update_mask provided in the UpdateTopicRequest: labels is not a known Topic field. Note that field paths must be of the form 'schema_settings' rather than 'schemaSetings'.",
    },
  ),
  script(
    'topic-update-bad-mask',
    async (c) => {
      await c.createTopic();
      return c.outcomes({
        'no mask': () => update(c, { labels: { a: 'b' } }, []),
        'unknown path': () => update(c, { labels: { a: 'b' } }, ['nonsense']),
        name: () => update(c, { labels: { a: 'b' } }, ['name']),
        'retention too short': () =>
          update(c, { messageRetentionDuration: { seconds: 1 } }, ['message_retention_duration']),
      });
    },
    {
      'no mask':
        'INVALID_ARGUMENT: The update_mask in the UpdateTopicRequest must be set, and must contain a non-empty paths list.',
      'unknown path':
        "INVALID_ARGUMENT: Invalid update_mask provided in the UpdateTopicRequest: nonsense is not a known Topic field. Note that field paths must be of the form 'schema_settings' rather than 'schemaSetings'.",
      name: "INVALID_ARGUMENT: Invalid update_mask provided in the UpdateTopicRequest: name is not a known Topic field. Note that field paths must be of the form 'schema_settings' rather than 'schemaSetings'.",
      'retention too short': 'INVALID_ARGUMENT: message_retention_duration out of bounds',
    },
  ),
  script(
    'topic-delete',
    async (c) => {
      await c.createTopic();
      return c.outcomes({
        delete: () => c.publisher.deleteTopic({ topic: c.topic() }, ONE_ATTEMPT),
        get: () => c.publisher.getTopic({ topic: c.topic() }, ONE_ATTEMPT),
        publish: () => c.publish(['late']),
        'create again': () => c.createTopic(),
      });
    },
    {
      delete: 'OK',
      get: 'NOT_FOUND: Topic not found',
      publish: 'NOT_FOUND: Topic not found',
      'create again': 'OK',
    },
  ),
  script(
    'topic-deleted-leaves-subscription',
    async (c) => {
      const subscription = await c.createPair();
      await c.publish(['before']);
      await c.publisher.deleteTopic({ topic: c.topic() }, ONE_ATTEMPT);
      const [orphan] = await c.subscriber.getSubscription({ subscription }, ONE_ATTEMPT);
      const backlog = texts(await c.take(subscription, 1, 3_000));
      await c.createTopic();
      await c.publish(['after']);
      const [still] = await c.subscriber.getSubscription({ subscription }, ONE_ATTEMPT);
      return {
        topic: c.view(orphan.topic),
        backlog,
        topicAfterRecreation: c.view(still.topic),
        newMessages: await c.linger(subscription),
      };
    },
    {
      topic: '_deleted-topic_',
      backlog: ['before'],
      topicAfterRecreation: '_deleted-topic_',
      newMessages: [],
    },
  ),
];

function create(c: Clients, name: string): Promise<unknown> {
  return c.publisher.createTopic({ name }, ONE_ATTEMPT);
}

function update(
  c: Clients,
  fields: Parameters<Clients['publisher']['createTopic']>[0],
  paths: string[],
) {
  return c.publisher.updateTopic(
    { topic: { name: c.topic(), ...fields }, updateMask: { paths } },
    ONE_ATTEMPT,
  );
}
