# Downloads from and through real servers that ask who one is: Apache, squid, a KDC.
bitsd_library(bitsd_network_testing
  SRCS network_fixture.cc servers/apache.cc servers/asking_server.cc servers/real_identity.cc servers/kdc.cc servers/squid.cc
       servers/tls_files.cc ../testing/web_server.cc
  DEPS bitsd_transfer_testing PkgConfig::krb5 absl::strings)
target_compile_definitions(bitsd_network_testing
  PRIVATE ASKING_SERVER_PROGRAM="${PROJECT_SOURCE_DIR}/tests/testing/asking_server.py")
foreach(name network_auth_test network_context_test network_proxy_test network_tls_test)
  bitsd_test(${name} LABEL integration TIMEOUT 300 SRCS ${name}.cc DEPS bitsd_network_testing)
endforeach()
bitsd_test(client_certificate_test LABEL integration TIMEOUT 300
  SRCS client_certificate_test.cc ../testing/broker_process.cc DEPS bitsd_network_testing)
# The same through the real bitsd.
bitsd_test(shown_identity_test LABEL integration TIMEOUT 300
  SRCS shown_identity_test.cc shown_identity_fixture.cc credential_caches.cc
  DEPS bitsd_network_testing bitsd_testing)
add_dependencies(shown_identity_test bitsd)
target_compile_definitions(shown_identity_test PRIVATE BITSD_PROGRAM="$<TARGET_FILE:bitsd>")
