bitsd_test(client_unit_test LABEL integration TIMEOUT 60 SRCS client_unit_test.cc DEPS bitsctl_cli bitsd_proto_details)
bitsd_test(client_identity_test LABEL integration TIMEOUT 60 SRCS client_identity_test.cc DEPS bitsctl_cli)
bitsd_test(client_call_test LABEL integration TIMEOUT 60 SRCS client_call_test.cc DEPS bitsctl_cli bitsd_proto_details)
