"""Our own descriptor pool: tritonclient registers the Open Inference Protocol's names in the process's default one."""

from google.protobuf import timestamp_pb2
from google.protobuf.descriptor_pool import DescriptorPool

POOL = DescriptorPool()
"""Every message of ``serving.proto``, and what they import."""

POOL.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
