bitsd_test(end_to_end_test LABEL integration TIMEOUT 300
  SRCS audit_log_test.cc bad_input_test.cc front_door_test.cc identity_race_test.cc two_identities_test.cc withdrawal_test.cc
  DEPS bitsd_testing)
target_compile_definitions(end_to_end_test PRIVATE BITSD_PROGRAM="$<TARGET_FILE:bitsd>")
bitsd_test(frozen_disk_test LABEL integration TIMEOUT 180 SRCS frozen_disk_test.cc DEPS bitsd_testing)
add_dependencies(end_to_end_test bitsd bitsctl)
# It installs, and builds outside programs against what it installed.
bitsd_test(install_test LABEL integration TIMEOUT 300 SRCS install_test.cc DEPS bitsd_testing)
add_dependencies(install_test bits_client_shared)
target_compile_definitions(install_test PRIVATE
  CMAKE_PROGRAM="${CMAKE_COMMAND}" BITSD_BUILD_DIR="${PROJECT_BINARY_DIR}"
  BITSD_SOURCE_DIR="${PROJECT_SOURCE_DIR}" CONFIGURED_PREFIX="${CMAKE_INSTALL_PREFIX}")
bitsd_test(scheduling_test LABEL integration TIMEOUT 300
  SRCS scheduling_test.cc ../testing/misbehaving_server.cc DEPS bitsd_testing)
target_compile_definitions(scheduling_test
  PRIVATE MISBEHAVING_SERVER_PROGRAM="${PROJECT_SOURCE_DIR}/tests/testing/misbehaving_server.py")
add_dependencies(scheduling_test bitsd bitsctl)
bitsd_test(reload_test LABEL integration TIMEOUT 300 SRCS reload_test.cc DEPS bitsd_testing)
add_dependencies(reload_test bitsd bitsctl)
# The durable store: restarts, kills, SIGTERM under load, a full disk.
bitsd_test(restart_test LABEL integration TIMEOUT 300
  SRCS full_disk_test.cc restart_test.cc DEPS bitsd_testing SQLite::SQLite3)
add_dependencies(restart_test bitsd bitsctl)
target_compile_definitions(restart_test PRIVATE BITSD_PROGRAM="$<TARGET_FILE:bitsd>")
bitsd_test(kill_rounds_test LABEL integration TIMEOUT 300
  SRCS kill_journal.cc kill_rounds_test.cc DEPS bitsd_testing)
add_dependencies(kill_rounds_test bitsd)
# It speaks to the service without the client library, too.
bitsd_test(sessions_test LABEL integration TIMEOUT 300 SRCS session_test.cc DEPS bitsd_testing bitsd_proto)
add_dependencies(sessions_test bitsd bitsctl)
bitsd_test(network_settings_test LABEL integration TIMEOUT 300 SRCS network_settings_test.cc DEPS bitsd_testing)
add_dependencies(network_settings_test bitsd bitsctl)
