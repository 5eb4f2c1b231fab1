/** Names the hop where what was traced ended. Pure: a trace in, a sentence out. */
import { ENDINGS, type Reason } from '../proxy/refuse.ts';
import type { Diagnosis, Hop, TracedPort, TracePacket, TraceRequest, TraceStageLine } from './trace-document.ts';
import { VERDICT_TEXTS, type VerdictText } from './verdict-texts.ts';

/** Everything that a trace has seen. */
export interface TraceEvidence {
  readonly request: TraceRequest;
  readonly ports: readonly TracedPort[];
  /** By time. */
  readonly lines: readonly (TracePacket | TraceStageLine)[];
  readonly shieldDrops: number;
  /** Why the agent's socket cannot be used, as far as is known. */
  readonly agentProblem: string | undefined;
}

/** One connection of a client. */
interface Flow {
  readonly client: string;
  readonly verdicts: readonly string[];
  readonly stages: readonly TraceStageLine[];
}

const TEXTS: Readonly<Partial<Record<string, VerdictText>>> = VERDICT_TEXTS;

/** Where refusals belong that are not for what the client sent. */
const HOP_OF_REASON: Readonly<Partial<Record<Reason, readonly [Hop, string]>>> = {
  'connections-exhausted': [
    'limits',
    'Find who holds the connections (`metasteer top`), or raise `limits.connections`.',
  ],
  evicted: ['limits', 'Find who holds the connections (`metasteer top`), or raise `limits.connections`.'],
  'rate-limited': ['limits', 'Raise the limits in `metadata_rate_limiting`, or have the client ask less often.'],
  'queue-full': ['queue', 'Raise `agent.concurrency`, or find out why the agent is slow.'],
  'queue-timeout': ['queue', 'Raise `agent.concurrency`, or find out why the agent is slow.'],
  'agent-absent': ['agent socket', 'Start the metadata agent, or set `agent.socket` to its `metadata_proxy_socket`.'],
  'agent-closed': ['agent', 'Read the agent’s log: it gave up on the request.'],
  'agent-reply-malformed': ['agent', 'Read the agent’s log: what it sent is no reply.'],
  'agent-timeout': ['agent', 'Read the agent’s log, and see whether it reaches Neutron and nova.'],
  'reply-cut': ['agent', 'Read the agent’s log: its reply ended too early.'],
  'client-left': ['instance', 'Nothing, unless it left because it had waited for long: then see what it waited for.'],
  'client-stalled': ['instance', 'Look at the instance: it does not read.'],
};
const NOT_HTTP = 'Look at what the client sends; docs/http.md lists what is refused.';

/** @returns the last connection that went wrong, else that all went well, else why nothing was seen */
export function diagnose(evidence: TraceEvidence): Diagnosis {
  const flows = flowsOf(evidence.lines);
  if (flows.length === 0) return nothingSeen(evidence);
  const judged = flows.map((flow) => judge(flow, evidence));
  const bad = judged.filter(({ ok }) => !ok).at(-1);
  if (bad !== undefined) return bad;
  const requests = flows.reduce(
    (total, { stages }) => total + stages.filter(({ stage }) => stage === 'reply').length,
    0,
  );
  return {
    ok: true,
    hop: 'instance',
    why: `${requests} ${requests === 1 ? 'request was' : 'requests were'} answered, and nothing went wrong.`,
    action: 'Nothing.',
  };
}

function flowsOf(lines: TraceEvidence['lines']): readonly Flow[] {
  const flows = new Map<string, { client: string; verdicts: string[]; stages: TraceStageLine[] }>();
  for (const line of lines) {
    const key = `${line.port} ${line.client} ${line.client_port}`;
    const flow = flows.get(key) ?? { client: line.client, verdicts: [], stages: [] };
    flows.set(key, flow);
    if (line.type === 'packet') flow.verdicts.push(line.verdict);
    else flow.stages.push(line);
  }
  return [...flows.values()];
}

function nothingSeen({ request, ports, shieldDrops }: TraceEvidence): Diagnosis {
  if (shieldDrops > 0)
    return bad(
      'limits',
      `The XDP shield dropped ${shieldDrops} packets.`,
      'Find the instance that floods (`metasteer top`).',
    );
  const steered = ports.filter(({ state }) => state === 'steering');
  if (steered.length === 0) {
    const [failed] = ports;
    if (failed !== undefined)
      return bad(
        'interface',
        `${failed.interface} is not steered: it is ${failed.state}${failed.reason === null ? '' : `, ${failed.reason}`}.`,
        'See `metasteer status`.',
      );
    const whose = request.owner === undefined ? '' : ` of ${request.owner}`;
    return bad(
      'interface',
      `No interface${whose} is steered.`,
      'See that the router or network is on this node, its interface up with an address, and not left out by `discovery`.',
    );
  }
  const where =
    steered.length === 1
      ? `${steered[0]?.interface} in ${steered[0]?.namespace}`
      : `any of ${steered.length} interfaces`;
  const from = request.client === undefined ? '' : ` from ${request.client}`;
  return bad(
    'interface',
    `No packet for the metadata service${from} arrived at ${where}.`,
    'See that the instance asks (curl http://169.254.169.254/), and that its route to that address goes by this router.',
  );
}

