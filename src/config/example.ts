import { CONFIG_KEYS } from './schema.ts';

const WIDTH = 118;
/** Where Neutron's agent listens unless it is configured otherwise (contract.md 2.3). */
const SOCKET = '/var/lib/neutron/metadata_proxy';

/**
 * A complete configuration file: every key with its meaning, and its default behind `# `. Taking that away sets the key to
 * what it is anyway; keys whose default is derived, and so cannot be written, have words after them.
 */
export function exampleConfig(): string {
  const lines = [
    ...prose(
      '',
      'Configuration of metasteer: metasteer run -c FILE. Only agent.socket has to be set. Lines that begin with',
    ),
    ...prose('', '"# " set what holds without them; take that away, also in front of the section, and change them.'),
    '',
  ];
  let section = '';
  for (const [key, facts] of CONFIG_KEYS.facts) {
    const [first = '', name] = key.split('.');
    if (name !== undefined && first !== section) {
      section = first;
      lines.push(first === 'agent' ? 'agent:' : `${canBeEnabled(first) ? '#' : '##'} ${first}:`);
    }
    const indent = name === undefined ? '' : '  ';
    lines.push(...prose(indent, `${facts.meaning} Takes ${facts.expects}.`));
    lines.push(entry(indent, name ?? first, key, facts), '');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

/** A section in which nothing would be set is no mapping. */
function canBeEnabled(section: string): boolean {
  return [...CONFIG_KEYS.facts].some(([key, { isDerived }]) => key.startsWith(`${section}.`) && !isDerived);
}

function entry(
  indent: string,
  name: string,
  key: string,
  facts: { readonly default: string; readonly isDerived: boolean },
): string {
  if (key === 'agent.socket') return `${indent}${name}: ${SOCKET}`;
  if (facts.isDerived) return `## ${indent}${name}:   without it: ${facts.default}`;
  return `# ${indent}${name}: ${facts.default}`;
}

function prose(indent: string, text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + word.length > WIDTH - 4) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].map((each) => `## ${indent}${each}`);
}
