bitsd_test(store_test LABEL unit TIMEOUT 120
  SRCS commit_queue_test.cc store_bounds_test.cc store_test.cc store_damage_test.cc store_fault_test.cc store_folder_test.cc store_secret_test.cc ../testing/temp_folder.cc
  DEPS bitsd_store)
