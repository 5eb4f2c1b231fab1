import { Argument, Command } from 'commander';
import type { CliEnvironment } from './environment.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** A command by its words after the program's name, and what can follow them. */
interface Completable {
  readonly words: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly { readonly flag: string; readonly description: string; readonly takesFile: boolean }[];
}

/** `metasteer completion SHELL`: a script that has a shell complete the command line, made from the commands themselves. */
export function completionCommand({ stdout }: CliEnvironment): Command {
  return new Command('completion')
    .description('Print a script for a shell to complete command lines: source <(metasteer completion bash)')
    .addArgument(new Argument('<shell>', 'for which').choices(SHELLS))
    .action((shell: Shell, _, command: Command) => {
      const program = command.parent;
      if (program !== null) stdout.write(SCRIPTS[shell](completables(program, '')));
    });
}

function completables(command: Command, words: string): readonly Completable[] {
  const below = command.createHelp().visibleCommands(command);
  const help = command.createHelp();
  const own: Completable = {
    words,
    commands: below.map((each) => ({ name: each.name(), description: each.description() })),
    options: help.visibleOptions(command).flatMap((option) => {
      const takesFile = /<(?:file|path)>/.test(option.flags);
      const flags = [option.long, option.short].filter((flag) => flag != null);
      return flags.map((flag) => ({ flag, description: option.description, takesFile }));
    }),
  };
  const children = below.filter((each) => each.name() !== 'help');
  return [own, ...children.flatMap((each) => completables(each, `${words} ${each.name()}`.trim()))];
}

const SCRIPTS: Readonly<Record<Shell, (all: readonly Completable[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** What comes after the words of a command; `case` takes the longest that is typed. */
function bashScript(all: readonly Completable[]): string {
  const cases = all.map(({ words, commands, options }) => {
    const next = [...commands.map(({ name }) => name), ...options.map(({ flag }) => flag), ...argumentsOf(words)];
    return `    '${words}') words='${next.join(' ')}' ;;`;
  });
  return `# metasteer: completion for bash
_metasteer() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path= word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) case "$path $word" in ${nested(all)}) path="$path $word" ;; *) [ -n "$path" ] || path=$word ;; esac ;; esac
  done
  case $prev in ${fileFlags(all).join('|')}) COMPREPLY=($(compgen -f -- "$cur")); return ;; esac
  case $path in
${cases.join('\n')}
    *) words= ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o filenames -F _metasteer metasteer
`;
}

function zshScript(all: readonly Completable[]): string {
  return `#compdef metasteer\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(all)}`;
}

function fishScript(all: readonly Completable[]): string {
  const lines = all.flatMap(({ words, commands, options }) => {
    const condition =
      words === ''
        ? '__fish_use_subcommand'
        : words
            .split(' ')
            .map((word) => `__fish_seen_subcommand_from ${word}`)
            .join('; and ');
    const names = [...commands, ...argumentsOf(words).map((name) => ({ name, description: '' }))];
    return [
      ...names.map(
        ({ name, description }) => `complete -c metasteer -f -n '${condition}' -a ${name} -d ${quoted(description)}`,
      ),
      ...options.map(({ flag, description, takesFile }) => {
        const name = flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`;
        return `complete -c metasteer -n '${condition}' ${name}${takesFile ? ' -r' : ''} -d ${quoted(description)}`;
      }),
    ];
  });
  return `# metasteer: completion for fish\ncomplete -c metasteer -f\n${lines.join('\n')}\n`;
}

/** Words that a command takes by themselves. */
function argumentsOf(words: string): readonly string[] {
  return words === 'completion' ? SHELLS : [];
}

/** Paths of two words, such as of \`config show\`, as patterns. */
function nested(all: readonly Completable[]): string {
  const paths = all.filter(({ words }) => words.includes(' ')).map(({ words }) => `'${words}'`);
  return paths.length === 0 ? "''" : paths.join('|');
}

function fileFlags(all: readonly Completable[]): readonly string[] {
  const flags = all.flatMap(({ options }) => options.filter(({ takesFile }) => takesFile).map(({ flag }) => flag));
  return [...new Set(flags)];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}
