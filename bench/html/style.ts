/** The page's style sheet. Orange and blue differ for every kind of colour blindness; shades differ in lightness. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --ink: #1b1f27; --faint: #5d6675; --grid: #e4e7ec; --limit: #b3123f;
  --haproxy-0: #c2570c; --haproxy-1: #e58a3e; --haproxy-2: #f4bd8b;
  --metasteer-0: #174ea6; --metasteer-1: #4f86dd; --metasteer-2: #a4c3f2;
  --other-0: #5d6675; --other-1: #8b93a1; --other-2: #bcc2cc;
  --met: #11713a; --missed: #b3123f; --missing: #5d6675;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12151b; --card: #1b2029; --ink: #e8ebf0; --faint: #a0a9b8; --grid: #303744; --limit: #ff8fa8;
    --haproxy-0: #f59a4c; --haproxy-1: #c06f2b; --haproxy-2: #7d4a20;
    --metasteer-0: #7fb0ff; --metasteer-1: #4a7bcb; --metasteer-2: #2d4d80;
    --other-0: #a0a9b8; --other-1: #737d8d; --other-2: #4a5260;
    --met: #6bd497; --missed: #ff8fa8; --missing: #a0a9b8;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink); line-height: 1.45;
  font-family: system-ui, "Segoe UI", Roboto, "Liberation Sans", "DejaVu Sans", sans-serif; font-size: 16px;
}
main { max-width: 1240px; margin: 0 auto; padding: 32px 24px 48px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 23px; margin: 44px 0 2px; }
h3 { font-size: 16px; line-height: 1.3; margin: 0 0 10px; }
p { margin: 0 0 8px; }
.about, .note, footer { color: var(--faint); }
.note { font-size: 13.5px; margin: 8px 0 0; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; margin: 18px 0 0; font-size: 14.5px; }
.facts dt { color: var(--faint); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.warning { border-left: 4px solid var(--limit); padding: 8px 14px; margin: 18px 0 0; background: var(--card); }
.warning p { margin: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; background: var(--card); font-size: 14.5px; margin: 12px 0 0; }
th, td { text-align: left; padding: 7px 12px; border-bottom: 1px solid var(--grid); vertical-align: top; }
th { color: var(--faint); font-weight: 600; font-size: 13px; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.verdict { white-space: nowrap; font-weight: 600; }
.met { color: var(--met); } .missed { color: var(--missed); } .missing { color: var(--missing); font-weight: 400; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 18px; margin: 14px 0 0; align-items: start; }
figure { margin: 0; padding: 18px 20px 14px; background: var(--card); border-radius: 8px; border: 1px solid var(--grid); }
/* The library reckons with the widths of these. */
svg text { font-family: Arial, Helvetica, "Liberation Sans", sans-serif; }
svg { display: block; width: 100%; height: auto; }
details { margin: 14px 0 0; } summary { cursor: pointer; color: var(--faint); }
pre { overflow-x: auto; background: var(--card); border: 1px solid var(--grid); padding: 14px; font-size: 12.5px; line-height: 1.4; }
ul { margin: 4px 0 0; padding-left: 20px; font-size: 14.5px; }
footer { margin: 44px 0 0; font-size: 13.5px; }
@media print { details { display: none; } figure { break-inside: avoid; } }
`;
