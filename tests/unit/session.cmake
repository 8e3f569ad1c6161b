bitsd_test(session_test LABEL unit TIMEOUT 120
  SRCS session_clock_test.cc session_restore_test.cc session_table_test.cc ../testing/wait.cc
  DEPS bitsd_session bitsd_store Threads::Threads)
