/** The OpenAPI document as one HTML page: no script, no outside request, light and dark. */
import { hash } from 'node:crypto';
import type { JsonSchema } from './parameters.ts';
import type { Operation } from './openapi-operation.ts';
import type { OpenApiDocument } from './openapi.ts';
import { STATUS_OF } from './problem.ts';

export interface DocsPage {
  readonly html: string;
  /** Allows the page's own style, by its hash, and nothing else. */
  readonly contentSecurityPolicy: string;
}

const STYLE = `:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:0 auto;padding:1rem}
h1{margin-bottom:0}h2{margin-top:2.5rem;border-bottom:1px solid}
code,pre{font:0.9em ui-monospace,monospace}pre{overflow:auto;padding:.75rem;border:1px solid #8886;border-radius:6px}
details{border:1px solid #8886;border-radius:6px;margin:.5rem 0;padding:.5rem .75rem}
details:target,details[open]{border-color:#48f}summary{cursor:pointer}
summary b{display:inline-block;min-width:3.5rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #8884}`;

/** Renders the page once; it depends on the document alone. */
export function docsPage(document: OpenApiDocument): DocsPage {
  const { info, tags, paths, components } = document;
  const sections = tags.map(({ name, description }) => {
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, each]) => each.tags.includes(name))
        .map(([method, each]) => operationHtml(method, path, each)),
    );
    return `<section><h2 id="${escape(name)}">${escape(name)}</h2><p>${escape(description)}</p>${operations.join('')}</section>`;
  });
  const codes = Object.entries(STATUS_OF).map(
    ([code, status]) =>
      `<tr id="${escape(code)}"><td><code>${escape(code)}</code></td><td>${status}</td></tr>`,
  );
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<details id="schema-${escape(name)}"><summary><code>${escape(name)}</code></summary>${pre(schema)}</details>`,
  );
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(info.title)} API</title><style>${STYLE}</style></head><body>
<header><h1>${escape(info.title)} API</h1><p>Version ${escape(info.version)} · <a href="/openapi.json">openapi.json</a> · <a href="/">start</a></p>
<p>${escape(info.description)}</p>
<nav>${tags.map(({ name }) => `<a href="#${escape(name)}">${escape(name)}</a>`).join(' · ')} · <a href="#codes">error codes</a> · <a href="#schemas">schemas</a></nav></header>
<main>${sections.join('\n')}
<section><h2 id="codes">error codes</h2><table><tr><th>code</th><th>status</th></tr>${codes.join('')}</table></section>
<section><h2 id="schemas">schemas</h2>${schemas.join('')}</section></main></body></html>
`;
  return {
    html,
    contentSecurityPolicy: `default-src 'none'; style-src 'sha256-${hash('sha256', STYLE, 'base64')}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
  };
}

function operationHtml(method: string, path: string, operation: Operation): string {
  const { operationId, summary, description, parameters, requestBody, responses } = operation;
  const rows = parameters.map(
    (each) =>
      `<tr><td><code>${escape(String(each['name']))}</code></td><td>${typeText(each['schema'])}</td><td>${escape(String(each['description']))}</td></tr>`,
  );
  const table = rows.length
    ? `<table><tr><th>parameter</th><th>type</th><th>meaning</th></tr>${rows.join('')}</table>`
    : '';
  const answers = Object.entries(responses).map(([status, each]) => {
    const what = each['$ref'] ? 'see problems' : String(each['description']);
    const types = Object.keys((each['content'] as object | undefined) ?? {});
    return `<tr><td>${escape(status)}</td><td>${escape(what)}</td><td>${types.map((type) => `<code>${escape(type)}</code>`).join('<br>')}${schemaLinks(each)}</td></tr>`;
  });
  return `<details id="${escape(operationId)}"><summary><b>${method.toUpperCase()}</b> <code>${escape(path)}</code> ${escape(summary)}</summary>
${description ? `<p>${escape(description)}</p>` : ''}${table}${requestBody ? `<h4>body</h4>${pre(requestBody)}` : ''}
<table><tr><th>status</th><th>answer</th><th>as</th></tr>${answers.join('')}</table></details>`;
}

function schemaLinks(response: JsonSchema): string {
  const names = [...JSON.stringify(response).matchAll(/#\/components\/schemas\/([\w.]+)/g)];
  return [...new Set(names.map(([, name]) => name!))]
    .map((name) => `<br><a href="#schema-${escape(name)}">${escape(name)}</a>`)
    .join('');
}

function typeText(schema: unknown): string {
  const {
    type,
    format,
    enum: values,
  } = schema as { type?: string; format?: string; enum?: string[] };
  return escape(values ? values.join(' | ') : [type, format].filter(Boolean).join(', '));
}

function pre(value: unknown): string {
  return `<pre>${escape(JSON.stringify(value, null, 2))}</pre>`;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
