import type { Part } from '../../base/terms';

/** Colours of the parts on paper and on a dark screen; they differ in lightness as well as in hue. */
const colours: Readonly<Record<Part, readonly [light: string, dark: string]>> = {
  embedding: ['#7a62c9', '#9580dc'],
  attention: ['#2077b4', '#3b9edd'],
  feedForward: ['#c9820f', '#e0a23a'],
  norm: ['#8b98a5', '#6c7d8f'],
  convolution: ['#0f8f86', '#2fb5a8'],
  recurrent: ['#b84a7d', '#d9709d'],
  head: ['#39935a', '#5fb87c'],
  other: ['#c4c4c4', '#565656'],
};

const variables = (scheme: 0 | 1) =>
  Object.entries(colours)
    .map(([part, pair]) => `--${part}:${pair[scheme]};`)
    .join('');

/** The report's style sheet. */
export const style = `
:root{color-scheme:light dark;--paper:#fff;--ink:#1b1b1b;--quiet:#5d5d5d;--line:#e3e3e3;--bar:#2077b4;${variables(0)}}
@media (prefers-color-scheme:dark){:root{--paper:#1e1e1e;--ink:#f2f2f2;--quiet:#a6a6a6;--line:#333;--bar:#3b9edd;${variables(1)}}}
*{box-sizing:border-box}
body{margin:0 auto;padding:32px 28px 64px;max-width:1320px;background:var(--paper);color:var(--ink);font:14px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
h1{margin:0;font-size:22px;overflow-wrap:anywhere}
h2{margin:32px 0 10px;font-size:14px}
p{margin:2px 0}
.quiet{color:var(--quiet)}
.tiles{display:flex;flex-wrap:wrap;margin:18px 0 10px;padding:0;border-block:1px solid var(--line);list-style:none}
.tiles li{flex:1 1 140px;padding:14px 20px 14px 0}
.tiles b{display:block;font-size:24px;line-height:1.25;font-weight:650}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:0 0 8px;padding:0;list-style:none;color:var(--quiet)}
.legend svg{width:11px;height:11px;margin-right:6px}
.splits{width:100%;border-collapse:collapse}
.splits th,.splits td{padding:3px 0;border:0;text-align:left;font-weight:400;white-space:nowrap}
.splits th{width:1%;padding-right:14px;color:var(--quiet);text-align:right}
.splits td:last-child{width:1%;padding-left:14px;text-align:right}
.splits svg{display:block;width:100%;height:24px}
.splits text{fill:#fff;font-size:11px;text-anchor:middle;dominant-baseline:central;paint-order:stroke;stroke:#0006;stroke-width:2px}
${Object.keys(colours)
  .map((part) => `.${part}{fill:var(--${part})}`)
  .join('')}
.insights{margin:0;padding:0;list-style:none}
.insights li{display:flex;gap:14px;padding:7px 0;border-top:1px solid var(--line)}
.insights b{flex:0 0 76px;text-align:right}
.scroll{overflow-x:auto}
.layers{width:100%;border-collapse:collapse;font-size:12.5px}
.layers th,.layers td{padding:4px 9px 4px 0;border-bottom:1px solid var(--line);text-align:left;white-space:nowrap}
.layers td:first-child{max-width:420px;overflow:hidden;text-overflow:ellipsis}
.layers .n{text-align:right}
.layers th{position:sticky;top:0;background:var(--paper);font-weight:400}
.layers button{all:unset;cursor:pointer;color:var(--quiet)}
.layers button:hover,.layers [aria-sort] button{color:var(--ink)}
.layers button:focus-visible{outline:2px solid var(--bar);outline-offset:2px}
.layers [aria-sort=descending] button::after{content:" ▾"}
.layers [aria-sort=ascending] button::after{content:" ▴"}
.layers svg{width:64px;height:8px;fill:var(--bar)}
details{margin-top:14px}
summary{cursor:pointer;color:var(--quiet)}
footer{margin-top:36px;color:var(--quiet)}
@media print{body{max-width:none;padding:0}.layers th{position:static}}
`;

/** Sorts the layers by the column whose heading is pressed; a second press turns the order round. Cells hold their figure in `data-v`. */
export const script = `
for (const table of document.querySelectorAll('.sortable')) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.querySelector('button').addEventListener('click', () => {
    const down = head.getAttribute('aria-sort') !== 'descending';
    for (const other of heads) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const key = (row) => row.cells[column].dataset.v;
    const sign = down ? -1 : 1, number = head.classList.contains('n');
    const rows = [...body.rows].sort((a, b) => {
      const x = key(a), y = key(b);
      if (x === '' || y === '') return (x === '') - (y === '');
      return sign * (number ? x - y : x.localeCompare(y, undefined, { numeric: true }));
    });
    body.append(...rows);
  }));
}
`;

/** What the page's policy admits: this style sheet and this script, and nothing else. A test holds them against the texts above. */
export const styleHash = 'sha256-QqsiQ97La5oUytPBPWxlZC6MR+rIwfhKLXM3QX/MaQY=';
export const scriptHash = 'sha256-fwNQeYIkCsgXGPm2I4JTYtVuA8yDtnkvUgO7oaCzCxk=';
