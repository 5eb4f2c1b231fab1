import type { VerdictName } from '../kernel/layout.gen.ts';

/** What a verdict means, and what to do about it. */
export interface VerdictText {
  readonly meaning: string;
  readonly action: string;
}

/** The words of docs/verdicts.md (a test holds the two equal). */
export const VERDICT_TEXTS: Readonly<Record<VerdictName, VerdictText>> = {
  steer_syn: { meaning: 'Opens a connection to the metadata service.', action: 'Nothing.' },
  steer_syn_moved: {
    meaning: 'Opens a connection from an address that had another MAC before.',
    action: 'Nothing after a port was replaced; if it keeps rising, the log names the address that two instances use.',
  },
  steer_syn_again: {
    meaning: 'Opens a connection that is known already.',
    action: 'Nothing: SYNs are sent again, and ports are used again.',
  },
  steer_syn_untracked: {
    meaning: "Opens a connection that is not counted, because the node's table of connections is full.",
    action: 'Raise `steering.flows_max`.',
  },
  steer_data: { meaning: 'Belongs to a connection to the metadata service.', action: 'Nothing.' },
  steer_handed_over: {
    meaning:
      "From an address of another network of the router: goes to that network's interface, and is counted there again.",
    action: 'Nothing where an instance has two interfaces; else find the instance that forges addresses.',
  },
  pass_other_protocol: { meaning: 'Neither IPv4 nor IPv6, such as ARP.', action: 'Nothing.' },
  pass_other_address: { meaning: 'IP, but not to a metadata address.', action: 'Nothing.' },
  pass_other_mac: {
    meaning: "To a metadata address, but not in a frame to the router's MAC.",
    action: 'Nothing; if instances get no metadata, check that their route to it goes by the router.',
  },
  pass_other_transport: { meaning: 'To a metadata address, but not TCP, such as a ping.', action: 'Nothing.' },
  pass_other_port: { meaning: 'TCP to a metadata address, but not to port 80.', action: 'Nothing.' },
  pass_short_frame: {
    meaning: 'Ends before its IP header does.',
    action: 'Nothing; if it keeps rising, look for a broken driver or a forging instance.',
  },
  pass_vlan: {
    meaning: 'Carries a VLAN tag, so it is for a subinterface.',
    action: "Nothing; if instances get no metadata, check that the switch takes the tag off at the router's port.",
  },
  pass_bad_ip_header: {
    meaning: 'For a metadata address, with a wrong version, header length or packet length.',
    action: 'Find the instance that sends it; no usual system does.',
  },
  pass_ip_options: {
    meaning: 'For a metadata address, with IPv4 options.',
    action: 'Find the instance that sends it; no usual system does.',
  },
  pass_fragment: {
    meaning: 'For a metadata address, in fragments.',
    action: "Check that the instance's MTU is the network's.",
  },
  pass_extension_header: {
    meaning: 'For the IPv6 metadata address, with an extension header before TCP.',
    action: 'Find the instance that sends it; no usual system does.',
  },
  pass_bad_source: {
    meaning: 'For a metadata address, from a source that no instance can have.',
    action: 'Find the instance that forges addresses; check that port security is on.',
  },
  pass_bad_tcp_header: {
    meaning: 'For a metadata address, with a TCP header cut short or of impossible length.',
    action: 'Find the instance that sends it; no usual system does.',
  },
  pass_bad_tcp_flags: {
    meaning: 'For the metadata service, with SYN together with FIN or RST.',
    action: 'Find the instance that scans; no usual system sends it.',
  },
  pass_other_network: {
    meaning: 'Opens a connection from an address that the router would not reply to by this interface.',
    action:
      "Find the instance that forges addresses: the log has its MAC. If it should be served, the router lacks a route, or the interface an address of the instance's subnet.",
  },
  pass_other_neighbour: {
    meaning: 'From an address that the router, or the connection it belongs to, knows by another MAC.',
    action:
      'Find the instance that forges addresses: the log has both MACs. If the address has moved, the router has not noticed: `ip neigh` in its namespace.',
  },
  pass_no_flow: {
    meaning: 'Belongs to no connection, and comes from nobody who is known.',
    action: 'Nothing; if it keeps rising, find the instance that sends it.',
  },
  pass_daemon_stale: {
    meaning: 'For the metadata service, while the daemon or its workers did not answer.',
    action: "Look into the daemon's log; until it answers, a proxy configured beside it serves.",
  },
  pass_daemon_gone: {
    meaning: "For the metadata service, after the daemon's process has ended.",
    action: 'Start it again; until then, a proxy configured beside it serves.',
  },
  pass_draining: {
    meaning: 'Opens a connection to the metadata service while the port takes no more.',
    action: 'Nothing: the daemon is stopping.',
  },
  pass_other_flow: {
    meaning: 'Belongs to a connection that was opened before the port was steered, or while it drains.',
    action: 'Nothing: whoever has the connection serves it to its end.',
  },
  drop_device_mac: {
    meaning: 'Sent to the MAC of the port device, which is never on the wire.',
    action: 'Find the instance that forges frames.',
  },
  drop_port_rate: {
    meaning: 'A SYN over the rate of new connections that a port may have.',
    action:
      'Find the instance that floods, in the access log or by a capture; raise `guard.port_rate` or `guard.port_burst` for a large network.',
  },
  drop_source_rate: {
    meaning: 'A SYN over the rate of new connections that one address may have.',
    action:
      'Find the instance that floods; raise `guard.source_rate` or `guard.source_burst` where one address stands for many.',
  },
  drop_source_open: {
    meaning: 'A SYN of an address that has as many open connections as one may have.',
    action:
      'Find the instance that keeps them open; raise `guard.source_connections` where one address stands for many.',
  },
  drop_port_open: {
    meaning: 'A SYN to a port that has as many open connections as one may have.',
    action: 'Find the instances that keep them open; raise `guard.port_connections` for a large network.',
  },
  drop_neighbour_quota: {
    meaning:
      'From a new address, when the port has as many neighbours as it may have, or half as many that completed no handshake.',
    action:
      'Raise `steering.neighbours_per_port_max` for a large network; else find the instance that forges addresses.',
  },
  drop_neighbour_full: {
    meaning: "From a new address, when the node's table of neighbours is full.",
    action: 'Raise `steering.neighbours_max`, or lower the limit per port.',
  },
  drop_unresolved: {
    meaning:
      "From an address whose MAC the router does not know yet; the router's kernel has been asked to find it out.",
    action: 'Nothing: it is sent again. If it keeps rising, an instance uses an address that nobody answers for.',
  },
  drop_held: {
    meaning: 'For the metadata service, held back until the daemon is started again.',
    action: 'Start it; this is what `steering.on_exit: hold` asks for.',
  },
  drop_rewrite_failed: {
    meaning: "The kernel could not make the frame's header writable.",
    action: 'Check the node for a lack of memory.',
  },
  restore_reply: { meaning: 'From the metadata service to a neighbour.', action: 'Nothing.' },
  restore_short_frame: {
    meaning: 'Ends before its TCP header does.',
    action: 'Report it: the kernel sends no such frame for a worker.',
  },
  restore_not_ip: {
    meaning: 'Neither IPv4 nor IPv6.',
    action: 'Nothing; if it keeps rising, something else sends in the metasteer namespace.',
  },
  restore_not_tcp: { meaning: 'IP, but not TCP.', action: "Nothing: a few multicast reports are the kernel's own." },
  restore_not_reply: {
    meaning: 'TCP, but not from the metadata service, or a new connection.',
    action: 'Look for a process other than the workers in the metasteer namespace.',
  },
  restore_no_neighbour: {
    meaning: 'From the metadata service to an address that never sent anything.',
    action: 'Nothing after a neighbour was forgotten or a port replaced; otherwise report it.',
  },
  restore_rewrite_failed: {
    meaning: "The kernel could not make the frame's header writable.",
    action: 'Check the node for a lack of memory.',
  },
  restore_no_port: {
    meaning:
      "Sent by a device of the metasteer namespace that is no port's. Counted for no port: `no_port` in the status.",
    action: 'Nothing while ports come and go; otherwise look for a device that somebody else made there.',
  },
  guard_passed: {
    meaning: 'Not a SYN that is over a limit. Counted once more under the verdict it ends with.',
    action: 'Nothing.',
  },
  guard_port_rate: { meaning: 'As `drop_port_rate`, but dropped by the shield.', action: 'As for `drop_port_rate`.' },
  guard_source_rate: {
    meaning: 'As `drop_source_rate`, but dropped by the shield.',
    action: 'As for `drop_source_rate`.',
  },
  guard_source_open: {
    meaning: 'As `drop_source_open`, but dropped by the shield.',
    action: 'As for `drop_source_open`.',
  },
  guard_port_open: { meaning: 'As `drop_port_open`, but dropped by the shield.', action: 'As for `drop_port_open`.' },
  guard_neighbour_quota: {
    meaning: 'As `drop_neighbour_quota`, but dropped by the shield.',
    action: 'As for `drop_neighbour_quota`.',
  },
};
