/** A playbook's Markdown as HTML; markup that stands in it is shown as text. */
import { Marked } from 'marked';
import { escapeHtml, Html } from './html.ts';

/** Headings of a playbook begin below the page's own two levels. */
const HEADING_DEPTH = 2;

const marked = new Marked({
  gfm: true,
  renderer: {
    html: ({ text }) => escapeHtml(text),
    heading({ tokens, depth }) {
      const level = Math.min(6, depth + HEADING_DEPTH);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
    },
    link({ href, tokens }) {
      const content = this.parser.parseInline(tokens);
      const isSafe = /^(?:https?:|\/|#)/.test(href);
      return isSafe ? `<a href="${escapeHtml(href)}">${content}</a>` : content;
    },
    image: ({ text }) => escapeHtml(text),
  },
});

export function playbookHtml(markdown: string): Html {
  return new Html(marked.parse(markdown, { async: false }));
}
