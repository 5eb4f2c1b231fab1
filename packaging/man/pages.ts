import type { Command, Option } from 'commander';
import type { FileKeys } from '../../src/config/file-keys.ts';
import { ERRORS } from '../../src/errors.ts';
import { bold, example, italic, item, page, section, text } from './roff.ts';

/** What stands at the top of every page. */
export interface Edition {
  readonly version: string;
  /** Of the release, as YYYY-MM-DD. */
  readonly date: string;
}

/** metasteer(1): every command with its options, as `--help` shows them. */
export function commandPage(program: Command, { version, date }: Edition): string {
  const commands = program.commands.filter((command) => !isHidden(command));
  return page('metasteer', 1, date, version, [
    section('name', 'metasteer \\- one metadata proxy for all routers of an OpenStack node'),
    section('synopsis', `.B metasteer\n.I command\n.RI [ options ]`),
    section(
      'description',
      text(
        'metasteer answers http://169.254.169.254/ and http://[fe80::a9fe:a9fe]/ for all instances behind all routers of a node. BPF programs take the packets off the router interfaces and hand them to an unprivileged worker, which adds who is asking and passes the request to the metadata agent. While the daemon runs, it answers; when it is stopped or killed, whoever served before does.',
      ),
    ),
    section('commands', ...commands.flatMap(commandItems)),
    section(
      'exit status',
      item(bold('0'), 'The command did what it was asked.'),
      item(bold('1'), 'It was asked well and could not do it.'),
      item(bold('2'), 'The arguments or the configuration are wrong: trying again is useless.'),
    ),
    section('errors', ...Object.entries(ERRORS).map(([code, action]) => item(bold(code), text(action)))),
    section(
      'files',
      item(italic('/etc/metasteer/metasteer.yaml'), 'The configuration: see', '.BR metasteer.yaml (5).'),
      item(italic('/etc/metasteer/haproxy-shim.conf'), 'Settings of', '.BR metasteer\\-haproxy (8).'),
      item(italic('/run/metasteer/admin.sock'), 'Where the daemon answers operators.'),
    ),
    section(
      'environment',
      item(
        bold('NOTIFY_SOCKET'),
        'Where',
        bold('metasteer run'),
        'tells a service manager that it is ready and alive:',
      ),
      '.BR sd_notify (3).',
    ),
    section('see also', '.BR metasteer.yaml (5),', '.BR metasteer\\-agent.yaml (5),', '.BR metasteer\\-haproxy (8)'),
  ]);
}

/** A page of section 5: every key of a kind of file. */
export function filePage(
  name: string,
  purpose: string,
  keys: FileKeys,
  sample: readonly string[],
  { version, date }: Edition,
): string {
  return page(name, 5, date, version, [
    section('name', `${name.replaceAll('-', '\\-')} \\- ${purpose}`),
    section(
      'description',
      text(
        'A YAML 1.2 file. A key that is not listed here is an error, as is a value outside its bounds; the message names file, line, column and key. A duration is a number of seconds, or a number with `ms`, `s`, `m` or `h`; a size is a number of bytes, or a number with `B`, `KiB`, `MiB` or `GiB`.',
      ),
      'The least such a file must hold:',
      example(keys.least),
    ),
    section(
      'keys',
      ...[...keys.facts].map(([key, { default: value, expects, meaning }]) =>
        item(bold(key), text(meaning), '.br', text(`Takes ${expects}.`), '.br', text(`Default: ${value}.`)),
      ),
    ),
    ...(sample.length === 0 ? [] : [section('example', example(...sample))]),
    section('see also', '.BR metasteer (1)'),
  ]);
}

/** metasteer-haproxy(8): the program that stands in for haproxy. */
export function shimPage({ version, date }: Edition): string {
  return page('metasteer-haproxy', 8, date, version, [
    section('name', 'metasteer\\-haproxy \\- stands in for the haproxies that Neutron starts'),
    section('synopsis', '.B haproxy \\-f\n.I CONF'),
    section(
      'description',
      text(
        'Installed under the name of haproxy, it leaves a process in the background that has the pid file and the command line Neutron looks for, and does nothing else, where CONF was written by Neutron and the metasteer daemon serves its router or network. It ends on SIGTERM, and by itself when the daemon has gone and none has come in its place; Neutron then starts it again. In every other case, and for any other arguments, it becomes the real haproxy.',
      ),
    ),
    section(
      'files',
      item(italic('/etc/metasteer/haproxy-shim.conf'), 'One key and its value a line; # begins a comment.'),
      '.RS',
      item(bold('admin_socket'), text('The admin socket of the daemon. Default: /run/metasteer/admin.sock.')),
      item(bold('haproxy'), text('The real haproxy. Default: /usr/sbin/haproxy.real.')),
      item(bold('grace'), text('Seconds to wait for another daemon when one has gone, at most 3600. Default: 30.')),
      '.RE',
    ),
    section('see also', '.BR metasteer (1),', '.BR haproxy (1)'),
  ]);
}

function commandItems(command: Command): string[] {
  const described = [text(command.description())];
  const options = command.options.map(optionItem);
  const nested = options.length === 0 ? [] : ['.RS', ...options, '.RE'];
  return [item(synopsisOf(command), ...described), ...nested];
}

function synopsisOf(command: Command): string {
  const usage = command.usage().replace('[options]', '').trim();
  return usage === '' ? bold(command.name()) : `${bold(command.name())} ${italic(usage)}`;
}

function optionItem(option: Option): string {
  const required = option.mandatory ? 'Required: ' : '';
  const sentence = `${required}${option.description}`;
  return item(bold(option.flags), text(`${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`));
}

/** Commander has no public word for it. */
function isHidden(command: Command): boolean {
  return Reflect.get(command, '_hidden') === true;
}
