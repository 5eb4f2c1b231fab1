#!/usr/bin/python3
"""The real metadata agent of the keep-alive generation (contract.md 2.3): neutron 21.0.0's UnixDomainWSGIServer and
MetadataProxyHandler. Stubbed is only what asks other servers: the port look-up answers from an inventory, and nova is
whatever listens at the address given.

Every connection it accepts is told on standard output as one JSON line.

usage: eventlet-agent.py SOCKET INVENTORY NOVA_PORT SECRET

INVENTORY is a file with a JSON list of {"router", "address", "mac", "device_id", "tenant_id"}.
"""

import json
import logging
import sys

from neutron.common import eventlet_utils

eventlet_utils.monkey_patch()

from neutron.agent.linux import utils as agent_utils  # noqa: E402
from neutron.agent.metadata import agent  # noqa: E402
from neutron.common import cache_utils  # noqa: E402
from neutron.common import config  # noqa: E402
from neutron.conf.agent.metadata import config as meta  # noqa: E402
from oslo_config import cfg  # noqa: E402

SOCKET, INVENTORY, NOVA_PORT, SECRET = sys.argv[1:]
BACKLOG = 4096  # metadata_backlog's default


def tell(record):
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


class PortLookUp:
    """In the place of MetadataPluginAPI: what neutron-server answers (contract.md 2.2)."""

    def __init__(self, _topic):
        with open(INVENTORY) as file:
            self.instances = json.load(file)

    def get_ports(self, _context, filters):
        if "device_id" in filters:
            return [{"network_id": router} for router in filters["device_id"]]
        addresses = filters.get("fixed_ips", {}).get("ip_address", ())
        macs = filters.get("mac_address", ())
        return [
            {"device_id": each["device_id"], "tenant_id": each["tenant_id"]}
            for each in self.instances
            if each["router"] in filters["network_id"] and (each["address"] in addresses or each["mac"] in macs)
        ]


class Accepted(logging.Handler):
    def emit(self, record):
        if " accepted " in record.getMessage():
            tell({"accepted": True})


def configure():
    config.register_common_config_options()
    meta.register_meta_conf_opts(meta.SHARED_OPTS)
    meta.register_meta_conf_opts(meta.UNIX_DOMAIN_METADATA_PROXY_OPTS)
    meta.register_meta_conf_opts(meta.METADATA_PROXY_HANDLER_OPTS)
    cache_utils.register_oslo_configs(cfg.CONF)
    cfg.CONF([], project="neutron", default_config_files=[])
    cfg.CONF.set_override("metadata_proxy_socket", SOCKET)
    cfg.CONF.set_override("nova_metadata_host", "127.0.0.1")
    cfg.CONF.set_override("nova_metadata_port", int(NOVA_PORT))
    cfg.CONF.set_override("metadata_proxy_shared_secret", SECRET)


def main():
    configure()
    agent.MetadataPluginAPI = PortLookUp
    server_log = logging.getLogger("eventlet.wsgi.server")
    server_log.setLevel(logging.DEBUG)
    server_log.propagate = False
    server_log.addHandler(Accepted())
    agent_utils.ensure_directory_exists_without_file(SOCKET)
    server = agent_utils.UnixDomainWSGIServer("metadata-agent")
    handler = agent.MetadataProxyHandler(cfg.CONF)
    # In this process: no workers of its own that could outlive it. Mode for a proxy without privileges.
    server.start(handler, SOCKET, workers=0, backlog=BACKLOG, mode=0o666)
    tell({"listening": SOCKET})
    server.wait()


main()
