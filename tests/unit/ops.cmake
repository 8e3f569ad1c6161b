bitsd_test(config_test LABEL unit TIMEOUT 60
  SRCS config_test.cc ../testing/temp_folder.cc DEPS bitsd_ops)
bitsd_test(audit_test LABEL unit TIMEOUT 60
  SRCS audit_test.cc ../testing/temp_folder.cc ../testing/wait.cc DEPS bitsd_ops Threads::Threads)
bitsd_test(timer_test LABEL unit TIMEOUT 60 SRCS timer_test.cc DEPS bitsd_ops)
bitsd_test(wiped_memory_test LABEL unit TIMEOUT 60
  SRCS wiped_memory_test.cc ${PROJECT_SOURCE_DIR}/server/base/wiped_memory.cc)
bitsd_test(private_file_test LABEL unit TIMEOUT 60
  SRCS private_file_test.cc ../testing/temp_folder.cc DEPS bitsd_ops)
bitsd_test(reload_parts_test LABEL unit TIMEOUT 60
  SRCS reload_parts_test.cc ../testing/temp_folder.cc ../testing/wait.cc DEPS bitsd_ops)
