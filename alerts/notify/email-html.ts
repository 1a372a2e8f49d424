/** The HTML of a mail: tables and inline styles, as mail clients want; light and dark; the playbook as text to read. */
import MarkdownIt from 'markdown-it';
import type { Notification } from './notification.ts';
import { PLAYBOOK_CHARS_MAX } from './notification.ts';
import { cut, oneLine } from './notification-words.ts';
import { pageFacts, pageLinks, stateWords } from './page-facts.ts';

/** White text on these has a contrast of 4.5 or more. */
const COLOURS = { page: '#b3261e', ticket: '#8a5000', calm: '#1b6e3c', known: '#2f5d8a' } as const;
const FONT = 'font-family:-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif';
const MONO = 'font-family:ui-monospace,Menlo,Consolas,monospace';

/** Raw HTML in a playbook is shown, never obeyed. */
const markdown = new MarkdownIt({ html: false, linkify: false });

export function emailHtml(notification: Notification, note: string | undefined): string {
  const { title, summary, playbookText, state } = notification;
  const facts = pageFacts(notification).map(
    ({ label, text }) =>
      `<tr><td style="padding:4px 12px 4px 0;vertical-align:top;white-space:nowrap;opacity:.7">${escaped(label)}</td><td style="padding:4px 0;vertical-align:top">${escaped(text)}</td></tr>`,
  );
  const links = pageLinks(notification.links).map(
    ({ label, url }) =>
      `<a href="${escaped(url)}" style="display:inline-block;margin:0 8px 8px 0;padding:10px 16px;border:1px solid #888;border-radius:6px;text-decoration:none;color:inherit">${label}</a>`,
  );
  const playbook =
    playbookText === undefined || state === 'resolved'
      ? ''
      : `<hr style="border:0;border-top:1px solid #888;margin:20px 0"><div>${playbookHtml(playbookText)}</div>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${escaped(oneLine(title))}</title></head>
<body style="margin:0;padding:0;${FONT};font-size:16px;line-height:1.45">
<table role="presentation" width="100%" cellspacing="0" cellpadding="0"><tr><td style="padding:16px">
<div style="max-width:640px;margin:0 auto">
<div style="background:${colourOf(notification)};color:#ffffff;padding:12px 16px;border-radius:6px;font-size:18px;font-weight:600">${escaped(stateWords(notification))}. ${escaped(oneLine(title))}</div>
<p style="font-size:18px;margin:16px 0">${state === 'resolved' ? 'It was: ' : ''}${escaped(oneLine(summary))}</p>
${note === undefined ? '' : `<p style="margin:16px 0"><b>${escaped(note)}</b></p>\n`}<table role="presentation" cellspacing="0" cellpadding="0" style="font-size:15px">
${facts.join('\n')}
</table>
<p style="margin:16px 0 8px">${links.join('\n')}</p>
${playbook}
<p style="font-size:12px;opacity:.6;margin-top:24px">Incident ${escaped(oneLine(notification.incidentId))}, notification ${notification.sequence}</p>
</div></td></tr></table>
</body></html>
`;
}

function colourOf({ state, route }: Notification): string {
  switch (state) {
    case 'resolved':
      return COLOURS.calm;
    case 'acknowledged':
      return COLOURS.known;
    case 'triggered':
    case 'severity_raised':
      return COLOURS[route];
    default:
      return state satisfies never;
  }
}

/** Commands stand out, wrap, and can be selected whole. */
function playbookHtml(text: string): string {
  return markdown
    .render(cut(text, PLAYBOOK_CHARS_MAX))
    .replaceAll(
      '<code>',
      `<code style="${MONO};font-size:14px;background:rgba(128,128,128,.18);padding:1px 4px;border-radius:3px;word-break:break-word">`,
    )
    .replaceAll('<pre>', '<pre style="white-space:pre-wrap">')
    .replaceAll('<h1>', '<h1 style="font-size:20px">')
    .replaceAll('<h2>', '<h2 style="font-size:17px">');
}

function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
