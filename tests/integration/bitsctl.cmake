bitsd_test(bitsctl_output_test LABEL integration TIMEOUT 60 SRCS bitsctl_output_test.cc
  DEPS bitsctl_cli bitsd_error)
bitsd_test(bitsctl_table_test LABEL integration TIMEOUT 120 SRCS bitsctl_table_test.cc DEPS bitsctl_cli bitsd_testing)
bitsd_test(bitsctl_settings_test LABEL integration TIMEOUT 60 SRCS bitsctl_settings_test.cc
  DEPS bitsctl_cli bitsd_testing)
# The real bitsctl, also on a terminal, against the real bitsd.
bitsd_test(bitsctl_test LABEL integration TIMEOUT 300
  SRCS bitsctl_test.cc bitsctl_live_test.cc ../testing/terminal.cc DEPS bitsd_testing)
foreach(test bitsctl_table_test bitsctl_test)
  target_compile_definitions(${test} PRIVATE BITSCTL_PROGRAM="$<TARGET_FILE:bitsctl>")
endforeach()
