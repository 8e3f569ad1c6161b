bitsd_test(agent_wire_test LABEL unit TIMEOUT 60 SRCS agent_wire_test.cc DEPS bitsd_network)
bitsd_test(agent_identities_test LABEL unit TIMEOUT 120
  SRCS agent_identities_test.cc ../testing/wait.cc DEPS bitsd_network)
bitsd_test(secret_files_test LABEL unit TIMEOUT 60
  SRCS secret_files_test.cc ../testing/temp_folder.cc DEPS bitsd_network)
bitsd_test(credential_agent_test LABEL unit TIMEOUT 120
  SRCS credential_cache_test.cc kerberos_errors_test.cc ../testing/temp_folder.cc DEPS bitsd_credential_agent)
