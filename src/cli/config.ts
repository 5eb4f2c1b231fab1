import { Command } from 'commander';
import type { EffectiveKey } from '../config/effective.ts';
import type { CliEnvironment } from './environment.ts';
import { table } from './table.ts';

/** `metasteer config`: what can be configured, and what is. */
export function configCommand(environment: CliEnvironment): Command {
  return new Command('config')
    .description('Tell what can be configured, and what is.')
    .helpCommand(false)
    .addCommand(showCommand(environment))
    .addCommand(exampleCommand(environment))
    .addCommand(schemaCommand(environment));
}

function showCommand({ stdout, variables }: CliEnvironment): Command {
  return new Command('show')
    .description('Show every key with the value that holds, and where that is from.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .option('--json', 'print the keys as JSON')
    .action(async ({ config: path, json }: { readonly config: string; readonly json?: boolean }) => {
      const [{ readConfigFile }, { readLayers }, { effectiveKeys }] = await Promise.all([
        import('../config/config-file.ts'),
        import('../config/layers.ts'),
        import('../config/effective.ts'),
      ]);
      const surroundings = { environment: variables, readText: readConfigFile };
      const keys = effectiveKeys(readLayers(readConfigFile(path), path, surroundings), path);
      stdout.write(json ? `${JSON.stringify({ file: path, keys })}\n` : await text(keys));
    });
}

function exampleCommand({ stdout }: CliEnvironment): Command {
  return new Command('example').description('Print a complete configuration file with comments.').action(async () => {
    const { exampleConfig } = await import('../config/example.ts');
    stdout.write(exampleConfig());
  });
}

function schemaCommand({ stdout }: CliEnvironment): Command {
  return new Command('schema').description('Print the configuration file as JSON Schema.').action(async () => {
    const { configJsonSchema } = await import('../config/json-schema.ts');
    stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
  });
}

async function text(keys: readonly EffectiveKey[]): Promise<string> {
  const { stringify } = await import('yaml');
  // As it would stand in the file, on one line.
  const written = (value: unknown) =>
    typeof value === 'string' ? value : stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
  const lines = table(
    [
      { title: 'KEY', cell: ({ key }) => key },
      { title: 'VALUE', cell: ({ value }) => written(value) },
      { title: 'SOURCE', cell: ({ source, place }) => place ?? source },
    ],
    keys,
  );
  return `${lines.join('\n')}\n`;
}
