# The transfer service by itself, over real files and a server that misbehaves.
bitsd_library(bitsd_transfer_testing
  SRCS transfer_fixture.cc ../testing/direct_file_broker.cc ../testing/frozen_disk.cc ../testing/misbehaving_server.cc ../testing/process.cc
       ../testing/temp_folder.cc ../testing/wait.cc
  DEPS bitsd_transfer nlohmann_json::nlohmann_json GTest::gtest)
target_compile_definitions(bitsd_transfer_testing
  PRIVATE MISBEHAVING_SERVER_PROGRAM="${PROJECT_SOURCE_DIR}/tests/testing/misbehaving_server.py")
bitsd_test(http_download_test LABEL integration TIMEOUT 300 SRCS http_download_test.cc DEPS bitsd_transfer_testing)
bitsd_test(transfer_durability_test LABEL integration TIMEOUT 300 SRCS transfer_durability_test.cc DEPS bitsd_transfer_testing)
foreach(name cookies_test hostile_answers_test hostile_sources_test hung_download_test changing_names_test planned_files_test silent_name_server_test)
  bitsd_test(${name} LABEL integration TIMEOUT 300 SRCS ${name}.cc DEPS bitsd_transfer_testing)
endforeach()
