bitsd_test(broker_wire_test LABEL unit TIMEOUT 60 SRCS broker_wire_test.cc DEPS bitsd_broker)
bitsd_test(broker_safe_path_test LABEL unit TIMEOUT 60 SRCS broker_safe_path_test.cc DEPS bitsd_broker)
bitsd_test(broker_files_test LABEL unit TIMEOUT 60 SRCS broker_files_test.cc broker_modeless_test.cc broker_rights_test.cc DEPS bitsd_broker)
bitsd_test(broker_identity_test LABEL unit TIMEOUT 60 SRCS broker_identity_test.cc DEPS bitsd_broker)
bitsd_test(broker_process_test LABEL unit TIMEOUT 180
  SRCS broker_process_test.cc broker_hostile_test.cc broker_failure_test.cc broker_lying_worker_test.cc
       broker_reload_test.cc broker_fixture.cc ../testing/broker_process.cc DEPS bitsd_broker)
bitsd_test(broker_supervisor_test LABEL unit TIMEOUT 180
  SRCS broker_supervisor_test.cc broker_fixture.cc ../testing/broker_process.cc DEPS bitsd_broker)
