# Credential agents, with a real KDC.
bitsd_library(bitsd_test_kdc SRCS servers/gss_acceptor.cc servers/kdc.cc
  DEPS bitsd_testing absl::strings PkgConfig::krb5)
bitsd_library(bitsd_test_agents SRCS agents_fixture.cc credential_caches.cc ../testing/broker_process.cc
  DEPS bitsd_test_kdc bitsd_credential_agent)
bitsd_test(agents_test LABEL integration TIMEOUT 300
  SRCS agents_test.cc delegated_agents_test.cc network_directory_test.cc DEPS bitsd_test_agents)
bitsd_test(agents_memory_test LABEL integration TIMEOUT 120
  SRCS agents_memory_test.cc ${PROJECT_SOURCE_DIR}/server/app/early_binding.cc
       ${PROJECT_SOURCE_DIR}/server/base/wiped_memory.cc DEPS bitsd_test_agents)
