bitsd_test(end_to_end_test LABEL integration TIMEOUT 300
  SRCS bad_input_test.cc identity_race_test.cc two_identities_test.cc DEPS bitsd_testing)
add_dependencies(end_to_end_test bitsd bitsctl)
