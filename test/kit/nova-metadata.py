"""Answers requests with nova's own metadata code; only what lies beneath it (database, Neutron, configuration) is stubbed.

  nova-metadata.py PACKAGES < {"secret", "instances", "requests"}

PACKAGES is the folder that nova is unpacked in. Prints one JSON list: status, content type and body (Base64) of each answer.
A request that makes nova throw is a 500 without a body: which page is shown then is the WSGI server's choice.
"""
import base64
import importlib
import json
import sys
import types

import webob

PACKAGES = sys.argv[1]
given = json.load(sys.stdin)
instances = {instance["uuid"]: instance for instance in given["instances"]}


class Fields(dict):
    """An object whose fields are those given; a field is "in" it when it was given."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def stub(name, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    module.__path__ = []
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)
    return module


class NotFound(Exception):
    pass


class Cache:
    def get(self, key):
        return None


def fields(value):
    if isinstance(value, dict):
        return Fields({key: fields(item) for key, item in value.items()})
    return [fields(item) for item in value] if isinstance(value, list) else value


class PciBus(Fields):
    pass


class Nic(Fields):
    pass


class Disk(Fields):
    pass


def device(known):
    shown = {key: value for key, value in known.items() if key not in ("type", "bus", "address")}
    kind = Nic if known["type"] == "nic" else Disk
    return kind(shown, bus=PciBus(address=known["address"]))


def instance_of(known):
    instance = fields(known)
    current.update(known)
    instance["system_metadata"] = passwords.setdefault(known["uuid"], {})
    instance["save"] = lambda: None
    instance["get_flavor"] = lambda: Fields(name=known["instance_type"])
    instance["device_metadata"] = Fields(devices=[device(item) for item in known["devices"]])
    instance["numa_topology"] = Fields(cells=[Fields(pcpuset=set(known["dedicated_cpus"]))])
    instance["obj_to_primitive"] = lambda: instance
    return instance


passwords = {}
current = {}


class Instance:
    @staticmethod
    def get_by_uuid(context, uuid, expected_attrs=None):
        if uuid not in instances:
            raise NotFound()
        return instance_of(instances[uuid])

    @staticmethod
    def obj_from_primitive(instance):
        return instance


CONF = Fields(
    debug=False,
    api=Fields(
        metadata_cache_expiration=0,
        local_metadata_per_cell=True,
        dhcp_domain="",
        vendordata_providers=["StaticJSON", "DynamicJSON"],
        use_forwarded_for=False,
    ),
    neutron=Fields(service_metadata_proxy=True, metadata_proxy_shared_secret=given["secret"]),
)


class Neutron:
    @staticmethod
    def list_subnets(context, **wanted):
        return {"subnets": []}


class Vendordata:
    def __init__(self, value):
        self.value = value

    def get(self):
        return dict(self.value)


def network_metadata(info):
    return info["network_data"]


def ec2_ip_info(info):
    return {"fixed_ips": info["fixed_ips"], "floating_ips": info["floating_ips"]}


stub("nova")
stub("nova.api")
metadata = stub("nova.api.metadata")
stub("nova.i18n", _=lambda text: text)
stub("nova.conf", CONF=CONF)
stub("nova.exception", NotFound=NotFound, InstanceMappingNotFound=NotFound, InstanceNotFound=NotFound)
stub("nova.context", get_admin_context=lambda: None)
stub("nova.cache_utils", get_client=lambda expiration_time: Cache())
stub("nova.block_device", instance_block_mapping=lambda instance, bdms: instance["block_device_mapping"])
stub("nova.network")
stub("nova.network.neutron", get_client=lambda context, admin: Neutron)
stub("nova.network.security_group_api", get_instance_security_groups=lambda context, instance: instance.security_groups)
stub("nova.objects", Instance=Instance, virt_device_metadata=None)
stub(
    "nova.objects.virt_device_metadata",
    PCIDeviceBus=PciBus,
    USBDeviceBus=(),
    SCSIDeviceBus=(),
    IDEDeviceBus=(),
    XenDeviceBus=(),
    NetworkInterfaceMetadata=Nic,
    DiskMetadata=Disk,
)
stub("nova.utils", instance_meta=lambda i: i.metadata, instance_sys_meta=lambda i: i.system_metadata)
stub("nova.virt")
stub(
    "nova.virt.netutils",
    get_network_metadata=network_metadata,
    get_ec2_ip_info=ec2_ip_info,
    get_injected_network_template=lambda info: info["network_config"],
)
# Nova has one for all instances; here it is that of the instance last read.
stub("nova.api.metadata.vendordata_json", JsonFileVendorData=lambda: Vendordata(current["vendor_data"]))
stub("nova.api.metadata.vendordata_dynamic", DynamicVendorData=lambda instance: Vendordata(instance.vendor_data2))

metadata.__path__ = [f"{PACKAGES}/nova/api/metadata"]
sys.modules["nova.api"].__path__ = [f"{PACKAGES}/nova/api"]
# The paste loader behind nova.api.wsgi needs packages that nothing here needs.
stub("nova.api.wsgi", Application=object, Request=webob.Request)
handler = importlib.import_module("nova.api.metadata.handler")
base = importlib.import_module("nova.api.metadata.base")

# Files are given to nova by its drivers alone, for config drives: here they come from the instance.
plain = base.InstanceMetadata
base.InstanceMetadata = lambda instance, address: plain(
    instance, address, content=[(path, base64.b64decode(body)) for path, body in instance.files], extra_md=instance.extra_md
)
base._format_instance_mapping = lambda instance: instance.block_device_mapping

application = handler.MetadataRequestHandler()


def answer(asked):
    body = base64.b64decode(asked.get("body", ""))
    request = webob.Request.blank(asked["path"], method=asked["method"], headers=asked["headers"], body=body)
    try:
        response = request.get_response(application)
    except Exception as error:
        return {"status": 500, "thrown": repr(error)}
    return {
        "status": response.status_int,
        "type": response.headers.get("Content-Type"),
        "body": base64.b64encode(response.body).decode(),
    }


json.dump([answer(asked) for asked in given["requests"]], sys.stdout)
