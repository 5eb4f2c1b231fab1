import * as z from 'zod';
import { configSchema } from './schema.ts';
import { keyFacts } from './values.ts';

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** The configuration file as JSON Schema, for editors and for programs that write such files. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const facts = keyFacts.get(zodSchema);
      if (facts === undefined) return;
      for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key);
      Object.assign(jsonSchema, facts.json, { description: `${facts.meaning} Takes ${facts.expects}.` });
      if (facts.default !== 'required') jsonSchema['x-default'] = facts.default;
    },
  });
  const { $schema: _, required: __, ...rest } = schema as Readonly<Record<string, unknown>>;
  const agent = { required: ['agent'], properties: { agent: { required: ['socket'] } } };
  return {
    $schema: DIALECT,
    title: 'Configuration of metasteer',
    // What Neutron's files say may be left out. What the environment sets is not known here.
    anyOf: [agent, { required: ['neutron_files'] }],
    ...withoutRequired(rest),
  };
}

/** Every key but `agent.socket` has a default, and that one is asked for above. */
function withoutRequired(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { properties } = schema as { readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
  const relaxed = Object.entries(properties).map(([name, { required: _, ...section }]) => [name, section] as const);
  return { ...schema, properties: Object.fromEntries(relaxed) };
}
