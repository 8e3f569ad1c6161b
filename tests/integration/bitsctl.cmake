foreach(name bitsctl_output_test bitsctl_errors_test bitsctl_scope_test bitsctl_table_test)
  bitsd_test(${name} LABEL integration TIMEOUT 60 SRCS ${name}.cc DEPS bitsctl_cli bitsd_error bitsd_policy)
endforeach()
foreach(name bitsctl_docs_test bitsctl_session_file_test bitsctl_settings_test)
  bitsd_test(${name} LABEL integration TIMEOUT 120 SRCS ${name}.cc DEPS bitsctl_cli bitsd_testing)
endforeach()
# The real bitsctl, also on a terminal, against the real bitsd.
bitsd_test(bitsctl_test LABEL integration TIMEOUT 300
  SRCS bitsctl_test.cc bitsctl_live_test.cc bitsctl_network_test.cc bitsctl_session_test.cc ../testing/terminal.cc DEPS bitsctl_cli bitsd_testing)
foreach(name bitsctl_docs_test bitsctl_test)
  target_compile_definitions(${name} PRIVATE BITSCTL_PROGRAM="$<TARGET_FILE:bitsctl>")
endforeach()
