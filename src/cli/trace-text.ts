import type { TraceBegin, TraceEnd, TraceLine, TracePacket, TraceStageLine } from '../control/trace-document.ts';

const STAGES: Readonly<Record<TraceStageLine['stage'], string>> = {
  accepted: 'a worker has accepted the connection',
  head: 'the request has been read',
  queued: 'it waits for the agent',
  sent: 'the agent has got it',
  reply: 'the reply went to the client',
  refused: 'it was refused',
  closed: 'the connection is closed',
};

/** A trace for people. Times are since the first event. */
export class TraceText {
  #beganUs: number | undefined;

  of(line: TraceLine): string {
    switch (line.type) {
      case 'begin':
        return beginText(line);
      case 'end':
        return endText(line);
      case 'packet':
        return this.#event(line, 'packet', [line.verdict, line.flags]);
      case 'stage':
        return this.#event(line, 'worker', [line.stage, stageText(line)]);
    }
  }

  #event(event: TracePacket | TraceStageLine, kind: string, [name, text]: readonly [string, string]): string {
    this.#beganUs ??= event.at_us;
    const ms = ((event.at_us - this.#beganUs) / 1000).toFixed(3).padStart(10);
    const who = `${event.client}${event.client_port === 0 ? '' : ` port ${event.client_port}`}`;
    return `${ms} ms  ${kind}  ${name.padEnd(20)}  ${who.padEnd(22)}  ${text}`.trimEnd().concat('\n');
  }
}

function beginText({ request, ports }: TraceBegin): string {
  const whom = [request.client, request.owner === undefined ? undefined : `owner ${request.owner}`];
  const steered = ports.filter(({ state }) => state === 'steering').length;
  const others = ports.length - steered;
  const where = `${steered} ${steered === 1 ? 'port' : 'ports'}${others === 0 ? '' : `, and ${others} that are not steered`}`;
  return `tracing ${whom.filter(Boolean).join(', ')} at ${where} for ${request.seconds} s\n`;
}

function endText({ diagnosis, is_cut: isCut, shield_drops: drops }: TraceEnd): string {
  const lines = [
    ...(isCut ? ['the trace is full: what came later is not in it'] : []),
    ...(drops > 0 ? [`meanwhile the XDP shield dropped ${drops} packets of these ports, of whatever client`] : []),
    `${diagnosis.ok ? 'it reached' : 'it ended at'}: ${diagnosis.hop}. ${diagnosis.why}`,
    ...(diagnosis.ok ? [] : [`  what to do: ${diagnosis.action}`]),
  ];
  return `\n${lines.join('\n')}\n`;
}

function stageText({ stage, method, path, status, reason, queued, bytes }: TraceStageLine): string {
  const details = [
    method === undefined ? undefined : `${method} ${path ?? ''}`,
    status === undefined || status === 0 ? undefined : `status ${status}`,
    reason,
    bytes === undefined ? undefined : `${bytes} bytes`,
    queued === undefined ? undefined : `${queued} before it`,
  ].filter((detail) => detail !== undefined);
  return details.length === 0 ? STAGES[stage] : `${STAGES[stage]}: ${details.join(', ')}`;
}
