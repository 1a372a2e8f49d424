import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import test from 'ava';
import type { OpenApiDocument } from '../../service/openapi.ts';
import { fill, getJson, raw, startService } from './server.ts';
import type { RawOptions, TestService } from './server.ts';

let service: TestService;
let document: OpenApiDocument;
let ajv: Ajv2020;
test.before(async () => {
  service = await startService();
  await fill(service);
  document = (await getJson(service, '/openapi.json')) as OpenApiDocument;
  ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
  addFormats.default(ajv);
  for (const keyword of ['openapi', 'info', 'tags', 'paths', 'components']) ajv.addKeyword(keyword);
  ajv.addSchema(document, 'document');
});
test.after.always(() => service?.stop());

test('the document of a stream of every type is the one reviewed', (t) => {
  const { paths, components } = document;
  t.snapshot({ paths: typed(paths), schemas: typed(components.schemas) });
});

/** A JSON pointer into the document, as a compiled check that throws what is wrong. */
function check(pointer: string, value: unknown): void {
  const validate = ajv.getSchema(`document${pointer}`);
  if (!validate) throw new Error(`no schema at ${pointer}`);
  if (!validate(value)) throw new Error(`${pointer}: ${ajv.errorsText(validate.errors)}`);
}

const escaped = (key: string) =>
  encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));
const contentAt = (path: string, method: string, status: string, type: string) =>
  `#/paths/${escaped(path)}/${method}/responses/${status}/content/${escaped(type)}/schema`;

test('the document has what OpenAPI 3.1 requires', (t) => {
  t.is(document.openapi, '3.1.0');
  const ids = new Set<string>();
  for (const [path, methods] of Object.entries(document.paths)) {
    t.regex(path, /^\//);
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    for (const operation of Object.values(methods)) {
      t.false(ids.has(operation.operationId), operation.operationId);
      ids.add(operation.operationId);
      const declared = operation.parameters
        .filter((each) => each['in'] === 'path')
        .map((each) => each['name']);
      t.deepEqual(declared, inPath, path);
      const names = operation.parameters.map((each) => JSON.stringify([each['in'], each['name']]));
      t.is(new Set(names).size, names.length);
      for (const response of Object.values(operation.responses)) {
        t.true('$ref' in response || typeof response['description'] === 'string');
      }
    }
  }
  for (const [, pointer] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const target = pointer!
      .split('/')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
    t.truthy(target, pointer);
  }
});

test('every schema is a valid JSON Schema 2020-12', (t) => {
  for (const name of Object.keys(document.components.schemas)) {
    t.notThrows(() => ajv.getSchema(`document#/components/schemas/${name}`), name);
    t.true(ajv.validateSchema(document.components.schemas[name]!), name);
  }
});

test('every route answers as its schema says, in every format', async (t) => {
  let checkedCount = 0;
  for (const [path, { get }] of Object.entries(document.paths)) {
    if (!get) continue;
    const id = path.includes('transactions') ? 'p1' : path.includes('typed') ? 'a' : '1';
    const target = path.replace('{id}', id);
    const content = get.responses['200']!['content'] as Record<string, Record<string, unknown>>;
    for (const [type, media] of Object.entries(content)) {
      const answer = await raw(service, target, { headers: { accept: type } });
      t.is(answer.status, 200, target);
      t.true(answer.headers['content-type']?.startsWith(type), `${target} ${type}`);
      if (type === 'application/json') {
        check(contentAt(path, 'get', '200', type), JSON.parse(answer.body));
      } else if (type === 'application/x-ndjson') {
        const line = (media['x-line-schema'] as { $ref: string }).$ref;
        const lines = answer.body.split('\n').slice(0, -1);
        t.true(lines.length > 0 || /typed.quarantine|events.quarantine/.test(path), path);
        for (const each of lines) check(line, JSON.parse(each));
      } else if (type === 'text/csv') {
        const columns = (media['x-columns'] as string[]).join(',');
        t.is(answer.body.slice(0, columns.length + 2), `${columns}\r\n`);
      }
      checkedCount += 1;
    }
  }
  t.true(checkedCount > 30, String(checkedCount));
});

test('posts and problems answer as their schemas say', async (t) => {
  const path = '/v1/streams/events/events';
  const good = { id: 'x', timestamp: '2024-04-27T12:00:00Z', data: {} };
  const mixed = await raw(service, path, post([good, 1]));
  check(contentAt(path, 'post', '202', 'application/json'), JSON.parse(mixed.body));
  check(`#/paths/${escaped(path)}/post/requestBody/content/${escaped('application/json')}/schema`, [
    good,
  ]);
  for (const [target, options] of [
    ['/nothing', {}],
    [`${path}?limit=x&y=1`, {}],
    [path, post([1, {}])],
  ] as const) {
    const answer = await raw(service, target, options);
    t.true(answer.status >= 400);
    check('#/components/schemas/Problem', JSON.parse(answer.body));
  }
});

function post(items: unknown): RawOptions {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(items),
  };
}

function typed(each: object): object {
  return Object.fromEntries(Object.entries(each).filter(([name]) => name.includes('typed')));
}
