#!/usr/bin/python3
"""The same as two_identities.cc, with generated stubs and no library of bitsd's.

Debian: apt-get install python3-grpcio python3-protobuf protobuf-compiler protobuf-compiler-grpc
Stubs, once, where this program finds them (on sys.path; PYTHONPATH=STUBS):

    protoc -I /usr/share/bitsd/proto --python_out=STUBS --grpc_out=STUBS \
        --plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin /usr/share/bitsd/proto/bits/v1/*.proto

usage: two_identities.py ENDPOINT ROOTS OWNER HELPER HELPER_SID URL FILE
  OWNER and HELPER stand for the PEM files OWNER.crt, OWNER.key, HELPER.crt, HELPER.key.
"""

import os
import sys
import uuid

import grpc

from bits.v1 import job_pb2, job_pb2_grpc, manager_pb2, manager_pb2_grpc
from bits.v1 import token_options_pb2, token_options_pb2_grpc

TOKEN_OPTIONS = "9a2584c3-f7d2-457a-9a5e-22b67bffc7d2"  # IBitsTokenOptions
LOCAL_FILE = 1
DEADLINE = 30  # Seconds; a call without one may wait for ever.


def channel(endpoint, roots, name):
    """A channel shows one identity: another identity needs another channel."""

    def read(path):
        with open(path, "rb") as file:
            return file.read()

    credentials = grpc.ssl_channel_credentials(read(roots), read(name + ".key"), read(name + ".crt"))
    return grpc.secure_channel(endpoint, credentials, options=[("grpc.use_local_subchannel_pool", 1)])


def wait_for_transfer(manager, job_id):
    """Returns when the job is transferred. A restart of bitsd ends the stream: watch anew then."""
    for event in manager.WatchJobs(manager_pb2.WatchJobsRequest(job_ids=[job_id])):
        if event.job.state == job_pb2.JOB_STATE_TRANSFERRED:
            return
        if event.job.state == job_pb2.JOB_STATE_ERROR:
            sys.exit(f"the transfer: {event.job.error.message}")


def transfer(owner, helper, helper_sid, url, path):
    manager = manager_pb2_grpc.BackgroundCopyManagerStub(owner)
    jobs = job_pb2_grpc.BackgroundCopyJobStub(owner)
    owners_token = token_options_pb2_grpc.BitsTokenOptionsStub(owner)
    helpers_token = token_options_pb2_grpc.BitsTokenOptionsStub(helper)

    # With a request_id, a call that changes something may be sent again.
    request = manager_pb2.CreateJobRequest(display_name="two identities", request_id=str(uuid.uuid4()))
    job_id = manager.CreateJob(request, timeout=DEADLINE).job.id

    # As the owner: the access check is made here, once. Only the helper may use this handle, too.
    handle = jobs.QueryInterface(
        job_pb2.QueryInterfaceRequest(job_id=job_id, interface_id=TOKEN_OPTIONS, helper_sid=helper_sid),
        timeout=DEADLINE).handle
    owners_token.SetHelperTokenFlags(
        token_options_pb2.SetHelperTokenFlagsRequest(handle=handle, usage_flags=LOCAL_FILE), timeout=DEADLINE)
    # As the helper: its certificate says who lends, the scope for what.
    scope = token_options_pb2.TokenScope(local_roots=[os.path.dirname(path)], usage_flags=LOCAL_FILE)
    helpers_token.SetHelperToken(
        token_options_pb2.SetHelperTokenRequest(handle=handle, scope=scope), timeout=DEADLINE)

    # As the owner again.
    file = job_pb2.FileInfo(remote_name=url, local_name=path)
    jobs.AddFileSet(
        job_pb2.AddFileSetRequest(job_id=job_id, files=[file], request_id=str(uuid.uuid4())), timeout=DEADLINE)
    jobs.Resume(job_pb2.ResumeRequest(job_id=job_id), timeout=DEADLINE)
    wait_for_transfer(manager, job_id)
    jobs.Complete(job_pb2.CompleteRequest(job_id=job_id), timeout=DEADLINE)
    print(f"{path} is here, written as {helper_sid}")


def main():
    if len(sys.argv) != 8:
        sys.exit(__doc__)
    endpoint, roots, owner, helper, helper_sid, url, path = sys.argv[1:]
    try:
        with channel(endpoint, roots, owner) as as_owner, channel(endpoint, roots, helper) as as_helper:
            transfer(as_owner, as_helper, helper_sid, url, path)
    except grpc.RpcError as error:
        sys.exit(f"{error.code().name}: {error.details()}")


main()
