bitsd_test(job_test LABEL unit TIMEOUT 120
  SRCS job_accounts_test.cc job_beside_test.cc job_clock_test.cc job_completion_test.cc job_credentials_test.cc job_kept_test.cc job_network_test.cc job_lifecycle_test.cc job_limits_test.cc job_logon_test.cc
       job_order_test.cc job_outcome_test.cc job_refused_commit_test.cc job_restore_test.cc job_schedule_test.cc job_scope_test.cc
       job_shown_test.cc job_token_test.cc job_watch_test.cc
  DEPS bitsd_job bitsd_store)
bitsd_test(scheduler_test LABEL unit TIMEOUT 300
  SRCS scheduler_test.cc scheduler_property_test.cc DEPS bitsd_job)
bitsd_test(shared_blocks_test LABEL unit TIMEOUT 60 SRCS shared_blocks_test.cc DEPS bitsd_job)
