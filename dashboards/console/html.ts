/** HTML as values: a template that escapes what is put into it, so that no stored text can become markup. */

/** Markup that is safe to send. */
export class Html {
  readonly #text: string;

  constructor(markup: string) {
    this.#text = markup;
  }

  toString(): string {
    return this.#text;
  }
}

/** What a template takes; nothing and `false` leave no trace. */
export type HtmlValue = Html | string | number | null | undefined | false | readonly HtmlValue[];

/** Markup of a template; every value is escaped but markup itself. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const parts = strings.map(
    (part, index) => part + (index < values.length ? text(values[index]) : ''),
  );
  return new Html(parts.join(''));
}

/** Text as it stands between tags and in quoted attributes. */
export function escapeHtml(given: string): string {
  return given.replace(/[&<>"']/g, (char) => `&#${char.codePointAt(0)};`);
}

function text(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'string') return escapeHtml(value);
  return typeof value === 'number' ? String(value) : value.map(text).join('');
}
