bitsd_test(client_unit_test LABEL integration TIMEOUT 60 SRCS client_unit_test.cc DEPS bitsctl_cli bitsd_proto_details)
bitsd_test(client_identity_test LABEL integration TIMEOUT 60 SRCS client_identity_test.cc DEPS bitsctl_cli)
bitsd_test(client_call_test LABEL integration TIMEOUT 120 SRCS client_call_test.cc session_keeper_test.cc
  DEPS bitsctl_cli bitsd_proto_details bitsd_testing)
bitsd_test(client_parts_test LABEL integration TIMEOUT 60 SRCS client_parts_test.cc DEPS bits_client)
bitsd_test(client_service_test LABEL integration TIMEOUT 300
  SRCS impersonation_test.cc job_feed_test.cc logon_session_test.cc DEPS bitsd_testing)
