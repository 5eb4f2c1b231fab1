/** Neutron's files and agents on this node, and whether they fit the configuration. */
import type { Config } from '../config/config.ts';
import { readIni } from '../config/ini.ts';
import { type Finding, failure, ok, warning } from './finding.ts';
import type { Surroundings } from './surroundings.ts';

const AREA = 'neutron';
const FOLDERS = ['/etc/neutron', '/etc/neutron/conf.d'];
const FILES = [
  'neutron.conf',
  'metadata_agent.ini',
  'l3_agent.ini',
  'dhcp_agent.ini',
  'neutron_ovn_metadata_agent.ini',
];
const PACKAGES = [
  '/usr/lib/python3/dist-packages',
  '/usr/lib/python3.11/site-packages',
  '/usr/lib/python3.9/site-packages',
];
/** The first release whose agent serves one request on each connection: 2025.1 (contract.md F1). */
const ONE_SHOT_SINCE = 26;

export function neutronFindings(config: Config, around: Surroundings): readonly Finding[] {
  const files = FOLDERS.flatMap((folder) =>
    around
      .list(folder)
      .filter((name) => FILES.includes(name))
      .map((name) => `${folder}/${name}`),
  );
  return [
    files.length === 0
      ? ok(AREA, 'no files of Neutron: it runs in a container, or not here')
      : ok(AREA, `files: ${files.join(', ')}`),
    ...socketFinding(config, files, around),
    ...generationFinding(config, around),
  ];
}

function socketFinding(config: Config, files: readonly string[], { readText }: Surroundings): readonly Finding[] {
  for (const file of files.toReversed()) {
    const read = readIni(readText(file) ?? '', file);
    if ('problems' in read) return [warning(AREA, `${file} cannot be read as Neutron does`, 'Mend the file.')];
    const option = read.get('metadata_proxy_socket');
    if (option === undefined || option.value.includes('$')) continue;
    if (option.value === config.agent.socket) return [ok(AREA, `\`metadata_proxy_socket\` is \`agent.socket\``)];
    const where = `${file}:${option.place.line}`;
    return [
      warning(
        AREA,
        `${where} has metadata_proxy_socket ${option.value}, and \`agent.socket\` is ${config.agent.socket}`,
        'Set `agent.socket` to the same, or leave it out and name the file in `neutron_files`.',
      ),
    ];
  }
  return [];
}

function generationFinding({ agent }: Config, { list }: Surroundings): readonly Finding[] {
  const names = PACKAGES.flatMap((folder) => list(folder));
  const version = names.map((name) => /^neutron-(\d+)\.[\w.]+?\.(?:dist|egg)-info$/.exec(name)).find((match) => match);
  if (version == null)
    return [ok(AREA, `the agent’s release is not known here; \`agent.generation\` is ${agent.generation}`)];
  const generation = Number(version[1]) >= ONE_SHOT_SINCE ? 'one-shot' : 'keep-alive';
  if (agent.generation === 'auto' || agent.generation === generation)
    return [ok(AREA, `Neutron ${version[1]} is installed, whose agent is ${generation}`)];
  const message = `Neutron ${version[1]} is installed, whose agent is ${generation}, and \`agent.generation\` is ${agent.generation}`;
  return [failure(AREA, message, 'Set `agent.generation: auto`, unless another agent serves the socket.')];
}
