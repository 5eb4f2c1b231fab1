/** Where metrics are served: the same two keys for the daemon and the agent. */
import { socketPath } from './paths.ts';
import { optionalAddress, optionalText } from './values.ts';

/** @param example an address with a port that nobody else is expected on */
export function metricsKeys(example: string) {
  return {
    socket: optionalText({
      ...socketPath,
      default: 'none',
      meaning: 'UNIX socket on which metrics are served to Prometheus, as `GET /metrics`.',
    }),
    listen: optionalAddress({ meaning: `The same on an address of the node, such as ${example}.` }),
  };
}

interface Places {
  readonly socket?: string;
  readonly listen?: { readonly host: string; readonly port: number };
}

/** The values of both, without keys for what is not set. */
export function metricsPlaces({
  socket,
  listen,
}: {
  readonly [Key in keyof Places]?: Places[Key] | undefined;
}): Places {
  return { ...(socket === undefined ? {} : { socket }), ...(listen === undefined ? {} : { listen }) };
}
