import { script, scriptHash, style, styleHash } from './htmlAssets';

export interface Page {
  readonly title: string;
  readonly heading: string;
  /** Markup below the heading and in the body; every text in it is escaped already. */
  readonly header: string;
  readonly main: string;
  /** Of Featherweight. */
  readonly version: string;
}

/** One page that needs no other file and no network, with a policy that admits only its own style sheet and script. */
export function htmlPage({ title, heading, header, main, version }: Page): string {
  const policy = `default-src 'none'; style-src '${styleHash}'; script-src '${scriptHash}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escape(heading)}</h1>
${header}
</header>
<main>
${main}
</main>
<footer>Made by Featherweight ${escape(version)}. – stands for what is not known.</footer>
<script>${script}</script>
</body>
</html>
`;
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text as it stands in markup and in quoted attributes. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => escapes[character] ?? character);
}