function judge(flow: Flow, evidence: TraceEvidence): Diagnosis {
  const last = flow.stages.filter(({ stage }) => stage !== 'closed').at(-1);
  if (last === undefined) return judgePackets(flow);
  switch (last.stage) {
    case 'accepted':
      return flow.stages.some(({ stage }) => stage === 'closed')
        ? bad('head', 'The client closed its connection without a request.', 'Look at the client; a probe does so too.')
        : bad(
            'head',
            'The connection is open, and no whole request has come.',
            'Look at what the client sends, and when.',
          );
    case 'head':
    case 'queued':
      return evidence.agentProblem === undefined
        ? bad(
            'queue',
            `The request waits for the agent, with ${last.queued ?? 0} before it.`,
            'See whether the agent is busy, or raise `agent.concurrency`.',
          )
        : bad(
            'agent socket',
            `The request waits: ${evidence.agentProblem}.`,
            'Start the metadata agent, or set `agent.socket` to its `metadata_proxy_socket`.',
          );
    case 'sent':
      return bad(
        'agent',
        'The agent has got the request and has not replied.',
        'Read the agent’s log, and see whether it reaches Neutron and nova.',
      );
    case 'refused':
      return judgeRefusal(last);
    default:
      return judgeReply(last, flow);
  }
}

/** No worker has seen the connection. */
function judgePackets({ verdicts }: Flow): Diagnosis {
  const stopped = verdicts.filter((verdict) => /^(?:drop|pass|restore_(?!reply))/.test(verdict)).at(-1);
  if (stopped !== undefined) return byVerdict(stopped);
  if (verdicts.includes('restore_reply') && !verdicts.includes('steer_data'))
    return bad(
      'restore',
      'The reply to its SYN was sent back, and the client did not go on.',
      'See whether the reply reaches the instance: security groups, port security, the switch.',
    );
  if (verdicts.includes('steer_data')) {
    const old = 'A connection that was open before the trace began; its requests were not followed.';
    return { ok: true, hop: 'worker', why: old, action: 'Trace again, with a new connection.' };
  }
  return bad(
    'port device',
    'Its SYN was steered to the port device, and nobody answered it there.',
    'See whether workers run (`metasteer status`); the daemon’s log tells why one ended.',
  );
}

function byVerdict(verdict: string): Diagnosis {
  const hop: Hop = verdict.startsWith('pass_') ? 'match' : verdict.startsWith('drop_') ? 'limits' : 'restore';
  const { meaning = verdict, action = 'See docs/verdicts.md.' } = TEXTS[verdict] ?? {};
  const fate = hop === 'match' ? 'passed by' : 'dropped';
  return bad(hop, `The packet was ${fate} (${verdict}): ${meaning}`, action);
}

function judgeRefusal({ reason = '', status = 0 }: TraceStageLine): Diagnosis {
  const [hop, action] = HOP_OF_REASON[reason as Reason] ?? ['head', NOT_HTTP];
  const { sentence } = (ENDINGS as Readonly<Partial<Record<string, { readonly sentence: string }>>>)[reason] ?? {
    sentence: reason,
  };
  const answer = status === 0 ? 'without an answer' : `with ${status}`;
  return bad(hop, `The request ended ${answer} (${reason}): ${sentence}`, action);
}

function judgeReply({ status = 0 }: TraceStageLine, flow: Flow): Diagnosis {
  const stopped = flow.verdicts.filter((verdict) => /^restore_(?!reply)/.test(verdict)).at(-1);
  if (stopped !== undefined) return byVerdict(stopped);
  // Statuses of the agent's own answers: contract.md 2.5.
  if (status === 404)
    return bad(
      'instance look-up',
      `The agent replied with 404: it knows no instance with address ${flow.client} there, or has nothing by that path.`,
      'See whether Neutron has a port with this address on a network of the router; the agent’s log says what it looked for.',
    );
  if (status >= 400)
    return bad(
      'agent',
      `The agent, or nova behind it, replied with ${status}.`,
      'Read the logs of the agent and of nova.',
    );
  return { ok: true, hop: 'instance', why: `It was answered with ${status}.`, action: 'Nothing.' };
}

function bad(hop: Hop, why: string, action: string): Diagnosis {
  return { ok: false, hop, why, action };
}
